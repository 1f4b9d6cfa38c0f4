"""What an order knows by itself, without a database."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.testing import refuses
from contracts.order import LineWish, OrderRequest, OrderState, RequestKind
from crm.sales.orders import rules
from crm.sales.orders.events import ORDER, SHIPMENT
from crm.sales.orders.models import NothingOrdered, Order, OrderStateForbids, RequestOpen, Shipment
from crm.sales.orders.rules import ALLOWED, Action, PaymentStatus
from crm.wiring import IMPORTS
from hypothesis import given
from hypothesis import strategies as st
from lines.amounts import exact_net, totals_of
from lines.pricing import NoSuchLine

from .factories import CUSTOMER, PRODUCT, line, order

NORTHWIND = Path(__file__).parents[4] / "tests" / "data" / "northwind"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
amounts = st.decimals(0, 10_000, places=4)


def request(kind: RequestKind = RequestKind.CANCEL, **values: Any) -> OrderRequest:
    return OrderRequest(id=uuid4(), kind=kind, **values)


def act(row: Order, action: Action) -> None:
    match action:
        case Action.SUBMIT:
            row.submit(NOW)
        case Action.CANCEL:
            row.cancel("Too late")
        case Action.REQUEST:
            row.ask(request())
        case _:
            row.allow(action)


@pytest.mark.parametrize("state", list(OrderState))
@pytest.mark.parametrize("action", list(Action))
def test_what_a_state_does_not_allow_is_refused_with_what_it_does(state: OrderState, action: Action) -> None:
    row = order(state=state.value)
    if action in ALLOWED[state]:
        act(row, action)
        return
    before = ORDER.read(row)
    with pytest.raises(OrderStateForbids) as refused:
        act(row, action)
    facts = refused.value.document()
    assert (facts["state"], facts["allowed"]) == (state.value, [each.value for each in ALLOWED[state]])
    assert ORDER.read(row) == before


def test_submitting_says_when() -> None:
    row = order()
    row.submit(NOW)
    assert (row.state, row.submitted_at) == ("submitted", NOW)


def test_an_order_without_lines_is_not_submitted() -> None:
    row = order()
    row.set_lines([])
    with pytest.raises(NothingOrdered):
        row.submit(NOW)


def test_a_cancelled_order_says_why() -> None:
    row = order(state="submitted")
    row.cancel("Ordered twice")
    assert (row.state, row.reason) == ("cancelled", {"code": "cancelled-by-sales", "text": "Ordered twice"})


def test_the_erp_is_asked_one_thing_at_a_time() -> None:
    row = order(state="confirmed")
    row.ask(request())
    with pytest.raises(RequestOpen):
        row.ask(request())
    assert row.request is not None
    row.change({"answer": {"request": row.request["id"], "outcome": "refused", "reason": "Packed"}})
    assert not row.request_open
    row.ask(request())
    assert row.request_open


def test_a_wish_about_a_line_of_another_order_is_refused() -> None:
    row = order(state="confirmed")
    with pytest.raises(NoSuchLine):
        row.ask(request(RequestKind.CHANGE, lines=(LineWish(line_id=uuid4(), quantity=Decimal(1)),)))


def test_totals_follow_the_lines() -> None:
    row = order()
    assert (row.net, row.tax, row.total) == (Decimal("111.72"), Decimal("21.23"), Decimal("132.95"))
    row.set_line(row.lines[0].id, None)
    assert [row.net, row.tax, row.total] == [0, 0, 0]


def test_all_lines_of_northwind_come_to_the_published_sums() -> None:
    with (NORTHWIND / "order_details.csv").open(encoding="utf-8") as stream:
        lines = [
            line(
                quantity=Decimal(row["quantity"]),
                unit_price=Decimal(row["unit_price"]),
                discount=Decimal(row["discount"]),
            )
            for row in csv.DictReader(stream)
        ]
    assert len(lines) == 2155
    assert exact_net(lines) == Decimal("1265793.0395")
    assert totals_of(lines, (), "USD").net == Decimal("1265793.02")


@given(st.lists(st.tuples(amounts, amounts, st.sampled_from(("0", "0.05", "0.25")), st.sampled_from(("0", "0.19")))))
def test_the_order_of_the_lines_does_not_matter(values: list[tuple[Decimal, Decimal, str, str]]) -> None:
    lines = [
        line(quantity=quantity, unit_price=price, discount=Decimal(discount), tax_rate=Decimal(rate))
        for quantity, price, discount, rate in values
    ]
    assert totals_of(lines, (), "EUR") == totals_of(reversed(lines), (), "EUR")


@pytest.mark.parametrize(
    ("invoices", "status"),
    [
        ([], PaymentStatus.UNPAID),
        ([("10", "10")], PaymentStatus.UNPAID),
        ([("10", "4")], PaymentStatus.PARTLY_PAID),
        ([("10", "0"), ("5", "5")], PaymentStatus.PARTLY_PAID),
        ([("10", "0"), ("5", "0")], PaymentStatus.PAID),
    ],
)
def test_an_order_is_paid_when_all_its_invoices_are(invoices: list[tuple[str, str]], status: PaymentStatus) -> None:
    assert rules.payment_status((Decimal(total), Decimal(left)) for total, left in invoices) == status


def test_every_group_that_is_read_can_be_written() -> None:
    source = order(
        state="on_hold",
        ordered_on=NOW.date(),
        required_on=NOW.date(),
        submitted_at=NOW,
        sales_number="SO-000001",
        number="O-000007",
        reference="PO 7",
        shipping_address={"lines": ["A"], "postal_code": None, "city": None, "region": None, "country": "DE"},
        whole=True,
        notes="Ring twice",
        reason={"code": "credit-exceeded", "text": "The limit is 10 EUR."},
        request=request().model_dump(mode="json"),
        answer={"request": str(uuid4()), "outcome": "accepted", "reason": None},
    )
    target = Order.blank()
    for key, value in ORDER.read(source).items():
        group = ORDER.group(key)
        assert group is not None
        group.write(target, key, value)
    assert ORDER.read(target) == ORDER.read(source)
    assert (target.net, target.total, target.request_open) == (source.net, source.total, True)
    assert target.lines[0].id == source.lines[0].id


def test_every_group_of_a_shipment_that_is_read_can_be_written() -> None:
    document = {"number": "S-1", "kind": "return", "shipped_on": "2026-03-04", "carrier": "DHL", "tracking": None}
    shipped = [{"line_id": str(PRODUCT), "quantity": "2.5"}]
    values = {"order": str(CUSTOMER), "document": document, "lines": shipped}
    row = SHIPMENT.create(values)
    for key, value in values.items():
        SHIPMENT.by_name[key].write(row, key, value)
    assert SHIPMENT.read(row) == {**values, "life": "live"}
    assert isinstance(row, Shipment)
    assert (row.is_return, row.quantity_of(PRODUCT)) == (True, Decimal("2.5"))


def test_values_that_were_stored_under_earlier_names_are_published_under_the_present_ones() -> None:
    shipment = Shipment(lines=[{"line": str(PRODUCT), "quantity": "2.5"}])
    assert SHIPMENT.by_name["lines"].read(shipment) == {"lines": [{"line_id": str(PRODUCT), "quantity": "2.5"}]}
    assert shipment.quantity_of(PRODUCT) == Decimal("2.5")
    row = order(request={"id": str(uuid4()), "kind": "change", "lines": [{"line": str(PRODUCT), "quantity": "1"}]})
    assert row.request is not None
    ORDER.by_name["request"].write(row, "request", row.request)
    assert row.request["lines"] == [{"line_id": str(PRODUCT), "quantity": "1"}]


@pytest.mark.parametrize("state", list(OrderState))
def test_no_rule_stands_in_the_way_of_the_erps_word(state: OrderState) -> None:
    for before in OrderState:
        row = order(state=before.value)
        ORDER.by_name["state"].write(row, "state", state.value)
        assert row.state == state


def test_a_price_that_another_system_set_is_not_ours_any_more() -> None:
    row = order()
    (mine,) = row.lines
    value = ORDER.read(row)[f"line:{mine.id}"]
    group = ORDER.by_name["line"]
    group.write(row, f"line:{mine.id}", {**value, "quantity": "6"})
    assert (mine.quantity, mine.price_from, mine.tax_from) == (Decimal(6), "entered", "declared")
    group.write(row, f"line:{mine.id}", {**value, "unit_price": "9", "tax_rate": "0.07"})
    assert (mine.price_from, mine.tax_from, row.net) == ("delivered", "delivered", Decimal("102.60"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("state", "lost"),
        ("state", None),
        ("customer", "C-1"),
        ("currency", "gold"),
        ("dates", {"ordered_on": "tomorrow"}),
        ("line:first", {}),
        (f"line:{UUID(int=1)}", {"quantity": "1"}),
        ("request", {"kind": "cancel"}),
    ],
)
def test_a_delivered_value_is_checked_like_one_that_is_typed(key: str, value: object) -> None:
    row = order(ordered_on=NOW.date())
    refuses(ORDER, row, key, value)


def test_a_row_of_a_file_and_its_lines_become_a_document() -> None:
    cells = {"customer_id": "ALFKI", "shipping_address.country": "USA", "required_on": "", "submit": "true"}
    lines = [{"product_id": "11", "quantity": "12", "discount": ""}]
    assert IMPORTS["orders"].document(cells, lines) == {
        "customer_id": "ALFKI",
        "shipping_address": {"country": "US"},
        "required_on": None,
        "submit": True,
        "lines": [{"product_id": "11", "quantity": "12"}],
    }
