"""The one rule for amounts of money: how lines become totals.

A line is rounded to the currency's ISO 4217 exponent, half-even; the tax is rounded in the same way once per rate, on
the sum of that rate's lines. Nothing else is rounded, so totals do not depend on the order of the lines.

Products and quotients are calculated in `EXACT`: Python's default context rounds to 28 digits, and fails for longer
results.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation

from contracts.values import CURRENCY_EXPONENTS

EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])
"""Holds every product of three stored numbers without rounding."""


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The tax of one rate: `rate` is a fraction (0.19), `net` the sum of its lines, `tax` the tax amount."""

    rate: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a document, in its currency; `taxes` by ascending rate."""

    net: Decimal
    tax: Decimal
    taxes: tuple[TaxLine, ...]

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount with as many decimals as the currency has, half-even."""
    return EXACT.quantize(amount, Decimal(1).scaleb(-CURRENCY_EXPONENTS[currency]))


def amount_text(amount: Decimal) -> str:
    """An amount in the one form that it has on events: no exponent, no zeros at the end."""
    return format(amount.normalize(EXACT) + 0, "f")


def line_amount(quantity: Decimal, unit_price: Decimal, discount: Decimal) -> Decimal:
    """The amount of a line before tax and before rounding; `discount` is a fraction (0.05)."""
    return EXACT.multiply(EXACT.multiply(quantity, unit_price), EXACT.subtract(Decimal(1), discount))


def line_net(quantity: Decimal, unit_price: Decimal, discount: Decimal, currency: str) -> Decimal:
    """The rounded amount of a line before tax; `discount` is a fraction (0.05)."""
    return rounded(line_amount(quantity, unit_price, discount), currency)


def totals(lines: Iterable[tuple[Decimal, Decimal]], currency: str) -> Totals:
    """The totals of lines, each (net, tax rate), whose net amounts are rounded already."""
    nets: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for net, rate in lines:
        nets[rate] += net
    taxes = tuple(
        TaxLine(rate, nets[rate], rounded(EXACT.multiply(nets[rate], rate), currency)) for rate in sorted(nets)
    )
    nothing = rounded(Decimal(0), currency)
    return Totals(sum((each.net for each in taxes), nothing), sum((each.tax for each in taxes), nothing), taxes)


def charged(
    lines: Iterable[tuple[Decimal, Decimal]], charges: Iterable[tuple[Decimal, Decimal | None]], currency: str
) -> list[tuple[Decimal, Decimal]]:
    """Charges, each (amount, tax rate or None), as parts of a document, each (net, tax rate).

    One without a rate is spread over the rates of the lines, in proportion to their nets. Its parts are rounded, by
    ascending rate; the last one gets the rest. Without lines that come to something it is not taxed.
    """
    nets: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for net, rate in lines:
        nets[rate] += net
    shares = [(rate, nets[rate]) for rate in sorted(nets) if nets[rate] > 0]
    parts: list[tuple[Decimal, Decimal]] = []
    for amount, own in charges:
        net = rounded(amount, currency)
        parts += [(net, own)] if own is not None else _spread(net, shares, currency)
    return parts


def _spread(amount: Decimal, shares: list[tuple[Decimal, Decimal]], currency: str) -> list[tuple[Decimal, Decimal]]:
    if not shares:
        return [(amount, Decimal(0))]
    whole, left, parts = sum(net for _, net in shares), amount, []
    for rate, net in shares[:-1]:
        part = rounded(EXACT.divide(EXACT.multiply(amount, net), whole), currency)
        left -= part
        parts.append((part, rate))
    return [*parts, (left, shares[-1][0])]
