"""Amounts have the decimals of their currency, wherever they stand; nothing else changes."""

from decimal import Decimal

import pytest
from contracts.decimals import InCurrency, in_decimals
from contracts.kinds import ORDER, PAYMENT, announced
from contracts.product import Price, Quantity, UnitPrice
from contracts.receivable import TaxAmount
from contracts.values import Amount
from pydantic import BaseModel


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("165", "EUR", "165.00"),
        ("165.0000", "EUR", "165.00"),
        ("0.1250", "EUR", "0.125"),
        ("165.00", "JPY", "165"),
        ("1.5", "KWD", "1.500"),
        ("-0.5", "EUR", "-0.50"),
        ("0", "EUR", "0.00"),
        ("123456789012345678901234.1", "EUR", "123456789012345678901234.10"),
        ("100", "XXX", "100"),
    ],
)
def test_an_amount_has_at_least_the_decimals_of_its_currency(amount: str, currency: str, text: str) -> None:
    assert format(in_decimals(Decimal(amount), currency), "f") == text


class Line(BaseModel):
    quantity: Quantity
    unit_price: UnitPrice | None


class Document(InCurrency):
    currency: str
    total: Amount
    lines: list[Line]
    taxes: tuple[TaxAmount, ...]
    price: Price | None = None


def test_amounts_inside_of_a_document_have_its_currency_and_those_of_others_their_own() -> None:
    shown = Document.model_validate(
        {
            "currency": "EUR",
            "total": Decimal("165.0000"),
            "lines": [{"quantity": "10.0000", "unit_price": "16.5"}, {"quantity": "1", "unit_price": None}],
            "taxes": [{"rate": "0.1900", "net": "165", "tax": "31.35"}],
            "price": {"amount": "20", "currency": "JPY"},
        }
    ).model_dump(mode="json")
    assert (shown["total"], shown["lines"]) == (
        "165.00", [{"quantity": "10", "unit_price": "16.50"}, {"quantity": "1", "unit_price": None}],
    )  # fmt: skip
    assert shown["taxes"] == [{"rate": "0.19", "net": "165.00", "tax": "31.35"}]
    assert shown["price"] == {"amount": "20", "currency": "JPY"}


def test_groups_without_a_currency_of_their_own_have_that_of_their_record() -> None:
    line = {"position": 1, "quantity": "10", "unit_price": "18", "discount": "0.05"}
    assert ORDER.written({"currency": "EUR", "line:1": line, "line:2": None}) == {
        "currency": "EUR",
        "line:1": {**line, "unit_price": "18.00"},
        "line:2": None,
    }
    payment = {"payment": {"amount": "5", "currency": "EUR"}, "allocation": {"invoices": [{"amount": "5"}]}}
    assert PAYMENT.written(payment) == {
        "payment": {"amount": "5.00", "currency": "EUR"},
        "allocation": {"invoices": [{"amount": "5.00"}]},
    }


def test_an_announced_record_has_the_decimals_of_its_currency() -> None:
    quote = {"currency": "EUR", "net": "165", "lines": [{"quantity": "10", "unit_price": "16.5"}]}
    assert announced.QUOTE.written(quote) == {
        "currency": "EUR",
        "net": "165.00",
        "lines": [{"quantity": "10", "unit_price": "16.50"}],
    }
    assert announced.DEAL.written({"name": "Tea", "amount": "5"}) == {"name": "Tea", "amount": "5"}
