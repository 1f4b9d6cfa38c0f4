"""How charges are taxed: at a rate of their own, or as the lines are."""

from decimal import Decimal

import pytest
from contracts.money import charged, totals
from hypothesis import given
from hypothesis import strategies as st

CENTS = st.integers(0, 10**7).map(lambda cents: Decimal(cents) / 100)
RATES = st.sampled_from([Decimal("0"), Decimal("0.07"), Decimal("0.19")])
LINES = st.lists(st.tuples(CENTS, RATES), max_size=8)


def parts(lines: list[tuple[str, str]], amount: str, rate: str | None, currency: str = "EUR") -> list[tuple[str, str]]:
    found = charged(
        [(Decimal(net), Decimal(each)) for net, each in lines],
        [(Decimal(amount), None if rate is None else Decimal(rate))],
        currency,
    )
    return [(str(net), str(each)) for net, each in found]


@pytest.mark.parametrize(
    ("lines", "amount", "rate", "expected"),
    [
        ([("100", "0.19")], "10", "0.07", [("10.00", "0.07")]),
        ([("100", "0.19")], "10", None, [("10.00", "0.19")]),
        ([("75", "0.07"), ("25", "0.19")], "10", None, [("7.50", "0.07"), ("2.50", "0.19")]),
        ([("1", "0"), ("1", "0.07"), ("1", "0.19")], "10", None, [("3.33", "0"), ("3.33", "0.07"), ("3.34", "0.19")]),
        ([], "10", None, [("10.00", "0")]),
        ([("0", "0.19")], "10", None, [("10.00", "0")]),
    ],
)
def test_a_charge_without_a_rate_is_spread_over_the_rates_of_the_lines(
    lines: list[tuple[str, str]], amount: str, rate: str | None, expected: list[tuple[str, str]]
) -> None:
    assert parts(lines, amount, rate) == expected


@given(LINES, st.lists(st.tuples(CENTS, st.none() | RATES), max_size=4))
def test_the_parts_of_charges_come_to_the_charges(
    lines: list[tuple[Decimal, Decimal]], charges: list[tuple[Decimal, Decimal | None]]
) -> None:
    found = charged(lines, charges, "EUR")
    assert sum(net for net, _ in found) == sum(amount for amount, _ in charges)
    assert all(net >= 0 for net, _ in found)
    nets = sum(net for net, _ in lines) + sum(amount for amount, _ in charges)
    assert totals([*lines, *found], "EUR").net == nets
