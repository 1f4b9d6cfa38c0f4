"""Stock as the ERP announces it: each move, and how much of each product can be promised."""

from typing import Any
from uuid import UUID

from chassis.announced import Announced, announce_once
from chassis.errors import Conflict
from chassis.replication import fields, kind_from
from contracts.kinds import announced
from contracts.product import Availability
from records import rows_of
from sqlalchemy.ext.asyncio import AsyncSession

from contracts import kinds
from erp.warehouse.stock.models import AvailabilityRow, StockLevel, StockMove
from erp.warehouse.stock.rules import written


class FollowsStock(Conflict):
    code = "follows-stock"
    title = "Availability is computed from stock"
    detail = "The availability of a product is its stock in the ERP's warehouses less reservations."
    hint = "Receive, adjust or transfer stock; the availability is updated about a second later."


def _read(row: AvailabilityRow) -> dict[str, Any]:
    value = Availability(on_hand=row.on_hand, reserved=row.reserved, available=row.on_hand - row.reserved)
    return value.model_dump(mode="json")


AVAILABILITY = kind_from(
    kinds.AVAILABILITY,
    fields("availability", _read),
    system="erp",
    row=AvailabilityRow,
    rows=rows_of(AvailabilityRow),
    closed=FollowsStock,
)

STOCK_MOVE = Announced(announced.STOCK_MOVE)


def announce_move(session: AsyncSession, move: StockMove, level: StockLevel, currency: str) -> None:
    """Tell of a new move of this level."""
    amounts = {name: written(getattr(move, name)) for name in ("quantity", "value", "unit_cost")}
    ids: dict[str, UUID | None] = {
        "product": level.product_id,
        "warehouse_id": level.warehouse_id,
        "source_id": move.source_id,
        "line_id": move.line_id,
    }
    values = {
        **amounts,
        **{name: str(value) for name, value in ids.items() if value},
        "kind": str(move.kind),
        "currency": currency,
        "moved_on": move.moved_on.isoformat(),
        "source_kind": move.source_kind,
        "actor": move.actor,
        "reason": move.reason,
    }
    announce_once(session, STOCK_MOVE, move.id, values)
