"""Orders and shipments in the CRM; `contracts.kinds.order` declares their groups.

Deliveries are not refused by state: once an order is submitted, the ERP's values apply.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.replication import checked, family, fields, kind_from
from contracts.charge import Charge
from contracts.money import rounded
from contracts.values import CURRENCY_EXPONENTS
from pydantic import AwareDatetime
from records import rows_of
from sqlalchemy.orm import selectinload

from contracts import kinds
from contracts import order as contract
from crm.sales.orders.models import Order, Shipment


def _write_customer(row: Order, value: Any) -> None:
    row.change({"customer_id": UUID(checked(UUID, value, "customer"))})


def _read_submitted_at(row: Order) -> Any:
    moment = row.submitted_at
    return moment and moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _write_submitted_at(row: Order, value: Any) -> None:
    moment = checked(AwareDatetime | None, value or None, "submitted_at")
    row.change({"submitted_at": moment and datetime.fromisoformat(moment)})


def _read_lines(row: Order) -> dict[str, Any]:
    return {str(line.id): line.value() for line in row.lines}


def _write_line(row: Order, member: str, value: Any) -> None:
    group = f"line:{member}"
    line_id = UUID(checked(UUID, member, group))
    if not value:
        row.set_line(line_id, None)
        return
    line = contract.OrderLine.model_validate(checked(contract.OrderLine, value, group))
    product_id = UUID(checked(UUID, line.product, f"{group}.product"))
    row.set_line(line_id, {**line.model_dump(exclude={"product"}), "product_id": product_id})


def _write_charge(row: Order, member: str, value: Any) -> None:
    group = f"charge:{member}"
    row.set_charge(UUID(checked(UUID, member, group)), checked(Charge, value, group) if value else None)


def _write_request(row: Order, value: Any) -> None:
    row.change({"request": checked(contract.OrderRequest | None, value or None, "request")})


def _show(row: Order) -> dict[str, str]:
    """The totals; none in a currency that has no known rounding, so that such an order can still be announced."""
    if row.currency not in CURRENCY_EXPONENTS:
        return {}
    return {name: str(rounded(getattr(row, name), row.currency)) for name in ("net", "tax", "total")}


ORDER = kind_from(
    kinds.ORDER,
    fields("customer", lambda row: row.customer_id and str(row.customer_id), _write_customer),
    fields("submitted_at", _read_submitted_at, _write_submitted_at),
    fields("request", lambda row: contract.published_request(row.request), _write_request),
    family("line", _read_lines, _write_line),
    family("charge", Order.charge_values, _write_charge),
    system="crm",
    row=Order,
    rows=rows_of(Order, selectinload(Order.lines)),
    show=_show,
)


def _write_order(row: Shipment, value: Any) -> None:
    row.order_id = UUID(checked(UUID, value, "order"))


def _read_shipped(row: Shipment) -> list[dict[str, Any]] | None:
    return [line.model_dump(mode="json") for line in row.shipped] or None


def _write_shipped(row: Shipment, value: Any) -> None:
    row.lines = checked(contract.ShippedLines, value, "lines")


SHIPMENT = kind_from(
    kinds.SHIPMENT,
    fields("order", lambda row: row.order_id and str(row.order_id), _write_order),
    fields("lines", _read_shipped, _write_shipped),
    system="crm",
    row=Shipment,
    rows=rows_of(Shipment),
)
