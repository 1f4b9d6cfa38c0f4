"""What an order knows by itself, without a database."""

from decimal import Decimal
from itertools import permutations, product
from typing import Any
from uuid import uuid4

import pytest
from chassis.errors import Conflict
from contracts.order import NEXT_STATES, OrderState, RequestKind
from erp.sales.orders.events import ORDER, AlreadyDecided, ErpDocument
from erp.sales.orders.models import Order
from erp.sales.orders.rules import (
    ALLOWED,
    TAKEN_FROM_OTHERS,
    WITH_OTHERS,
    Action,
    CreditCurrency,
    CreditExceeded,
    IllegalTransition,
    MoreThanOrdered,
    MoreThanShipped,
    amount_text,
    check_credit,
    refusal_of,
    require,
)
from hypothesis import given
from hypothesis import strategies as st

from .factories import line, line_value, order

STEPS = list(product(OrderState, OrderState))
NOT_ALLOWED = [(present, wanted) for present, wanted in STEPS if wanted not in NEXT_STATES[present]]
CREDIT: dict[str, Any] = {"limit": "1000.00", "currency": "EUR", "blocked": False}


def written(row: Order, key: str, value: Any) -> None:
    group = ORDER.group(key)
    assert group is not None
    group.write(row, key, value)


@pytest.mark.parametrize(("present", "wanted"), [step for step in STEPS if step not in NOT_ALLOWED])
def test_an_order_comes_to_the_states_that_may_follow(present: OrderState, wanted: OrderState) -> None:
    row = order(present)
    row.go(wanted)
    assert row.present is wanted


@pytest.mark.parametrize(("present", "wanted"), NOT_ALLOWED)
def test_any_other_step_is_a_conflict_that_says_what_is_allowed(present: OrderState, wanted: OrderState) -> None:
    row = order(present)
    with pytest.raises(IllegalTransition) as refused:
        row.go(wanted)
    document = refused.value.document()
    assert document["status"] == 409
    assert document["state"] == present
    assert document["allowed"] == list(ALLOWED[present])
    assert row.present is present


@pytest.mark.parametrize(("present", "action"), [(each, action) for each in OrderState for action in Action])
def test_an_action_is_refused_with_those_that_the_state_allows(present: OrderState, action: Action) -> None:
    if action in ALLOWED[present]:
        require(present, action)
        return
    with pytest.raises(IllegalTransition) as refused:
        require(present, action)
    assert refused.value.document()["allowed"] == list(ALLOWED[present])


def test_actions_that_take_an_order_to_a_state_are_allowed_where_that_state_may_follow() -> None:
    leads = {Action.SUBMIT: OrderState.SUBMITTED, Action.HOLD: OrderState.ON_HOLD, Action.CANCEL: OrderState.CANCELLED}
    for action, state in {**leads, Action.CONFIRM: OrderState.CONFIRMED}.items():
        assert {each for each in OrderState if action in ALLOWED[each]} == {
            each for each in OrderState if state in NEXT_STATES[each]
        }


@pytest.mark.parametrize(("present", "wanted"), STEPS)
def test_another_system_brings_its_own_states_and_no_others(present: OrderState, wanted: OrderState) -> None:
    row = order(present)
    if wanted is present or wanted in NEXT_STATES[present] & TAKEN_FROM_OTHERS:
        written(row, "state", wanted.value)
        assert row.present is wanted
    else:
        with pytest.raises(IllegalTransition) as refused:
            written(row, "state", wanted.value)
        assert refused.value.document()["state"] == present
        assert row.present is present


@pytest.mark.parametrize("present", list(OrderState))
def test_others_change_lines_until_the_erp_has_decided(present: OrderState) -> None:
    row, key = order(present), f"line:{uuid4()}"
    if present in WITH_OTHERS:
        written(row, key, line_value(uuid4()))
        assert len(row.lines) == 1
    else:
        with pytest.raises(AlreadyDecided) as refused:
            written(row, key, line_value(uuid4()))
        assert refused.value.facts["state"] == present
        assert set(refused.value.facts["states"]) <= NEXT_STATES[present]
        assert row.lines == []


