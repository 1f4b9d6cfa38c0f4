"""Reads a row of a CSV file, and its rows of a second file, as an order with its lines."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contracts.order import OrderState
from importing import Target
from party.cells import CELLS as PARTY
from pydantic import TypeAdapter
from records import reads
from records.writes import Seen
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products import queries as catalogue
from crm.sales.orders import commands
from crm.sales.orders.events import ORDER
from crm.sales.orders.models import Order
from crm.sales.orders.records import ORDERS
from crm.sales.orders.schemas import NewOrder

ADDRESS = ("shipping_address.lines", "shipping_address.country")
CELLS = {path: PARTY[path] for path in ADDRESS}
SUBMIT = TypeAdapter(bool)


async def _by_sku(session: AsyncSession, sku: str) -> UUID | None:
    """A product that was not imported here, because the ERP delivered it, is found by its SKU."""
    found = await catalogue.product_by_sku(session, sku)
    return found.id if found else None


async def _change(session: AsyncSession, order_id: UUID, patch: Mapping[str, Any], actor: str, seen: Seen) -> Order:
    """Apply a row to an existing draft; existing lines keep their ids. With `submit` the draft is submitted."""
    row = await reads.by_id(session, ORDERS, order_id)
    fields = {name: value for name, value in patch.items() if name != "submit"}
    if patch.get("lines"):
        fields["lines"] = _recognised(row, patch["lines"])
    row = await commands.change(session, order_id, fields, actor, seen)
    wanted = SUBMIT.validate_python(patch.get("submit") or False) and row.state == OrderState.DRAFT
    return await commands.submit(session, order_id, actor) if wanted else row


def _recognised(row: Order, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a file with the ids of the stored lines of the same product, in their order."""
    ids = defaultdict(list)
    for line in row.lines:
        ids[str(line.product_id)].append(str(line.id))
    return [{"id": known.pop(0), **line} if (known := ids[line["product_id"]]) else line for line in lines]


IMPORTS = Target(
    ORDER,
    NewOrder,
    commands.enter,
    _change,
    CELLS,
    references={"customer_id": "customers", "lines.product_id": "products"},
    lookups={"products": _by_sku},
    lines="lines",
    scope="orders",
)
