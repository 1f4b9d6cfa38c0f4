"""Amounts of lines and charges. Pure; `contracts.money` contains the rules of rounding."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from chassis.bounds import at_most
from contracts.bounds import LARGEST_LINE
from contracts.money import Totals

from contracts import money

NOTHING = Decimal(0)


class Priced(Protocol):
    """A line as far as its amount goes; `discount` and `tax_rate` are fractions."""

    @property
    def quantity(self) -> Decimal: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def discount(self) -> Decimal: ...
    @property
    def tax_rate(self) -> Decimal: ...


class Charged(Protocol):
    """A charge as far as its amount goes; without a rate it is taxed as the lines are."""

    @property
    def amount(self) -> Decimal: ...
    @property
    def tax_rate(self) -> Decimal | None: ...


def net_of(line: Priced, currency: str, quantity: Decimal | None = None) -> Decimal:
    """The amount of the line, or of this quantity of it, before tax, rounded."""
    counted = line.quantity if quantity is None else quantity
    return money.line_net(counted, line.unit_price, line.discount, currency)


def totals_of(lines: Iterable[Priced], charges: Iterable[Charged], currency: str) -> Totals:
    """The totals of a document with these lines and charges."""
    nets = ((net_of(line, currency), line.tax_rate) for line in lines)
    return totals_with(nets, charges, currency)


def totals_with(nets: Iterable[tuple[Decimal, Decimal]], charges: Iterable[Charged], currency: str) -> Totals:
    """The same for lines that are summed already, each (net, tax rate)."""
    known = list(nets)
    parts = money.charged(known, ((each.amount, each.tax_rate) for each in charges), currency)
    return money.totals((*known, *parts), currency)


def exact_net(lines: Iterable[Priced]) -> Decimal:
    """The sum of the lines before tax and before any rounding."""
    return sum((money.line_amount(line.quantity, line.unit_price, line.discount) for line in lines), NOTHING)


def bounded(quantity: Decimal, unit_price: Decimal, discount: Decimal, field: str) -> None:
    """Raises `OutOfBounds` with the line when its amount exceeds the bound of a line.

    This bounds the totals of a document for any lines, also when two systems add lines concurrently.
    """
    at_most(LARGEST_LINE, money.line_amount(quantity, unit_price, discount), field)
