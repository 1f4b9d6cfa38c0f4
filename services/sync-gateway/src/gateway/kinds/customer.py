"""The customer: a company or a person, with its legal entities over time."""

from collections.abc import Iterator, Mapping

from gateway.kinds.normalise import amounts, legal, life, lowered, phone, presence, prose
from gateway.kinds.spec import GroupSpec, KindSpec
from gateway.policy import Json, manual, member, newest, prefer, strict, update_wins
from gateway.rules import Violation


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


CUSTOMER = KindSpec(
    name="customer",
    groups=(
        GroupSpec("name", newest),
        GroupSpec("legal:*", newest, legal),
        GroupSpec("email", newest, lowered),
        GroupSpec("phone", newest, phone),
        GroupSpec("website", newest),
        GroupSpec("billing_address", newest),
        GroupSpec("shipping_address", newest),
        GroupSpec("language", newest, lowered),
        GroupSpec("currency", newest),
        GroupSpec("owner", prefer("crm")),
        GroupSpec("segment", prefer("crm")),
        GroupSpec("source", prefer("crm")),
        GroupSpec("tag:*", member, presence),
        GroupSpec("notes", manual, prose),
        GroupSpec("payment_terms", strict("erp"), amounts("discount_percent")),
        GroupSpec("credit", strict("erp"), amounts("limit")),
        GroupSpec("custom:*", newest),
        GroupSpec("life", update_wins, life),
    ),
    invariants=(valid_period, discount_within_terms),
)