@pytest.mark.parametrize("wanted", list(OrderState))
def test_a_new_order_may_come_as_a_draft_submitted_or_cancelled(wanted: OrderState) -> None:
    row = order(seq=0)
    if wanted in TAKEN_FROM_OTHERS:
        written(row, "state", wanted.value)
        written(row, f"line:{uuid4()}", line_value(uuid4()))
        assert (row.present, len(row.lines)) == (wanted, 1)
    else:
        with pytest.raises(IllegalTransition):
            written(row, "state", wanted.value)


@pytest.mark.parametrize("group", ["number", "answer"])
def test_numbers_and_answers_are_given_here(group: str) -> None:
    with pytest.raises(ErpDocument):
        written(order(), group, "O-000001")


def test_every_group_that_others_may_write_reads_as_it_was_written() -> None:
    row = order(customer_id=None)
    values = {
        "customer": str(uuid4()),
        "currency": "EUR",
        "dates": {"ordered_on": "1996-07-04", "required_on": "1996-08-01"},
        "submitted_at": "1996-07-04T08:00:00Z",
        "sales_number": "SO-000001",
        "reference": "4711",
        "shipping_address": {"lines": ["A"], "postal_code": None, "city": "B", "region": None, "country": "DE"},
        "whole": True,
        "notes": "Call first",
        "reason": {"code": "cancelled", "text": "Too late"},
        "request": {"id": str(uuid4()), "kind": "cancel", "reason": None, "lines": []},
        f"line:{uuid4()}": line_value(uuid4(), "2.5"),
    }
    for key, value in values.items():
        written(row, key, value)
    assert ORDER.read(row) == {**values, "state": "draft", "life": "live"}


def test_a_line_that_is_sent_empty_is_gone() -> None:
    row = order(lines=[line()])
    written(row, f"line:{row.lines[0].id}", None)
    assert row.lines == []


def test_all_that_was_ordered_makes_an_order_shipped_and_then_invoiced() -> None:
    row = order(OrderState.CONFIRMED, [line("10"), line("5")])
    first, second = (each.id for each in row.lines)
    steps: list[tuple[Any, dict[Any, Decimal], str]] = [
        (row.ship, {first: Decimal(4)}, "partly_shipped"),
        (row.bill, {first: Decimal(4)}, "partly_shipped"),
        (row.ship, {first: Decimal(6), second: Decimal(5)}, "shipped"),
        (row.bill, {first: Decimal(6)}, "shipped"),
        (row.bill, {second: Decimal(5)}, "invoiced"),
    ]
    for act, quantities, state in steps:
        act(quantities)
        assert row.state == state
    assert not row.on_order


def test_no_more_goes_out_than_was_ordered_and_no_more_comes_back_than_went_out() -> None:
    row = order(OrderState.CONFIRMED, [line("10")])
    (only,) = row.lines
    row.ship({only.id: Decimal(4)})
    with pytest.raises(MoreThanOrdered):
        row.ship({only.id: Decimal("6.0001")})
    with pytest.raises(MoreThanShipped):
        row.take_back({only.id: Decimal("4.0001")})
    with pytest.raises(MoreThanShipped):
        row.bill({only.id: Decimal(5)})
    assert (str(only.shipped), str(only.returned), str(only.invoiced)) == ("4", "0", "0")


def test_what_came_back_is_neither_invoiced_nor_waited_for() -> None:
    row = order(OrderState.CONFIRMED, [line("10", "1", tax_rate="0")])
    (only,) = row.lines
    row.ship({only.id: Decimal(10)})
    row.take_back({only.id: Decimal(3)})
    assert row.on_order == 7
    row.bill({only.id: Decimal(7)})
    assert row.present is OrderState.INVOICED


