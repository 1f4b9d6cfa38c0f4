"""Pure rules: billable and creditable quantities, totals, due dates and dunning levels."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from chassis.bounds import at_most
from contracts.bounds import LARGEST_AMOUNT
from contracts.money import EXACT, TaxLine, Totals, line_net, rounded, totals
from contracts.receivable import SettlementState
from lines.amounts import Charged, totals_with
from numbering import Series

INVOICE_NUMBERS = Series("invoice", "INV-", per_year=True, gapless=True)
CREDIT_NOTE_NUMBERS = Series("credit_note", "CN-", per_year=True, gapless=True)

DUE_DAYS = 30
"""The payment term of a customer without one."""

DUNNING_DAYS = (7, 21, 45)
"""The default days overdue of each level."""

NOTHING = Decimal(0)
Key = TypeVar("Key")


def due_on(issued_on: date, terms: Mapping[str, Any] | None) -> date:
    """The due date: after the days of the customer's terms, by default 30; at most the greatest possible date."""
    days = terms["days"] if terms else DUE_DAYS
    return issued_on + min(timedelta(days=days), date.max - issued_on)


def invoice_totals(lines: Iterable[tuple[Decimal, Decimal]], currency: str, charges: Iterable[Charged] = ()) -> Totals:
    """The totals of an invoice's lines, each (net, tax rate), and charges. Raises `OutOfBounds`: an invoice has more
    lines than an order, so lines within their bounds may exceed the bound of a total.
    """
    found = totals_with(lines, charges, currency)
    at_most(LARGEST_AMOUNT, found.total, "total")
    return found


def billable(shipped: Decimal, returned: Decimal, invoiced: Decimal) -> Decimal:
    """The billable quantity of an order line: shipped, not returned and not billed."""
    return max(shipped - returned - invoiced, NOTHING)


def creditable(shipped: Decimal, returned: Decimal, invoiced: Decimal) -> Decimal:
    """The creditable quantity of an order line: billed and then returned."""
    return max(invoiced - (shipped - returned), NOTHING)


def shared_out(wanted: Decimal, places: Iterable[tuple[Key, Decimal]]) -> list[tuple[Key, Decimal]]:
    """`wanted` distributed over places in their order, each up to its room; places without a share are omitted."""
    parts = []
    for place, room in places:
        part = min(wanted, room)
        if part > 0:
            parts.append((place, part))
            wanted -= part
    return parts


def part_net(before: Decimal, quantity: Decimal, unit_price: Decimal, discount: Decimal, currency: str) -> Decimal:
    """The amount of a part of a line, of which `before` was credited already.

    The parts of a line, each rounded, add up to the whole line exactly.
    """
    until = line_net(before + quantity, unit_price, discount, currency)
    return until - line_net(before, unit_price, discount, currency)


def credit_totals(
    lines: Iterable[tuple[Decimal, Decimal]], earlier: Mapping[Decimal, Decimal], currency: str
) -> Totals:
    """The totals of a credit note's lines, each (net, tax rate), after the `earlier` credited amounts (rate -> net).

    All credit notes of an invoice add up to it exactly, tax included: the tax of a rate is the tax on everything
    credited now and earlier, less the tax credited earlier. For the first credit note of an invoice that is the plain
    rule.
    """
    plain = totals(lines, currency)
    taxes = tuple(
        TaxLine(each.rate, each.net, _tax_after(each, earlier.get(each.rate, NOTHING), currency))
        for each in plain.taxes
    )
    return Totals(plain.net, sum((each.tax for each in taxes), rounded(NOTHING, currency)), taxes)


def _tax_after(line: TaxLine, earlier: Decimal, currency: str) -> Decimal:
    now = rounded(EXACT.multiply(earlier + line.net, line.rate), currency)
    return now - rounded(EXACT.multiply(earlier, line.rate), currency)


def settlement_state(total: Decimal, settled: Decimal) -> SettlementState:
    """Paid when nothing is open; an invoice of zero is paid at once."""
    if settled >= total:
        return SettlementState.PAID
    return SettlementState.PARTLY_PAID if settled > 0 else SettlementState.OPEN


def next_level(levels: Sequence[int], level: int, days_overdue: int) -> int:
    """The level after one run: one more when the invoice is overdue long enough for it, never two."""
    return level + 1 if level < len(levels) and days_overdue >= levels[level] else level
