"""What inventory announces: how much of each product can be promised. Only the ERP writes it."""

from collections.abc import Mapping
from typing import Any

from chassis.errors import Conflict
from chassis.replication import Group, Kind, checked
from contracts.groups import GROUPS

from erp.warehouse.stock import queries
from erp.warehouse.stock.models import AvailabilityRow

SHAPES = GROUPS["availability"]


class FollowsStock(Conflict):
    code = "follows-stock"
    title = "Availability follows the stock"
    detail = "What can be promised is what lies in the warehouses of the ERP less what is reserved."
    hint = "Receive, adjust or transfer stock; the availability follows within a second."


def _read_product(row: AvailabilityRow) -> dict[str, Any]:
    return {"product": str(row.product_id)}


def _read_availability(row: AvailabilityRow) -> dict[str, Any]:
    amounts = {"on_hand": row.on_hand, "reserved": row.reserved, "available": row.on_hand - row.reserved}
    return {"availability": checked(SHAPES["availability"].value, amounts, "availability")}


def _refuse(_row: AvailabilityRow, _key: str, _value: Any) -> None:
    raise FollowsStock()


def _create(_values: Mapping[str, Any]) -> AvailabilityRow:
    raise FollowsStock()


AVAILABILITY = Kind(
    "availability",
    system="erp",
    create=_create,
    rows=queries.availabilities,
    required=("product", "availability"),
    groups=(
        Group("product", _read_product, _refuse, reference="product"),
        Group("availability", _read_availability, _refuse),
    ),
)
