"""The events of the longest documents that are accepted are far from what a topic takes."""

from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from chassis.bus import LARGEST_MESSAGE_BYTES
from chassis.db import uuid7
from chassis.replication import Kind
from contracts.order import LineWish, OrderAnswer, OrderReason, OrderRequest
from erp.finance.invoicing.commands.issue import MOST_LINES
from erp.finance.invoicing.events import INVOICE
from erp.finance.invoicing.models import Invoice, InvoiceLine
from erp.sales.orders.events import ORDER
from erp.sales.orders.schemas import OrderBody

from .orders.factories import line, order

WIDE = "\U0001f600"
"""A character of four bytes, which a length in characters counts once."""
GREATEST = "999999999999999.9999"
ORDER_LINES = 400
"""Each of two systems may have entered as many as one order takes, at the same time."""


def event_bytes(kind: Kind, row: Any) -> int:
    """The size of an event that says that every group of the row has changed from a value of the same length."""
    values = kind.read(row)
    changes = [{"group": group, "old": value, "new": value, "ctx": 2**32} for group, value in values.items()]
    sync = {group: {"seq": 2**32, "rev": 2**32, "hlc": 2**60} for group in values}
    return len(orjson.dumps({"changes": changes, "snapshot": values, "sync": sync}))


def test_the_event_of_the_longest_order_fits_into_a_message() -> None:
    assert OrderBody.model_json_schema()["properties"]["lines"]["maxItems"] * 2 == ORDER_LINES
    lines = [line(GREATEST, GREATEST) for _ in range(ORDER_LINES)]
    for each in lines:
        each.description = WIDE * 200
    row = order(lines=lines, notes=WIDE * 10_000, reference=WIDE * 60)
    wishes = tuple(LineWish(line_id=each.id, quantity=Decimal(GREATEST)) for each in lines[:200])
    request = OrderRequest(id=uuid7(), kind="change", reason=WIDE * 10_000, lines=wishes)
    row.request = request.model_dump(mode="json")
    row.answer = OrderAnswer(request=request.id, outcome="refused", reason=WIDE * 10_000).model_dump(mode="json")
    row.reason = OrderReason(code=WIDE * 60, text=WIDE * 10_000).model_dump(mode="json")
    assert event_bytes(ORDER, row) < LARGEST_MESSAGE_BYTES / 2


def test_the_event_of_the_longest_invoice_fits_into_a_message() -> None:
    lines = [
        InvoiceLine(
            order_line_id=uuid7(),
            description=WIDE * 200,
            net=Decimal(GREATEST),
            quantity=Decimal(GREATEST),
            unit_price=Decimal(GREATEST),
            discount=Decimal("0.9999"),
            tax_rate=Decimal("0.9999"),
        )
        for _ in range(MOST_LINES)
    ]
    row = Invoice(number="INV-2026-000001", issued_on=date(2026, 3, 1), due_on=date(2026, 4, 1), currency="EUR")
    row.customer_id, row.taxes, row.lines, row.archived_at, row.dunning_level = uuid7(), [], lines, None, 9
    row.net = row.tax = row.total = row.settled = Decimal(GREATEST)
    assert event_bytes(INVOICE, row) < LARGEST_MESSAGE_BYTES / 2
