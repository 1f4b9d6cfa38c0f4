"""What receivables know without a database."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from crm.receivables.models import Payment, PaymentNotReversible, PaymentSettled
from crm.receivables.rules import BUCKETS, overdue_days
from hypothesis import given
from hypothesis import strategies as st

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
