"""Valuation and kits, without a database."""

from decimal import Decimal

import pytest
from erp.warehouse.stock.rules import Held, kits_reserved, shared_out, times, unit_cost, value_in, value_out, written
from hypothesis import given
from hypothesis import strategies as st

QUANTITIES = st.decimals("0.0001", "10000", places=4)
CENTS = st.decimals("0", "100000", places=2)


def held(wanted: str, reserved: str, per_unit: str = "1") -> Held:
    return Held(Decimal(per_unit), Decimal(wanted), Decimal(reserved))


@given(st.lists(QUANTITIES, min_size=1, max_size=8), CENTS)
def test_what_goes_out_bit_by_bit_takes_all_the_value_with_it(parts: list[Decimal], value: Decimal) -> None:
    on_hand, left = sum(parts, Decimal(0)), value
    for part in parts:
        out = value_out(part, on_hand, left, "EUR")
        assert 0 <= out <= left
        on_hand, left = on_hand - part, left - out
    assert on_hand == left == 0


@given(QUANTITIES, st.lists(QUANTITIES, max_size=6))
def test_what_is_shared_out_is_all_that_is_wanted_or_all_there_is(wanted: Decimal, offers: list[Decimal]) -> None:
    given_away = shared_out(wanted, offers)
    assert sum(given_away) == min(wanted, sum(offers))
    assert all(0 <= part <= offer for part, offer in zip(given_away, offers, strict=True))


@pytest.mark.parametrize(
    ("parts", "reserved"),
    [
        ([], "0"),
        ([held("5", "2.5")], "2.5"),
        ([held("6", "5", "2")], "2"),
        ([held("6", "6", "2"), held("3", "2")], "2"),
        ([held("6", "6", "2"), held("3", "3")], "3"),
        ([held("1.5", "1.5", "3"), held("0.5", "0.5")], "0.5"),
        ([held("6", "1", "2"), held("3", "3")], "0"),
    ],
)
def test_of_a_kit_only_whole_ones_are_reserved_unless_it_is_all(parts: list[Held], reserved: str) -> None:
    assert kits_reserved(parts) == Decimal(reserved)


def test_values_are_rounded_to_the_currency_and_quantities_to_four_decimals() -> None:
    assert value_in(Decimal(3), Decimal("0.3350"), "EUR") == Decimal("1.00")
    assert value_in(Decimal(3), Decimal("0.3350"), "JPY") == Decimal(1)
    assert unit_cost(Decimal("-10"), Decimal("-3")) == Decimal("3.3333")
    assert times(Decimal("0.3333"), Decimal("0.5")) == Decimal("0.1666")
    assert [written(Decimal(each)) for each in ("10.0000", "0.5000", "0.0000", "100")] == ["10", "0.5", "0", "100"]
