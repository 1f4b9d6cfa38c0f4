"""Valuation and reservation of stock. No database."""

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
    """The kind of a stock move. An issue is outgoing; a transfer or an adjustment has either direction."""

    OPENING = "opening"
    RECEIPT = "receipt"
    ISSUE = "issue"
    RETURN = "return"
    TRANSFER = "transfer"
    ADJUSTMENT = "adjustment"


@dataclass(frozen=True, slots=True)
class Want:
    """The outstanding quantity of a product for an order's line, in the product's own unit."""

    line_id: UUID
    product_id: UUID
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """The demand of one line for one stocked product: the product itself, or a component of a kit."""

    line_id: UUID
    product_id: UUID
    per_unit: Decimal
    quantity: Decimal
    stocked: bool


@dataclass(frozen=True, slots=True)
class Held:
    """The state of one part of a line: its outstanding quantity, and the reserved part."""

    per_unit: Decimal
    wanted: Decimal
    reserved: Decimal


def times(quantity: Decimal, factor: Decimal) -> Decimal:
    """A quantity in another unit, with four decimals. Raises `OutOfBounds`."""
    return at_most(LARGEST_AMOUNT, EXACT.quantize(EXACT.multiply(quantity, factor), STEP), "quantity")


def written(quantity: Decimal) -> str:
    """A quantity for display: without trailing zeros."""
    return f"{quantity.normalize():f}"


def value_in(quantity: Decimal, unit_cost: Decimal, currency: str) -> Decimal:
    """The value of received goods. Raises `OutOfBounds`."""
    return at_most(LARGEST_AMOUNT, rounded(EXACT.multiply(quantity, unit_cost), currency), "value")


def value_out(quantity: Decimal, on_hand: Decimal, value: Decimal, currency: str) -> Decimal:
    """The value of issued goods by the moving average; the last unit gets the rest, so an empty level has the value
    zero."""
    if quantity >= on_hand:
        return value
    return min(rounded(EXACT.divide(EXACT.multiply(value, quantity), on_hand), currency), value)


def unit_cost(value: Decimal, quantity: Decimal) -> Decimal:
    """The value of one unit, with four decimals."""
    return EXACT.quantize(EXACT.divide(value, quantity), STEP)


def kits_reserved(parts: Sequence[Held]) -> Decimal:
    """The reserved quantity of a line: of a kit, the number of whole kits of which every component is reserved.

    A line of one product that is not a kit may be reserved in part.
    """
    if all(part.reserved == part.wanted for part in parts):
        whole = (EXACT.quantize(EXACT.divide(part.wanted, part.per_unit), STEP) for part in parts)
        return min(whole, default=Decimal(0))
    step = STEP if len(parts) == 1 and parts[0].per_unit == 1 else Decimal(1)
    return min(EXACT.divide(part.reserved, part.per_unit).quantize(step, ROUND_DOWN, EXACT) for part in parts)


def shared_out(quantity: Decimal, offers: Iterable[Decimal]) -> list[Decimal]:
    """The share of each, in turn, until the quantity is reached."""
    given: list[Decimal] = []
    for offer in offers:
        given.append(min(offer, quantity))
        quantity -= given[-1]
    return given


def kits_made(
    contents: Mapping[UUID, Decimal], stock: Mapping[UUID, tuple[Decimal, Decimal]]
) -> tuple[Decimal, Decimal]:
    """(on hand, reserved) of a kit: the number of whole kits that its scarcest component allows, and how many of these
    are not available. `stock` is (on hand, reserved) of each component. The result is limited to the greatest count.
    """
    nothing = (Decimal(0), Decimal(0))
    parts = [(quantity, *stock.get(each, nothing)) for each, quantity in contents.items()]
    on_hand = min(EXACT.divide_int(here, quantity) for quantity, here, _ in parts)
    free = min(EXACT.divide_int(here - reserved, quantity) for quantity, here, reserved in parts)
    on_hand, free = min(on_hand, LARGEST_SUM), min(free, LARGEST_SUM)
    return on_hand, on_hand - free
