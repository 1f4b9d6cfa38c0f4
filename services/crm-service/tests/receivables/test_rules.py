"""What receivables know without a database."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis.errors import Malformed
from chassis.replication import Kind
from crm.receivables.events import INVOICE, KINDS, PAYMENT
from crm.receivables.models import Payment, PaymentNotReversible, PaymentSettled
from crm.receivables.rules import BUCKETS, overdue_days
from hypothesis import given
from hypothesis import strategies as st

from .factories import document, line, paid, settlement

CUSTOMER, INVOICE_ID = str(UUID(int=1)), str(UUID(int=2))
TODAY = date(2026, 6, 30)


def ages_of(days: int) -> list[str]:
    """The ages that a debt has which is overdue by so many days."""
    return [bucket.name for bucket in BUCKETS if bucket.holds(days)]


@given(st.integers())
def test_every_debt_has_one_age(days: int) -> None:
    assert len(ages_of(days)) == 1


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (-5, "not_due"),
        (0, "not_due"),
        (1, "days_1_30"),
        (30, "days_1_30"),
        (31, "days_31_60"),
        (60, "days_31_60"),
        (61, "days_61_90"),
        (90, "days_61_90"),
        (91, "over_90_days"),
    ],
)
def test_ages_begin_the_day_after_a_debt_is_due(days: int, age: str) -> None:
    assert ages_of(days) == [age]
    assert overdue_days(TODAY - timedelta(days=days), TODAY, TODAY) == max(days, 0)


def test_a_debt_without_a_due_date_is_due_at_once() -> None:
    assert overdue_days(None, TODAY - timedelta(days=3), TODAY) == 3


def test_what_is_entered_is_reversed_here_and_nothing_else() -> None:
    row = Payment.blank()
    row.reverse("typed twice")
    assert (row.state, row.reason) == ("reversed", "typed twice")
    row.state = "booked"
    with pytest.raises(PaymentNotReversible) as refused:
        row.reverse("typed twice")
    assert refused.value.document()["state"] == "booked"
    with pytest.raises(PaymentSettled):
        row.may_be_changed()


LINES = [line("60.5", discount="0.05"), line("39.5", None)]
VALUES: dict[str, dict[str, Any]] = {
    "invoice": {
        "customer": CUSTOMER,
        "document": document(1, "100"),
        "lines": LINES,
        "settlement": settlement("100", "40", 2),
    },
    "credit_note": {
        "customer": CUSTOMER,
        "invoice": INVOICE_ID,
        "document": document(2, "100", due_on=None),
        "lines": LINES,
    },
    "payment": {
        "customer": CUSTOMER,
        "payment": paid(),
        "state": "booked",
        "reference": "BANK 4711",
        "note": "2026-000001",
        "reason": "as agreed",
        "allocation": {
            "allocated": "100.00", "unallocated": "19.00",
            "invoices": [{"invoice": "2026-000001", "amount": "100.00"}],
        },
    },
    "balance": {
        "customer": CUSTOMER,
        "balance": {
            "currency": "EUR", "open": "-5.50", "on_order": "10.00", "credit_limit": None, "credit_left": None,
            "blocked": True,
        },
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_delivered_is_read_again_as_it_came(kind: Kind) -> None:
    values = VALUES[kind.name]
    row = kind.create(values)
    for key, value in values.items():
        kind.by_name[key].write(row, key, value)
    assert kind.read(row) == {**values, "life": "live"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_record_that_lacks_what_makes_it_one_is_not_created(kind: Kind) -> None:
    for group in kind.required:
        with pytest.raises(Malformed):
            kind.create({**VALUES[kind.name], group: None})


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        (INVOICE, "lines", []),
        (INVOICE, "customer", "C-1"),
        (INVOICE, "settlement", {"state": "lost", "settled": "0", "open": "0"}),
        (PAYMENT, "state", "promised"),
        (PAYMENT, "payment", {"amount": 1.5, "currency": "EUR", "received_on": "2026-01-01"}),
    ],
)
def test_a_delivered_value_is_checked_like_one_that_is_typed(kind: Kind, key: str, value: object) -> None:
    with pytest.raises(Malformed):
        kind.by_name[key].write(kind.create(VALUES[kind.name]), key, value)
