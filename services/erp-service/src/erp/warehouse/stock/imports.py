"""Reads a row of a CSV file as opening stock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from chassis.errors import Conflict
from contracts.product import Count, UnitPrice
from contracts.text import ShortText, blank_to_none
from importing import Target
from pydantic import BaseModel, BeforeValidator, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products import queries as products
from erp.warehouse.stock import commands
from erp.warehouse.stock.commands.warehouses import named


class OpeningEntered(Conflict):
    code = "opening-entered"
    title = "The row was imported before with other values"
    detail = "Its opening stock was posted as a move, and a move is never changed."
    hint = "Correct the stock by a count: POST /v1/stock/adjustments."


class OpeningBody(BaseModel):
    """The opening stock in a warehouse; the default one, which is created if missing, or another."""

    model_config = ConfigDict(extra="forbid")

    product: UUID
    quantity: Count
    unit_cost: UnitPrice = Decimal(0)
    warehouse: Annotated[ShortText | None, BeforeValidator(blank_to_none)] = None
    day: date | None = None


@dataclass(frozen=True)
class Opened:
    """The move of the opening stock, or the level if the quantity is zero."""

    id: UUID
    version: int = 1


async def _create(session: AsyncSession, body: OpeningBody, actor: str) -> Opened:
    warehouse_id = (await named(session, body.warehouse, actor)).id if body.warehouse else None
    if body.quantity == 0:
        stock = await commands.lock(session, [body.product])
        return Opened((await stock.level(body.product, warehouse_id)).id)
    move = await commands.receive(
        session,
        body.product,
        body.quantity,
        body.unit_cost,
        on=body.day,
        actor=actor,
        warehouse_id=warehouse_id,
        opening=True,
    )
    return Opened(move.id)


async def _change(
    _session: AsyncSession, _id: UUID, _patch: Mapping[str, Any], _actor: str, _seen: Callable[[Any], None]
) -> Opened:
    raise OpeningEntered()


async def _by_sku(session: AsyncSession, cell: str) -> UUID | None:
    found = await products.numbered(session, cell, None)
    return found[0].id if found else None


STOCK = Target(
    None,
    OpeningBody,
    _create,
    _change,
    references={"product": "products"},
    lookups={"products": _by_sku},
    at_once=1,  # One product is locked at a time, so that concurrent confirmations of orders cannot deadlock.
    scope="inventory",
)
