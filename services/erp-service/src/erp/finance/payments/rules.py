"""Pure rules: which invoices a text names, and which part of a payment settles which invoice."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from chassis.errors import Malformed
from contracts.text import reason_of
from contracts.values import in_currency
from pydantic_core import PydanticCustomError

_RUN_OF_CHARACTERS = re.compile(r"[^\W_]+")
Known = TypeVar("Known")
_LONGEST_NUMBER = 6
"""The greatest number of words over which a number may be split in a text by payers and banks."""
_SHORTEST_NAME = 4

MOST_ALLOCATIONS = 1_000
"""The limit of invoices that a payment settles: its event lists them all."""


class Allocate(StrEnum):
    """The allocation rule of a payment; `automatic` is by reference, then the oldest."""

    AUTOMATIC = "automatic"
    REFERENCE = "reference"
    OLDEST = "oldest"
    NONE = "none"


class How(StrEnum):
    """The rule of one allocation."""

    REFERENCE = "reference"
    OLDEST = "oldest"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An invoice and its open amount; `names` are the numbers and references of the orders it bills."""

    id: UUID
    number: str
    open: Decimal
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a payment for one invoice."""

    invoice_id: UUID
    amount: Decimal
    how: How


def number_key(number: str) -> str:
    """The normalised form of a document's number: letters and digits, in capitals."""
    return "".join(_runs(number))


def found_in(texts: Iterable[str | None], known: Mapping[str, Known]) -> list[Known]:
    """The records named by numbers in texts, in order, each once; `known` is number_key -> record.

    A number is found despite spaces and punctuation ("inv 2026/000 123"), but never inside a longer word.
    """
    found: dict[Known, None] = {}
    for text in texts:
        runs, start = _runs(text or ""), 0
        while start < len(runs):
            ends = range(min(len(runs), start + _LONGEST_NUMBER), start, -1)
            end = next((end for end in ends if "".join(runs[start:end]) in known), None)
            if end is not None:
                found[known["".join(runs[start:end])]] = None
            start = end or start + 1
    return list(found)


def shares(amount: Decimal, items: Sequence[OpenItem], how: Allocate, texts: Iterable[str | None]) -> list[Share]:
    """The allocation of an amount to open items, which are sorted with the oldest first; at most the amount and the
    open amounts."""
    named = _named(items, texts) if how in (Allocate.AUTOMATIC, Allocate.REFERENCE) else []
    queue = [(item, How.REFERENCE) for item in named]
    if how in (Allocate.AUTOMATIC, Allocate.OLDEST):
        queue += [(item, How.OLDEST) for item in items if item not in named]
    found = []
    for item, reason in queue:
        part = min(amount, item.open)
        if part > 0:
            found.append(Share(item.id, part, reason))
            amount -= part
    return found


def _named(items: Sequence[OpenItem], texts: Iterable[str | None]) -> list[OpenItem]:
    """The items whose number, or an order's, is in the texts, in the order of the texts."""
    by_name: defaultdict[str, list[OpenItem]] = defaultdict(list)
    for item in items:
        for key in {number_key(item.number), *filter(_tells, map(number_key, item.names))}:
            by_name[key].append(item)
    found = found_in(texts, {key: tuple(called) for key, called in by_name.items()})
    return list(dict.fromkeys(item for called in found for item in called))


def _tells(key: str) -> bool:
    """Whether a customer's order reference is distinctive: "PO-4711" is, "Anna" or "12" is not."""
    return len(key) >= _SHORTEST_NAME and any(character.isdigit() for character in key)


def exact(amount: Decimal, currency: str, field: str) -> Decimal:
    """An amount that can be paid in its currency. Raises `Malformed` with the field."""
    try:
        checked = in_currency(amount, currency)
    except PydanticCustomError as error:
        raise Malformed(errors=[{"field": field, "message": reason_of(error)}]) from None
    if checked <= 0:
        raise Malformed(errors=[{"field": field, "message": "a payment must be greater than zero"}])
    return checked


def _runs(text: str) -> list[str]:
    return _RUN_OF_CHARACTERS.findall(unicodedata.normalize("NFKC", text).upper())
