"""Commands on products beside plain changes."""

from uuid import UUID

from chassis.replication import edit
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products import checks
from erp.catalogue.products.events import PRODUCT
from erp.catalogue.products.records import PRODUCTS

OURSELVES = "erp"


async def give_sku(session: AsyncSession, product_id: UUID) -> None:
    """Assign a SKU to a product that another system entered without one, and announce it."""
    row = await reads.by_id(session, PRODUCTS, product_id, lock=True)
    if row.sku is None and row.archived_at is None:
        with edit(session, PRODUCT, row, OURSELVES):
            row.change({"sku": await checks.next_sku(session)})
        await session.flush()
