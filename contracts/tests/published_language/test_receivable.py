"""What both systems say alike of what is owed and paid."""

import pytest
from contracts.receivable import LAST_DAYS, Age, payment_states_after


@pytest.mark.parametrize(("state", "after"), [("entered", ["booked", "reversed"]), ("booked", ["reversed"])])
def test_the_states_that_may_follow_are_told(state: str, after: list[str]) -> None:
    assert payment_states_after(state) == after


def test_a_reversed_payment_stays_reversed() -> None:
    assert payment_states_after("reversed") == []


def test_each_age_begins_where_the_one_before_it_ends() -> None:
    *ends, oldest = LAST_DAYS.values()
    assert (list(LAST_DAYS), ends, oldest) == (list(Age), [0, 30, 60, 90], None)
