"""How much of each product can be promised, as the ERP announces it. Only the ERP writes it."""

from typing import Any

from chassis.errors import Conflict
from chassis.replication import fields, kind_from
from contracts.product import Availability
from records import rows_of

from contracts import kinds
from erp.warehouse.stock.models import AvailabilityRow


class FollowsStock(Conflict):
    code = "follows-stock"
    title = "Availability follows the stock"
    detail = "What can be promised is what lies in the warehouses of the ERP less what is reserved."
    hint = "Receive, adjust or transfer stock; the availability follows within a second."


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
