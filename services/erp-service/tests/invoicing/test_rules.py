"""Rules without a database."""

from datetime import date
from decimal import Decimal

import pytest
from contracts.money import line_net, totals
from contracts.receivable import SettlementState
from erp.finance.invoicing.rules import (
    billable,
    credit_totals,
    creditable,
    due_on,
    next_level,
    part_net,
    settlement_state,
    shared_out,
)
from hypothesis import given
from hypothesis import strategies as st

D = Decimal
PRICES = st.decimals(0, 1000, places=4)
FRACTIONS = st.decimals(0, 1, places=4)
QUANTITIES = st.decimals("0.0001", 100, places=4)
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])


@pytest.mark.parametrize(("terms", "due"), [({"days": 14}, 16), ({"days": 0}, 2), (None, 32)])
def test_an_invoice_is_due_after_the_days_of_the_terms_or_thirty(terms: dict[str, int] | None, due: int) -> None:
    assert due_on(date(2026, 1, 2), terms) == date.fromordinal(date(2026, 1, 1).toordinal() - 1 + due)


def test_what_came_back_is_not_billed_and_what_was_billed_and_came_back_is_credited() -> None:
    assert billable(D(10), D(2), D(3)) == 5
    assert billable(D(10), D(5), D(8)) == 0
    assert creditable(D(10), D(5), D(8)) == 3
    assert creditable(D(10), D(2), D(8)) == 0


def test_a_quantity_is_spread_over_places_in_their_order() -> None:
    assert shared_out(D(5), [("a", D(2)), ("b", D(0)), ("c", D(9))]) == [("a", D(2)), ("c", D(3))]
    assert shared_out(D(5), [("a", D(2))]) == [("a", D(2))]


@given(st.lists(QUANTITIES, min_size=1, max_size=6), PRICES, FRACTIONS, CURRENCIES)
def test_the_parts_of_a_line_add_up_to_the_line(
    parts: list[Decimal], price: Decimal, discount: Decimal, currency: str
) -> None:
    before, sum_of_parts = D(0), D(0)
    for part in parts:
        net = part_net(before, part, price, discount, currency)
        assert net >= 0
        before, sum_of_parts = before + part, sum_of_parts + net
    assert sum_of_parts == line_net(before, price, discount, currency)


@given(st.lists(st.tuples(st.decimals(0, 100, places=2), FRACTIONS), min_size=1, max_size=8))
def test_credit_notes_of_an_invoice_add_up_to_it_tax_included(lines: list[tuple[Decimal, Decimal]]) -> None:
    whole = totals(lines, "EUR")
    earlier: dict[Decimal, Decimal] = {}
    credited = D(0)
    for net, rate in lines:
        note = credit_totals([(net, rate)], earlier, "EUR")
        assert note.tax >= 0
        credited += note.total
        earlier[rate] = earlier.get(rate, D(0)) + net
    assert credited == whole.total


@given(st.lists(st.tuples(st.decimals(0, 100, places=2), FRACTIONS), min_size=1, max_size=8))
def test_the_first_credit_note_follows_the_plain_rule(lines: list[tuple[Decimal, Decimal]]) -> None:
    assert credit_totals(lines, {}, "EUR") == totals(lines, "EUR")


def test_an_invoice_of_nothing_is_paid() -> None:
    assert settlement_state(D(0), D(0)) is SettlementState.PAID
    assert settlement_state(D(5), D(0)) is SettlementState.OPEN
    assert settlement_state(D(5), D(2)) is SettlementState.PARTLY_PAID
    assert settlement_state(D(5), D(5)) is SettlementState.PAID


@pytest.mark.parametrize(
    ("level", "days", "after"), [(0, 6, 0), (0, 7, 1), (0, 100, 1), (1, 20, 1), (1, 21, 2), (3, 100, 3)]
)
def test_a_level_rises_by_one_at_most(level: int, days: int, after: int) -> None:
    assert next_level((7, 21, 45), level, days) == after
