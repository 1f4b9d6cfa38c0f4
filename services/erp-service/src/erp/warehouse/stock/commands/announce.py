"""Availability is announced once for many changes: a thousand moves of a product cost one event."""

from collections.abc import Collection, Sequence
from uuid import UUID

from chassis.replication import created, edit
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from erp.warehouse.stock import queries
from erp.warehouse.stock.events import AVAILABILITY
from erp.warehouse.stock.models import AvailabilityRow, StockChange

ACTOR = "inventory"
NOTES_AT_ONCE = 10_000
PRODUCTS_AT_ONCE = 500
ONE_AT_A_TIME = text("""
    select pg_advisory_xact_lock(hashtextextended('availability' || current_setting('app.tenant', true), 0))
""")


async def tenants_with_changes(session: AsyncSession, later: Collection[UUID]) -> list[UUID]:
    """The tenants with changed stock, except for products in `later`; for a worker, which reads all tenants."""
    noted = select(StockChange.tenant_id).where(StockChange.product_id.not_in(later))
    return list(await session.scalars(noted.distinct()))


async def changed_products(session: AsyncSession, later: Collection[UUID] = ()) -> list[UUID]:
    """Products with stock changes that are not announced, oldest notes first, except those in `later`."""
    noted = select(StockChange.id, StockChange.product_id).where(StockChange.product_id.not_in(later))
    notes = noted.order_by(StockChange.id).limit(NOTES_AT_ONCE).subquery()
    return sorted(set(await session.scalars(select(notes.c.product_id))))[:PRODUCTS_AT_ONCE]


async def announce_changes(
    session: AsyncSession, product_ids: Sequence[UUID] | None = None, later: Collection[UUID] = ()
) -> int:
    """Announce the current availability of products with stock changes; returns the number of processed notes.

    `product_ids`: only these, instead of all changed ones except `later`.

    Notes are deleted before the stock is read: a change that is not in the announced figures has a remaining note.
    Unchanged figures are not announced again.
    """
    await session.execute(ONE_AT_A_TIME)
    changed = await changed_products(session, later) if product_ids is None else product_ids
    if not changed:
        return 0
    done = delete(StockChange).where(StockChange.product_id.in_(changed)).returning(StockChange.id)
    count = len((await session.scalars(done)).all())
    await _announce(session, sorted({*changed, *await queries.kits_of(session, changed)}))
    return count


async def _announce(session: AsyncSession, product_ids: list[UUID]) -> None:
    known = await queries.announced(session, product_ids)
    for product_id, (on_hand, reserved) in (await queries.totals(session, product_ids)).items():
        row = known.get(product_id)
        if row is None:
            row = AvailabilityRow(product_id=product_id, on_hand=on_hand, reserved=reserved, archived_at=None)
            created(session, AVAILABILITY, row, ACTOR)
            continue
        with edit(session, AVAILABILITY, row, ACTOR):
            row.on_hand, row.reserved = on_hand, reserved
    await session.flush()
