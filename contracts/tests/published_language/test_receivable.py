"""What both systems say alike of what is owed and paid."""

from uuid import uuid4

import pytest
from contracts.order import ShippedLine
from contracts.receivable import LAST_DAYS, Age, InvoiceLine, payment_states_after


@pytest.mark.parametrize(("state", "after"), [("entered", ["booked", "reversed"]), ("booked", ["reversed"])])
def test_the_states_that_may_follow_are_told(state: str, after: list[str]) -> None:
    assert payment_states_after(state) == after


def test_lines_that_were_stored_under_earlier_names_are_read() -> None:
    line_id = uuid4()
    amounts = {"description": "Chai", "quantity": "1", "unit_price": "18", "tax_rate": "0.19", "net": "18.00"}
    assert InvoiceLine.model_validate({"order_line": str(line_id), **amounts}).order_line_id == line_id
    assert ShippedLine.model_validate({"line": str(line_id), "quantity": "1"}).model_dump()["line_id"] == line_id


def test_a_reversed_payment_stays_reversed() -> None:
    assert payment_states_after("reversed") == []


def test_each_age_begins_where_the_one_before_it_ends() -> None:
    *ends, oldest = LAST_DAYS.values()
    assert (list(LAST_DAYS), ends, oldest) == (list(Age), [0, 30, 60, 90], None)