def test_an_order_that_came_back_whole_before_it_was_billed_is_closed() -> None:
    row = order(OrderState.CONFIRMED, [line("10")])
    (only,) = row.lines
    row.ship({only.id: Decimal(10)})
    row.take_back({only.id: Decimal(10)})
    assert row.present is OrderState.CLOSED
    assert not row.on_order


def test_credit_counts_what_is_owed_on_order_and_wanted() -> None:
    check_credit(CREDIT, "EUR", Decimal(500), Decimal(300), Decimal(200))
    check_credit(None, "USD", Decimal(10**9), Decimal(0), Decimal(1))
    with pytest.raises(CreditExceeded) as refused:
        check_credit(CREDIT, "EUR", Decimal(500), Decimal(300), Decimal("200.01"))
    document = refused.value.document()
    assert (document["limit"], document["exposure"], document["wanted"]) == ("1000", "1000.01", "200.01")
    assert "increase the balance to 1000.01 EUR" in document["detail"]


def test_a_limit_in_another_currency_says_nothing_about_the_order() -> None:
    with pytest.raises(CreditCurrency):
        check_credit(CREDIT, "USD", Decimal(0), Decimal(0), Decimal(1))


@pytest.mark.parametrize(("state", "kind"), list(product(OrderState, RequestKind)))
def test_a_request_is_granted_while_it_is_not_too_late(state: OrderState, kind: RequestKind) -> None:
    shipped = state in (OrderState.SHIPPED, OrderState.INVOICED, OrderState.CLOSED)
    unwanted = {
        RequestKind.CANCEL: shipped or state is OrderState.PARTLY_SHIPPED,
        RequestKind.CHANGE: shipped or state in (OrderState.DRAFT, OrderState.CANCELLED),
    }
    assert (refusal_of(state, kind) is not None) == unwanted[kind]


def test_the_reason_of_a_refusal_is_a_sentence() -> None:
    assert refusal_of(OrderState.PARTLY_SHIPPED, RequestKind.CANCEL) == "The order is partly shipped."


def test_totals_are_rounded_per_line_and_the_tax_per_rate() -> None:
    row = order(lines=[line("3", "0.335"), line("1", "0.335"), line("1", "10", tax_rate="0.07")])
    totals = row.totals
    assert totals.net == Decimal("11.34")  # 1.005 becomes 1.00 and 0.335 becomes 0.34: half-even, line by line.
    assert [(each.rate, each.net, each.tax) for each in totals.taxes] == [
        (Decimal("0.07"), Decimal("10.00"), Decimal("0.70")),
        (Decimal("0.19"), Decimal("1.34"), Decimal("0.25")),
    ]


AMOUNTS = st.decimals(min_value="0.0001", max_value=10**6, places=4)
LINES = st.builds(
    lambda quantity, price, discount, rate: (str(quantity), str(price), str(discount), str(rate)),
    AMOUNTS,
    AMOUNTS,
    st.decimals(min_value=0, max_value=1, places=2),
    st.sampled_from(["0", "0.07", "0.19"]),
)


@given(st.lists(LINES, min_size=1, max_size=4))
def test_totals_do_not_depend_on_the_order_of_the_lines(values: list[tuple[str, str, str, str]]) -> None:
    lines = [line(quantity, price, discount=discount, tax_rate=rate) for quantity, price, discount, rate in values]
    found = {order(lines=arranged).totals for arranged in permutations(lines)}
    assert len(found) == 1


@given(st.decimals(min_value=0, max_value=10**14, places=4))
def test_an_amount_has_one_form_on_events(amount: Decimal) -> None:
    text = amount_text(amount)
    assert Decimal(text) == amount
    assert "E" not in text
    assert "." not in text or not text.endswith("0")


def test_errors_are_conflicts() -> None:
    """Not malformed requests: who sent them could not know."""
    assert issubclass(IllegalTransition, Conflict)
    assert issubclass(CreditExceeded, Conflict)
