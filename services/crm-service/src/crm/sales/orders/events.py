"""What orders announce, and the groups in which they and their shipments are merged with those of other systems.

Nothing is refused for the state it is in: once an order is submitted, what the ERP says of it holds.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.replication import Kind, checked, composed, family, fields, single
from contracts.groups import GROUPS

from contracts import order as contract
from crm.sales.orders import queries
from crm.sales.orders.models import Order, OrderLine, Shipment

SHAPES = GROUPS["order"]
SHIPPED = GROUPS["shipment"]
SINGLE = ("sales_number", "number", "reference", "shipping_address", "reason", "request", "answer")


def _text(reference: UUID | None) -> str | None:
    return str(reference) if reference else None


def _write_state(row: Order, value: Any) -> None:
    row.change({"state": checked(SHAPES["state"].value, value, "state")})


def _write_customer(row: Order, value: Any) -> None:
    row.change({"customer_id": UUID(checked(UUID, value, "customer"))})


def _write_currency(row: Order, value: Any) -> None:
    row.change({"currency": checked(SHAPES["currency"].value, value, "currency")})


def _read_submitted_at(row: Order) -> Any:
    moment = row.submitted_at
    return moment and moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _write_submitted_at(row: Order, value: Any) -> None:
    moment = checked(SHAPES["submitted_at"].value, value or None, "submitted_at")
    row.change({"submitted_at": moment and datetime.fromisoformat(moment)})


def _write_whole(row: Order, value: Any) -> None:
    row.change({"whole": bool(checked(SHAPES["whole"].value, value, "whole"))})


def _write_notes(row: Order, value: Any) -> None:
    row.change({"notes": checked(SHAPES["notes"].value, value, "notes") or ""})


def line_value(line: OrderLine) -> contract.OrderLine:
    """The line in its published form."""
    return contract.OrderLine(
        position=line.position,
        product=str(line.product_id),
        description=line.description,
        quantity=line.quantity,
        unit_price=line.unit_price,
        discount=line.discount,
        tax_class=line.tax_class,
        tax_rate=line.tax_rate,
    )


def _read_lines(row: Order) -> dict[str, Any]:
    return {str(line.id): line_value(line).model_dump(mode="json") for line in row.lines}


def _write_line(row: Order, member: str, value: Any) -> None:
    group = f"line:{member}"
    line_id = UUID(checked(SHAPES["line"].member, member, group))
    if not value:
        row.set_line(line_id, None)
        return
    line = contract.OrderLine.model_validate(checked(contract.OrderLine, value, group))
    product_id = UUID(checked(UUID, line.product, f"{group}.product"))
    row.set_line(line_id, {**line.model_dump(exclude={"product"}), "product_id": product_id})


def _create(values: Mapping[str, Any]) -> Order:
    """A row for what is delivered; without all that is required there is no order."""
    for name in ORDER.required:
        checked(SHAPES[name].value, values.get(name), name)
    return Order.blank()


ORDER = Kind(
    "order",
    system="crm",
    create=_create,
    rows=queries.rows,
    required=("state", "customer", "currency", "dates"),
    groups=(
        fields("state", lambda row: row.state, _write_state),
        replace(fields("customer", lambda row: _text(row.customer_id), _write_customer), reference="customer"),
        fields("currency", lambda row: row.currency, _write_currency),
        composed("dates", contract.OrderDates),
        fields("submitted_at", _read_submitted_at, _write_submitted_at),
        *(single(name, SHAPES[name].value) for name in SINGLE),
        fields("whole", lambda row: row.whole or None, _write_whole),
        fields("notes", lambda row: row.notes, _write_notes),
        replace(family("line", _read_lines, _write_line), reference="product"),
    ),
)


def _write_order(row: Shipment, value: Any) -> None:
    row.order_id = UUID(checked(UUID, value, "order"))


def _write_shipped(row: Shipment, value: Any) -> None:
    row.lines = checked(SHIPPED["lines"].value, value, "lines")


def _create_shipment(values: Mapping[str, Any]) -> Shipment:
    """A row for what the ERP delivers; nobody enters one here."""
    for name in SHIPMENT.required:
        checked(SHIPPED[name].value, values.get(name), name)
    return Shipment()


SHIPMENT = Kind(
    "shipment",
    system="crm",
    create=_create_shipment,
    rows=queries.shipment_rows,
    required=("order", "document", "lines"),
    groups=(
        replace(fields("order", lambda row: _text(row.order_id), _write_order), reference="order"),
        composed("document", contract.ShipmentDocument),
        fields("lines", lambda row: row.lines, _write_shipped),
    ),
)
