"""Orders and shipments in the ERP; `contracts.kinds.order` declares their groups."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.errors import Conflict
from chassis.replication import Group, checked, family, fields, kind_from
from contracts.charge import Charge
from contracts.kinds.policies import strict
from contracts.money import rounded
from contracts.order import NEXT_STATES, OrderLine, OrderRequest, OrderState, published_request
from contracts.values import CURRENCY_EXPONENTS
from pydantic import AwareDatetime
from records import rows_of
from sqlalchemy.orm import selectinload

from contracts import kinds
from erp.sales.orders.models import Order, Shipment
from erp.sales.orders.rules import TAKEN_FROM_OTHERS, WITH_OTHERS, IllegalTransition, amount_text, from_others

ACTOR = "orders"
"""The actor of the ERP's automatic changes: decisions and answers."""

OURS = {group.name for group in kinds.ORDER.groups if group.policy == strict("erp")}
UNTIL_DECIDED = {group.name for group in kinds.ORDER.groups if group.policy.then}


class AlreadyDecided(Conflict):
    code = "already-decided"
    title = "The ERP has decided on this order"
    detail = "It is {state}: in this state only the ERP changes {group}."
    hint = "Send a request to cancel or to change the order; the ERP answers it."


class ErpDocument(Conflict):
    code = "erp-document"
    title = "Only the ERP writes this group"
    detail = "The ERP assigns {group}; other systems cannot change it."
    hint = "Ship or register a return in the ERP; the document is delivered to all systems automatically."


def _write_state(row: Order, value: Any) -> None:
    """A new order may have any state that other systems may set; later the table of transitions decides."""
    wanted = OrderState(checked(OrderState, value, "state"))
    if not row.is_new:
        row.follow(wanted)
    elif wanted in TAKEN_FROM_OTHERS:
        row.state = wanted.value
    else:
        from_others(OrderState.DRAFT, wanted)


def _read_submitted_at(row: Order) -> str | None:
    return zulu(row.submitted_at) if row.submitted_at else None


def _write_submitted_at(row: Order, value: Any) -> None:
    row.change({"submitted_at": checked(AwareDatetime | None, value, "submitted_at")})


def _read_lines(row: Order) -> dict[str, Any]:
    return {str(line.id): line.value() for line in row.lines}


def _write_line(row: Order, member: str, value: Any) -> None:
    group = f"line:{member}"
    line_id = UUID(checked(UUID, member, group))
    row.set_line(line_id, checked(OrderLine, value, group) if value else None)


def _write_charge(row: Order, member: str, value: Any) -> None:
    group = f"charge:{member}"
    row.set_charge(UUID(checked(UUID, member, group)), checked(Charge, value, group) if value else None)


def _write_request(row: Order, value: Any) -> None:
    row.change({"request": checked(OrderRequest | None, value or None, "request")})


def zulu(moment: datetime) -> str:
    """A time in the normalised form of events."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _kept(group: Group) -> Group:
    """The same group, closed to other systems: some always, the rest after the ERP's decision."""
    if group.name in OURS:
        return _ours(group)
    return _until_decided(group) if group.name in UNTIL_DECIDED else group


def _until_decided(group: Group) -> Group:
    """The same group, closed to other systems after the ERP's decision. A new order is accepted unchanged."""

    def write(row: Order, key: str, value: Any) -> None:
        if not row.is_new and row.present not in WITH_OTHERS:
            states = sorted(NEXT_STATES[row.present] & TAKEN_FROM_OTHERS)
            raise AlreadyDecided(state=row.state, states=states, group=key)
        group.write(row, key, value)

    return replace(group, write=write)


def _ours(group: Group) -> Group:
    """The same group, closed to other systems."""

    def write(_row: Any, key: str, _value: Any) -> None:
        raise ErpDocument(group=key)

    return replace(group, write=write)


def _create(values: Mapping[str, Any]) -> Order:
    if values["state"] not in TAKEN_FROM_OTHERS:
        raise IllegalTransition(state="unknown", wanted=values["state"], states=sorted(TAKEN_FROM_OTHERS))
    return Order.blank()


def _show(row: Order) -> dict[str, str]:
    """The totals; none in a currency that has no known rounding, so that such an order can still be announced."""
    if row.currency not in CURRENCY_EXPONENTS:
        return {}
    totals = row.totals
    return {name: str(rounded(getattr(totals, name), row.currency)) for name in ("net", "tax", "total")}


ORDER = kind_from(
    kinds.ORDER,
    fields("state", lambda row: row.state, _write_state),
    fields("submitted_at", _read_submitted_at, _write_submitted_at),
    fields("request", lambda row: published_request(row.request), _write_request),
    family("line", _read_lines, _write_line),
    family("charge", Order.charge_values, _write_charge),
    system="erp",
    row=Order,
    rows=rows_of(Order, selectinload(Order.lines)),
    create=_create,
    through=_kept,
    show=_show,
)


def _read_shipped(row: Shipment) -> list[dict[str, Any]]:
    return [{"line_id": str(line.line_id), "quantity": amount_text(line.quantity)} for line in row.lines]


SHIPMENT = kind_from(
    kinds.SHIPMENT,
    fields("lines", _read_shipped),
    system="erp",
    row=Shipment,
    rows=rows_of(Shipment, selectinload(Shipment.lines)),
    closed=ErpDocument,
)
