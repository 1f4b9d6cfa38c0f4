"""What orders and shipments announce, and the groups in which they are merged with those of other systems."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.errors import Conflict
from chassis.replication import Group, Kind, checked, family, fields, single
from contracts.groups import GROUPS
from contracts.order import NEXT_STATES, OrderState

from erp.sales.orders import queries
from erp.sales.orders.models import Order, Shipment
from erp.sales.orders.rules import TAKEN_FROM_OTHERS, WITH_OTHERS, IllegalTransition, amount_text, from_others

SHAPES = GROUPS["order"]
ACTOR = "orders"
"""The author of what the ERP does by itself: decisions and answers."""


class AlreadyDecided(Conflict):
    code = "already-decided"
    title = "The ERP has decided on this order"
    detail = "It is {state}: from there only the ERP changes what was ordered ({group})."
    hint = "Ask for it: a request to cancel or to change the order is answered by the ERP."


class ErpDocument(Conflict):
    code = "erp-document"
    title = "Only the ERP writes this"
    detail = "{group} is given by the ERP and cannot be brought by another system."
    hint = "Ship or take back in the ERP; the document arrives everywhere by itself."


def _read_state(row: Order) -> str:
    return row.state


def _write_state(row: Order, value: Any) -> None:
    """A new order may come in any state that is not the ERP's to give; later the table of states decides."""
    wanted = OrderState(checked(SHAPES["state"].value, value, "state"))
    if not row.is_new:
        row.follow(wanted)
    elif wanted in TAKEN_FROM_OTHERS:
        row.state = wanted.value
    else:
        from_others(OrderState.DRAFT, wanted)


def _read_dates(row: Order) -> dict[str, Any] | None:
    if not row.ordered_on:
        return None  # A blank order, about to be written for the first time.
    return {"ordered_on": row.ordered_on.isoformat(), "required_on": row.required_on and row.required_on.isoformat()}


def _write_dates(row: Order, value: Any) -> None:
    row.change(checked(SHAPES["dates"].value, value, "dates"))


def _read_submitted_at(row: Order) -> str | None:
    return zulu(row.submitted_at) if row.submitted_at else None


def _write_submitted_at(row: Order, value: Any) -> None:
    row.change({"submitted_at": checked(SHAPES["submitted_at"].value, value, "submitted_at")})


def _write_notes(row: Order, value: Any) -> None:
    row.change({"notes": checked(SHAPES["notes"].value, value, "notes") or ""})


def _write_whole(row: Order, value: Any) -> None:
    row.change({"whole": bool(checked(SHAPES["whole"].value, value, "whole"))})


def _read_lines(row: Order) -> dict[str, Any]:
    return {str(line.id): line.value() for line in row.lines}


def _write_line(row: Order, member: str, value: Any) -> None:
    group = f"line:{member}"
    line_id = UUID(checked(SHAPES["line"].member, member, group))
    row.set_line(line_id, checked(SHAPES["line"].value, value, group) if value else None)


def zulu(moment: datetime) -> str:
    """A time in the one form that it has on events."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _until_decided(group: Group) -> Group:
    """The same group, closed to others from the ERP's decision on. A new order is taken as it comes."""

    def write(row: Order, key: str, value: Any) -> None:
        if not row.is_new and row.present not in WITH_OTHERS:
            allowed = sorted(NEXT_STATES[row.present] & TAKEN_FROM_OTHERS)
            raise AlreadyDecided(state=row.state, allowed=allowed, group=key)
        group.write(row, key, value)

    return replace(group, write=write)


def _ours(group: Group) -> Group:
    """The same group, closed to others."""

    def write(_row: Any, key: str, _value: Any) -> None:
        raise ErpDocument(group=key)

    return replace(group, write=write)


def _create(values: Mapping[str, Any]) -> Order:
    """A row for what is delivered; without a customer, a currency, a date and a state there is no order."""
    for name in REQUIRED:
        checked(SHAPES[name].value, values.get(name), name)
    if values["state"] not in TAKEN_FROM_OTHERS:
        raise IllegalTransition(state="unknown", wanted=values["state"], allowed=sorted(TAKEN_FROM_OTHERS))
    return Order.blank()


REQUIRED = ("customer", "state", "currency", "dates")
ORDER = Kind(
    "order",
    system="erp",
    create=_create,
    rows=queries.rows,
    required=REQUIRED,
    groups=(
        fields("state", _read_state, _write_state),
        _until_decided(single("customer", UUID, field="customer_id", reference="customer")),
        _until_decided(single("currency", SHAPES["currency"].value)),
        _until_decided(fields("dates", _read_dates, _write_dates)),
        _until_decided(fields("submitted_at", _read_submitted_at, _write_submitted_at)),
        single("sales_number", SHAPES["sales_number"].value),
        _ours(single("number", SHAPES["number"].value)),
        _until_decided(single("reference", SHAPES["reference"].value)),
        _until_decided(single("shipping_address", SHAPES["shipping_address"].value)),
        _until_decided(fields("whole", lambda row: row.whole or None, _write_whole)),
        _until_decided(fields("notes", lambda row: row.notes, _write_notes)),
        single("reason", SHAPES["reason"].value),
        single("request", SHAPES["request"].value),
        _ours(single("answer", SHAPES["answer"].value)),
        replace(_until_decided(family("line", _read_lines, _write_line)), reference="product"),
    ),
)


def _read_document(row: Shipment) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "shipped_on": row.shipped_on.isoformat(),
        "carrier": row.carrier,
        "tracking": row.tracking,
    }


def _read_shipped(row: Shipment) -> list[dict[str, Any]]:
    return [{"line": str(line.line_id), "quantity": amount_text(line.quantity)} for line in row.lines]


def _not_here(_values: Mapping[str, Any]) -> Shipment:
    raise ErpDocument(group="shipment")


def _nothing(_row: Any, _value: Any) -> None:
    """Never called: the groups of a shipment are ours."""


SHIPMENT = Kind(
    "shipment",
    system="erp",
    create=_not_here,
    rows=queries.shipment_rows,
    groups=(
        _ours(single("order", UUID, field="order_id", reference="order")),
        _ours(fields("document", _read_document, _nothing)),
        _ours(fields("lines", _read_shipped, _nothing)),
    ),
)
