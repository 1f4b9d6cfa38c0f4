"""What is done to price lists, prices and tax rates: all three are declared here, and only shown elsewhere."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from chassis import replication
from chassis.errors import Conflict, NotFound
from chassis.patch import patched
from chassis.replication import Kind, Shown, edit
from pydantic import BaseModel
from records import reads
from sqlalchemy import ColumnElement, exists, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products import queries
from erp.catalogue.products.commands.references import ReferenceUnknown
from erp.catalogue.products.events import PRICE, PRICE_LIST, TAX_RATE
from erp.catalogue.products.models import Declared, Price, PriceList, TaxRateRow
from erp.catalogue.products.schemas import PriceBody, PriceListBody, PriceListOut, PriceOut, TaxRateBody, TaxRateOut
from erp.parties.customers.records import CUSTOMERS

Row = TypeVar("Row", bound=Declared)


class DeclaredTwice(Conflict):
    code = "declared-twice"
    title = "This is declared already"
    detail = "{id} says something for the same thing from the same day on."
    hint = "Change or archive that one; or let this one begin on another day."


class CurrencyOfPrices(Conflict):
    code = "currency-of-prices"
    title = "The price list has prices in its currency"
    detail = "They are in {currency}."
    hint = "Declare another price list in the other currency."


@dataclass(frozen=True)
class Declaration(Generic[Row]):
    """One of the three. `check` raises when a row, with its new values, refers to nothing or is there twice."""

    kind: Kind
    model: type[Row]
    body: type[BaseModel]
    out: type[Shown]
    check: Callable[[AsyncSession, Row], Awaitable[None]]

    def written(self, row: Row) -> dict[str, Any]:
        """The row as a client would have written it: what a merge patch starts from."""
        return self.out.of(row).model_dump(mode="json", include=set(self.body.model_fields))


async def create(session: AsyncSession, what: Declaration[Row], body: BaseModel, actor: str) -> Row:
    """Declare something new. Raise `ReferenceUnknown`, `DeclaredTwice`."""
    await replication.creating(session, what.kind)
    row = what.model.blank()
    row.change(body.model_dump(mode="json"))
    await what.check(session, row)
    replication.created(session, what.kind, row, actor)
    await session.flush()
    return row


async def change(
    session: AsyncSession,
    what: Declaration[Row],
    row_id: UUID,
    patch: Mapping[str, Any],
    actor: str,
    seen: Callable[[Row], None],
) -> Row:
    """Apply a merge patch to what the caller has `seen`. Nothing changed: the same version, no event.

    Raise `NotFound`, `Archived`, `Malformed`, what `create` raises, and whatever `seen` raises.
    """
    row = await queries.declared(session, what.model, row_id, lock=True)
    seen(row)
    present = what.written(row)
    with edit(session, what.kind, row, actor):
        row.change(patched(what.body, present, patch).model_dump(mode="json"))
        await what.check(session, row)
    await session.flush()
    return row


async def archive(
    session: AsyncSession, what: Declaration[Row], row_id: UUID, actor: str, seen: Callable[[Row], None]
) -> Row:
    """Take it out of use; what was sold at that price stays as it was."""
    row = await queries.declared(session, what.model, row_id, lock=True)
    seen(row)
    replication.archive(session, what.kind, row, actor)
    await session.flush()
    return row


async def restore(session: AsyncSession, what: Declaration[Row], row_id: UUID, actor: str) -> Row:
    """Take it into use again. Raise `DeclaredTwice`."""
    row = await queries.declared(session, what.model, row_id, lock=True)
    await what.check(session, row)
    replication.restore(session, what.kind, row, actor)
    await session.flush()
    return row


async def _list_fits(session: AsyncSession, row: PriceList) -> None:
    (before, *_) = inspect(row).attrs.currency.history.deleted or [None]
    if before and await session.scalar(select(exists().where(Price.price_list_id == row.id))):
        raise CurrencyOfPrices(currency=before)
    if row.customer_id is not None:
        try:
            await reads.by_id(session, CUSTOMERS, row.customer_id)
        except NotFound:
            raise ReferenceUnknown(kind="customer", id=row.customer_id) from None


async def _price_fits(session: AsyncSession, row: Price) -> None:
    if row.product_id not in await queries.by_ids(session, [row.product_id]):
        raise ReferenceUnknown(kind="product", id=row.product_id)
    try:
        await queries.declared(session, PriceList, row.price_list_id)
    except NotFound:
        raise ReferenceUnknown(kind="price list", id=row.price_list_id) from None
    await _there_once(
        session,
        row,
        Price.price_list_id == row.price_list_id,
        Price.product_id == row.product_id,
        Price.min_quantity == row.min_quantity,
        Price.valid_from.is_not_distinct_from(row.valid_from),
    )


async def _rate_fits(session: AsyncSession, row: TaxRateRow) -> None:
    await _there_once(
        session,
        row,
        TaxRateRow.country == row.country,
        TaxRateRow.tax_class == row.tax_class,
        TaxRateRow.valid_from.is_not_distinct_from(row.valid_from),
    )


async def _there_once(session: AsyncSession, row: Declared, *same: ColumnElement[bool]) -> None:
    """The database has a unique index for the same; this says which one is there."""
    model = type(row)
    others = select(model.id).where(*same, model.archived_at.is_(None), model.id.is_distinct_from(row.id))
    other = await session.scalar(others)
    if other is not None:
        raise DeclaredTwice(id=other)


PRICE_LISTS = Declaration(PRICE_LIST, PriceList, PriceListBody, PriceListOut, _list_fits)
PRICES = Declaration(PRICE, Price, PriceBody, PriceOut, _price_fits)
TAX_RATES = Declaration(TAX_RATE, TaxRateRow, TaxRateBody, TaxRateOut, _rate_fits)
