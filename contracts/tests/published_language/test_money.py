"""The one rounding rule."""

from decimal import Decimal
from fractions import Fraction

import pytest
from contracts.bounds import LARGEST_AMOUNT, LARGEST_LINE
from contracts.money import line_amount, line_net, rounded, totals
from hypothesis import given
from hypothesis import strategies as st

AMOUNTS = st.decimals(min_value=0, max_value=10_000, places=2)
RATES = st.sampled_from([Decimal("0"), Decimal("0.07"), Decimal("0.19"), Decimal("0.077")])


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("2.345", "EUR", "2.34"),  # Half goes to the even neighbour,
        ("2.355", "EUR", "2.36"),  # down or up.
        ("2.5", "JPY", "2"),
        ("1.0005", "KWD", "1.000"),
        ("-2.345", "EUR", "-2.34"),
    ],
)
def test_an_amount_is_rounded_half_even_to_the_decimals_of_its_currency(
    amount: str, currency: str, expected: str
) -> None:
    assert str(rounded(Decimal(amount), currency)) == expected


def test_a_line_is_rounded_once_after_its_discount() -> None:
    assert line_net(Decimal(35), Decimal("16.80"), Decimal("0.15"), "USD") == Decimal("499.80")
    assert line_net(Decimal("0.333"), Decimal("9.99"), Decimal(0), "EUR") == Decimal("3.33")


def test_the_tax_is_rounded_per_rate_and_not_per_line() -> None:
    found = totals([(Decimal("0.03"), Decimal("0.19"))] * 3, "EUR")
    assert (found.net, found.tax, found.total) == (Decimal("0.09"), Decimal("0.02"), Decimal("0.11"))


def test_nothing_comes_to_nothing_in_the_decimals_of_the_currency() -> None:
    assert str(totals([], "KWD").total) == "0.000"


@given(st.lists(st.tuples(AMOUNTS, RATES), max_size=30), st.randoms())
def test_totals_do_not_depend_on_the_order_of_lines(lines: list[tuple[Decimal, Decimal]], random: object) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random of its own
    assert totals(lines, "EUR") == totals(shuffled, "EUR")


@given(
    st.decimals(min_value=0, max_value=LARGEST_AMOUNT, places=4),
    st.decimals(min_value=0, max_value=LARGEST_AMOUNT, places=4),
    st.decimals(min_value=0, max_value=1, places=4),
    st.sampled_from(["JPY", "EUR", "KWD"]),
)
def test_no_digits_of_the_greatest_lines_are_lost(
    quantity: Decimal, price: Decimal, discount: Decimal, currency: str
) -> None:
    exact = Fraction(quantity) * Fraction(price) * (1 - Fraction(discount))
    assert Fraction(line_amount(quantity, price, discount)) == exact
    assert abs(Fraction(line_net(quantity, price, discount, currency)) - exact) <= Fraction(1, 2)
    assert totals([(line_net(quantity, price, discount, currency), Decimal(1))], currency).total >= 0


def test_an_order_of_the_greatest_lines_with_the_greatest_taxes_is_within_the_bound_of_a_document() -> None:
    assert totals([(rounded(LARGEST_LINE, "JPY"), Decimal(1))] * 200, "JPY").total < LARGEST_AMOUNT
