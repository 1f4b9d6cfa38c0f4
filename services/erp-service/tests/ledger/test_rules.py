"""The posting rules, without a database."""

from decimal import Decimal
from typing import Any

import pytest
from erp.ledger.rules import (
    DEFAULT_CHART,
    POSTING_RULES,
    AccountRole,
    UnknownRule,
    WrongAmounts,
    lines_of,
)
from erp.ledger.schemas import CompanyBody, EntryBody
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

ACCOUNT = "01900000-0000-7000-8000-000000000001"
CENTS = st.decimals(0, 10**9, places=2)


@given(st.sampled_from(sorted(POSTING_RULES)), st.lists(CENTS, min_size=2, max_size=2))
def test_every_rule_is_balanced_whatever_the_amounts(rule: str, values: list[Decimal]) -> None:
    names = sorted({name for line in POSTING_RULES[rule] for name in line.amounts})
    lines = lines_of(rule, dict(zip(names, values, strict=False)), "EUR")
    assert sum(line.amount for line in lines) == 0
    assert all(line.amount for line in lines)


@pytest.mark.parametrize("pair", [("issue", "return"), ("invoice", "credit_note"), ("payment_in", "payment_out")])
def test_what_undoes_another_posting_is_its_mirror(pair: tuple[str, str]) -> None:
    done, undone = (POSTING_RULES[rule] for rule in pair)
    assert [(line.role, line.amounts, line.sign) for line in done] == [
        (line.role, line.amounts, -line.sign) for line in undone
    ]


def test_the_default_chart_has_an_account_for_each_role() -> None:
    assert sorted(role for *_, role in DEFAULT_CHART) == sorted(AccountRole)
    assert len({number for number, *_ in DEFAULT_CHART}) == len(DEFAULT_CHART)


@pytest.mark.parametrize(
    "amounts",
    [
        {"net": "1.00"},
        {"net": "1.00", "tax": "0.00", "fee": "1.00"},
        {"net": "-1.00", "tax": "0.00"},
        {"net": "1.001", "tax": "0.00"},
    ],
)
def test_amounts_that_a_rule_does_not_take_are_refused(amounts: dict[str, str]) -> None:
    with pytest.raises(WrongAmounts):
        lines_of("invoice", {name: Decimal(text) for name, text in amounts.items()}, "EUR")


def test_an_amount_has_the_decimals_of_its_currency() -> None:
    assert len(lines_of("payment_in", {"amount": Decimal("1.2340")}, "KWD")) == 2
    with pytest.raises(WrongAmounts):
        lines_of("payment_in", {"amount": Decimal("1.5")}, "JPY")


def test_an_unknown_rule_is_a_fault() -> None:
    with pytest.raises(UnknownRule):
        lines_of("wages", {}, "EUR")


@pytest.mark.parametrize(
    "line",
    [{"debit": "1", "credit": "1"}, {"debit": "0"}, {}, {"debit": "-1"}, {"debit": "1.001"}],
)
def test_a_line_has_one_side_and_the_decimals_of_the_currency(line: dict[str, Any]) -> None:
    lines = [{"account_id": ACCOUNT, **line}, {"account_id": ACCOUNT, "credit": "1"}]
    with pytest.raises(ValidationError):
        EntryBody.model_validate({"posted_on": "2026-11-22", "text": "x", "currency": "EUR", "lines": lines})


def test_a_companys_tax_id_is_one_of_its_country() -> None:
    assert CompanyBody(name="A", country="DE", tax_id="DE136695976").tax_id == "DE136695976"
    for country in ("DE", None):
        with pytest.raises(ValidationError, match="is not a tax id of"):
            CompanyBody(name="A", country=country, tax_id="DE1")
