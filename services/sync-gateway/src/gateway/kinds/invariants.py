"""Rules over several groups of a record; a merge that violates one parks the group."""

from collections.abc import Iterator, Mapping

from gateway.merge.policy import Json
from gateway.merge.rules import Invariant, Violation


def valid_period(values: Mapping[str, Json]) -> Iterator[Violation]:
    """A legal entity is valid from a day before or on the day it is valid to."""
    for group, value in values.items():
        if group.startswith("legal:") and isinstance(value, Mapping):
            start, end = value.get("valid_from"), value.get("valid_to")
            if start and end and str(start) > str(end):
                yield Violation(group, "valid_period", f"valid_from {start} is after valid_to {end}")


def discount_within_terms(values: Mapping[str, Json]) -> Iterator[Violation]:
    """The days for a discount end before or with the days for the payment."""
    terms = values.get("payment_terms")
    if isinstance(terms, Mapping):
        days, discount_days = terms.get("days"), terms.get("discount_days")
        if isinstance(days, int) and isinstance(discount_days, int) and discount_days > days:
            text = f"discount_days {discount_days} is more than days {days}"
            yield Violation("payment_terms", "discount_within_terms", text)


INVARIANTS: Mapping[str, tuple[Invariant, ...]] = {"customer": (valid_period, discount_within_terms)}
"""Kind -> its rules."""
