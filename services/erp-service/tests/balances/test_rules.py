"""What a balance comes to, and how old what is open is; without a database."""

from decimal import Decimal
from typing import Any

from erp.finance.balances.rules import currencies, figures

LIMIT: dict[str, Any] = {"limit": "1000.00", "currency": "EUR", "blocked": False}
HUNDRED, NOTHING = Decimal(100), Decimal(0)


def test_what_is_owed_and_ordered_takes_from_the_limit() -> None:
    assert figures(HUNDRED, Decimal(50), LIMIT, "EUR").credit_left == 850
    assert figures(-HUNDRED, NOTHING, LIMIT, "EUR").credit_left == 1100


def test_a_limit_counts_in_its_own_currency_and_a_block_in_all() -> None:
    found = figures(HUNDRED, NOTHING, {**LIMIT, "blocked": True}, "USD")
    assert (found.credit_limit, found.credit_left, found.blocked) == (None, None, True)


def test_without_a_limit_nothing_is_left_or_right() -> None:
    for credit in (None, {"limit": None, "currency": None, "blocked": False}):
        found = figures(HUNDRED, NOTHING, credit, "EUR")
        assert (found.credit_limit, found.credit_left, found.blocked) == (None, None, False)


def test_a_limit_of_nothing_is_a_limit() -> None:
    found = figures(NOTHING, NOTHING, {**LIMIT, "limit": "0"}, "EUR")
    assert (found.credit_left, found.is_nothing) == (Decimal(0), False)
    assert figures(NOTHING, NOTHING, None, "EUR").is_nothing


def test_a_customer_has_a_balance_where_it_deals_and_where_it_has_a_limit() -> None:
    assert currencies({"USD"}, LIMIT, "CHF") == {"USD", "EUR"}
    assert currencies(set(), None, "CHF") == {"CHF"}
