"""How stock is counted, valued and set aside. No database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from uuid import UUID

from chassis.bounds import at_most
from contracts.bounds import LARGEST_AMOUNT, LARGEST_SUM
from contracts.money import EXACT, rounded

from erp.catalogue.products.rules import STEP


class MoveKind(StrEnum):
    """Why stock moved. Out goes an issue; a transfer or an adjustment goes either way."""

    OPENING = "opening"
    RECEIPT = "receipt"
    ISSUE = "issue"
    RETURN = "return"
    TRANSFER = "transfer"
    ADJUSTMENT = "adjustment"


@dataclass(frozen=True, slots=True)
class Want:
    """How much of a product an order's line wants, in the product's own unit."""

    line_id: UUID
    product_id: UUID
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """What one line wants of one product that lies in a warehouse: the product itself, or a component of a kit."""

    line_id: UUID
    product_id: UUID
    per_unit: Decimal
    quantity: Decimal
    stocked: bool


@dataclass(frozen=True, slots=True)
class Held:
    """How far one part of a line is: what it wants still, and how much of that is reserved."""

    per_unit: Decimal
    wanted: Decimal
    reserved: Decimal


def times(quantity: Decimal, factor: Decimal) -> Decimal:
    """A quantity in another unit, with four decimals. Raises `OutOfBounds`."""
    return at_most(LARGEST_AMOUNT, EXACT.quantize(EXACT.multiply(quantity, factor), STEP), "quantity")


def written(quantity: Decimal) -> str:
    """A quantity as people write it: without zeros that say nothing."""
    return f"{quantity.normalize():f}"


def value_in(quantity: Decimal, unit_cost: Decimal, currency: str) -> Decimal:
    """What comes in is worth what it cost. Raises `OutOfBounds`."""
    return at_most(LARGEST_AMOUNT, rounded(EXACT.multiply(quantity, unit_cost), currency), "value")


def value_out(quantity: Decimal, on_hand: Decimal, value: Decimal, currency: str) -> Decimal:
    """What goes out is worth the moving average; the last unit takes the rest, so nothing on hand is worth nothing."""
    if quantity >= on_hand:
        return value
    return min(rounded(EXACT.divide(EXACT.multiply(value, quantity), on_hand), currency), value)


def unit_cost(value: Decimal, quantity: Decimal) -> Decimal:
    """What one unit of it is worth, with four decimals."""
    return EXACT.quantize(EXACT.divide(value, quantity), STEP)


def kits_reserved(parts: Sequence[Held]) -> Decimal:
    """How much of a line is reserved: all of it, or as many whole kits as every component is there for.

    A line of one product that is no kit may be reserved in part, whatever the quantity.
    """
    if all(part.reserved == part.wanted for part in parts):
        whole = (EXACT.quantize(EXACT.divide(part.wanted, part.per_unit), STEP) for part in parts)
        return min(whole, default=Decimal(0))
    step = STEP if len(parts) == 1 and parts[0].per_unit == 1 else Decimal(1)
    return min(EXACT.divide(part.reserved, part.per_unit).quantize(step, ROUND_DOWN, EXACT) for part in parts)


def shared_out(quantity: Decimal, offers: Iterable[Decimal]) -> list[Decimal]:
    """How much each gives, in turn, until the quantity is reached."""
    given: list[Decimal] = []
    for offer in offers:
        given.append(min(offer, quantity))
        quantity -= given[-1]
    return given


def kits_made(
    contents: Mapping[UUID, Decimal], stock: Mapping[UUID, tuple[Decimal, Decimal]]
) -> tuple[Decimal, Decimal]:
    """(on hand, reserved) of a kit: as many whole ones as the scarcest of its goods makes, and how many of these cannot
    be promised. `stock` is (on hand, reserved) of each of the goods. Of more than can be counted, the greatest count.
    """
    nothing = (Decimal(0), Decimal(0))
    parts = [(quantity, *stock.get(each, nothing)) for each, quantity in contents.items()]
    on_hand = min(EXACT.divide_int(here, quantity) for quantity, here, _ in parts)
    free = min(EXACT.divide_int(here - reserved, quantity) for quantity, here, reserved in parts)
    on_hand, free = min(on_hand, LARGEST_SUM), min(free, LARGEST_SUM)
    return on_hand, on_hand - free
