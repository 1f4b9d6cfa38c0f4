"""What is done to a product. Each holds the row's lock, and announces what changed in its transaction."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from chassis import clock, replication
from chassis.errors import Conflict
from chassis.patch import patched
from chassis.replication import edit
from contracts.normalise import sku_key
from contracts.product import ProductKind
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products import queries
from erp.catalogue.products.commands.references import ReferenceUnknown
from erp.catalogue.products.events import PRODUCT
from erp.catalogue.products.models import Component, Product
from erp.catalogue.products.schemas import ProductBody, ProductOut

Check = Callable[[Product], None]
OURSELVES = "erp"


class ProductNumberTaken(Conflict):
    code = "product-number-taken"
    title = "Another product has this number"
    detail = "The {field} {value} belongs to the product {id}, {name}."
    hint = "Change that product, or use another number. An archived product keeps its numbers: restore it."


class KitInKit(Conflict):
    code = "kit-in-kit"
    title = "A kit is made of goods and services, not of kits"
    detail = "{name} ({id}) is a kit, or a part of one."
    hint = "List what that kit is made of instead."


async def create(session: AsyncSession, body: ProductBody, actor: str) -> Product:
    """Enter a new product; it gets a SKU when it has none.

    Raise `ProductNumberTaken`, `ReferenceUnknown`, `KitInKit`.
    """
    await replication.creating(session, PRODUCT)
    row = Product.blank()
    await _change(session, row, body, {})
    replication.created(session, PRODUCT, row, actor)
    await session.flush()
    return row


async def change(session: AsyncSession, product_id: UUID, patch: Mapping[str, Any], actor: str, seen: Check) -> Product:
    """Apply a merge patch to the product that the caller has `seen`. Nothing changed: the same version, no event.

    What a kit is made of is no business of other systems: it counts the version, and announces nothing. Raise
    `NotFound`, `Archived`, `Malformed`, what `create` raises, and whatever `seen` raises.
    """
    row = await queries.for_update(session, product_id)
    seen(row)
    version, present = row.version, written(row)
    with edit(session, PRODUCT, row, actor):
        await _change(session, row, patched(ProductBody, present, patch), present)
    if row.version == version and written(row) != present:
        row.version, row.updated_at = version + 1, clock.now()
    await session.flush()
    return row


async def archive(session: AsyncSession, product_id: UUID, actor: str, seen: Check) -> Product:
    """Take a product out of use, in all systems; its history stays."""
    row = await queries.for_update(session, product_id)
    seen(row)
    replication.archive(session, PRODUCT, row, actor)
    await session.flush()
    return row


async def restore(session: AsyncSession, product_id: UUID, actor: str) -> Product:
    """Take an archived product into use again."""
    row = await queries.for_update(session, product_id)
    replication.restore(session, PRODUCT, row, actor)
    await session.flush()
    return row


async def give_sku(session: AsyncSession, product_id: UUID) -> None:
    """Give a SKU to a product that came from another system without one, and tell them all."""
    row = await queries.for_update(session, product_id)
    if row.sku is None and row.archived_at is None:
        with edit(session, PRODUCT, row, OURSELVES):
            row.change({"sku": await _next_sku(session)})
        await session.flush()


def written(row: Product) -> dict[str, Any]:
    """The product as a client would have written it: what a merge patch starts from."""
    return ProductOut.of(row).model_dump(mode="json", include=set(ProductBody.model_fields))


async def _change(session: AsyncSession, row: Product, body: ProductBody, present: Mapping[str, Any]) -> None:
    values = body.model_dump(mode="json")
    changed = {field: value for field, value in values.items() if field not in present or present[field] != value}
    await _numbers_are_free(session, row, body)
    if changed.keys() & {"components", "product_kind"}:
        await _components_fit(session, row, body)
    if not values["sku"]:
        changed["sku"] = await _next_sku(session)
    row.change(changed)


async def _numbers_are_free(session: AsyncSession, row: Product, body: ProductBody) -> None:
    for other in await queries.numbered(session, body.sku, body.gtin):
        if other.id != row.id:
            same_sku = body.sku is not None and other.sku_key == sku_key(body.sku)
            field, value = ("sku", body.sku) if same_sku else ("gtin", body.gtin)
            raise ProductNumberTaken(
                field=field, value=value, id=other.id, name=other.name, archived=other.archived_at is not None
            )


async def _components_fit(session: AsyncSession, row: Product, body: ProductBody) -> None:
    if body.product_kind != ProductKind.KIT:
        return
    wanted = [each.product_id for each in body.components]
    found = await queries.by_ids(session, wanted)
    for product_id in wanted:
        if product_id not in found:
            raise ReferenceUnknown(kind="product", id=product_id)
        if product_id == row.id or found[product_id].product_kind == ProductKind.KIT:
            raise KitInKit(id=product_id, name=found[product_id].name)
    if row.id and await session.scalar(select(func.count()).where(Component.product_id == row.id)):
        raise KitInKit(id=row.id, name=row.name)


async def _next_sku(session: AsyncSession) -> str:
    """The next of our own numbers that nobody has typed yet."""
    while True:
        sku: str = (await session.scalars(select(func.next_number("product", "P-")))).one()
        if not await queries.numbered(session, sku, None):
            return sku
