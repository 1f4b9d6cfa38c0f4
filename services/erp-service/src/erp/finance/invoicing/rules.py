"""Pure calculation: what may be billed, what a credit comes to, when an invoice is due and who is reminded."""

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
"""When a customer has no payment terms of its own."""

DUNNING_DAYS = (7, 21, 45)
"""Days overdue from which a level holds, unless the company declares others."""

NOTHING = Decimal(0)
Key = TypeVar("Key")


def due_on(issued_on: date, terms: Mapping[str, Any] | None) -> date:
    """The last day to pay: the days of the customer's terms, 30 without; at the latest the last day there is."""
    days = terms["days"] if terms else DUE_DAYS
    return issued_on + min(timedelta(days=days), date.max - issued_on)


def invoice_totals(lines: Iterable[tuple[Decimal, Decimal]], currency: str, charges: Iterable[Charged] = ()) -> Totals:
    """The totals of an invoice's lines, each (net, tax rate), and charges. Raise `OutOfBounds`: an invoice has more
    lines than an order, so lines within their bounds may come to too much.
    """
    found = totals_with(lines, charges, currency)
    at_most(LARGEST_AMOUNT, found.total, "total")
    return found


def billable(shipped: Decimal, returned: Decimal, invoiced: Decimal) -> Decimal:
    """How much of an order line may still be billed: what the customer kept and has not been billed."""
    return max(shipped - returned - invoiced, NOTHING)


def creditable(shipped: Decimal, returned: Decimal, invoiced: Decimal) -> Decimal:
    """How much of an order line was billed and then came back: what returns give a credit for."""
    return max(invoiced - (shipped - returned), NOTHING)


def shared_out(wanted: Decimal, places: Iterable[tuple[Key, Decimal]]) -> list[tuple[Key, Decimal]]:
    """`wanted` spread over places in their order, each up to its room; a place that gets nothing is left out."""
    parts = []
    for place, room in places:
        part = min(wanted, room)
        if part > 0:
            parts.append((place, part))
            wanted -= part
    return parts


def part_net(before: Decimal, quantity: Decimal, unit_price: Decimal, discount: Decimal, currency: str) -> Decimal:
    """What a part of a line comes to, of which `before` was credited already.

    The parts of a line, each rounded, add up to the whole line to the cent.
    """
    until = line_net(before + quantity, unit_price, discount, currency)
    return until - line_net(before, unit_price, discount, currency)


def credit_totals(
    lines: Iterable[tuple[Decimal, Decimal]], earlier: Mapping[Decimal, Decimal], currency: str
) -> Totals:
    """The totals of a credit note's lines, each (net, tax rate), after what was credited `earlier` (rate -> net).

    All credit notes of an invoice add up to it to the cent, tax included: the tax of a rate is what it comes to on all
    that is credited now and earlier, less what it came to earlier. For the first credit note of an invoice that is the
    plain rule.
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
    """Paid when nothing is open; an invoice of zero is paid from the start."""
    if settled >= total:
        return SettlementState.PAID
    return SettlementState.PARTLY_PAID if settled > 0 else SettlementState.OPEN


def next_level(levels: Sequence[int], level: int, days_overdue: int) -> int:
    """The level after one run: one more when the invoice is overdue long enough for it, never two at once."""
    return level + 1 if level < len(levels) and days_overdue >= levels[level] else level
