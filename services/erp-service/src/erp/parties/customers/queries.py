"""Named reads of customers."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis import gather
from chassis.errors import NotFound
from chassis.pages import Sorting
from contracts.normalise import email_key, name_key, phone_e164, tax_id_key
from sqlalchemy import Select, and_, exists, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.parties.customers.models import Customer, LegalEntity
from erp.parties.customers.schemas import CustomerFilters

ORDERS = Sorting(
    {
        "name": Customer.name,
        "number": Customer.number,
        "created_at": Customer.created_at,
        "updated_at": Customer.updated_at,
    },
    Customer.id,
    "name",
)


async def by_id(session: AsyncSession, customer_id: UUID) -> Customer:
    """One customer, archived or not. Raise `NotFound`."""
    found = await by_ids(session, [customer_id])
    if not found:
        raise NotFound(id=customer_id)
    return found[customer_id]


async def by_ids(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Customer]:
    """Customers by id, archived or not; ids of nothing are left out."""

    async def read(missing: Collection[UUID]) -> list[tuple[UUID, Customer]]:
        return [(row.id, row) for row in await session.scalars(_complete().where(Customer.id.in_(missing)))]

    return await gather.each_once(session, "customer", ids, read)


async def for_update(session: AsyncSession, customer_id: UUID) -> Customer:
    """One customer, locked until the transaction ends. Raise `NotFound`."""
    return await _one(session, _locked().where(Customer.id == customer_id), customer_id)


async def rows(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Customer]:
    """Customers by local or shared id, locked in the order of their ids so that two batches never wait in a ring."""
    either = or_(Customer.id.in_(ids), Customer.canonical_id.in_(canonical_ids))
    return (await session.scalars(_locked().where(either).order_by(Customer.id))).all()


async def numbered(session: AsyncSession, number: str) -> Customer | None:
    """The customer that has this number, archived or not."""
    found: Customer | None = await session.scalar(_complete().where(Customer.number == number.upper()))
    return found


async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether a customer that no other system knows yet has the same tax id, e-mail or phone."""
    country = (values.get("billing_address") or values.get("shipping_address") or {}).get("country")
    email, phone = values.get("email"), values.get("phone")
    keys = {
        Customer.email_key: email and email_key(email),
        Customer.phone_e164: phone and phone_e164(phone, country),
    }
    same = [column == key for column, key in keys.items() if key]
    if tax_ids := _tax_id_keys(values):
        same.append(Customer.id.in_(select(LegalEntity.customer_id).where(LegalEntity.tax_id_key.in_(tax_ids))))
    unlinked = (Customer.canonical_id.is_(None), Customer.archived_at.is_(None))
    return bool(same) and bool(await session.scalar(select(exists().where(*unlinked, or_(*same)))))


def _tax_id_keys(values: Mapping[str, Any]) -> set[str]:
    entities = [value for group, value in values.items() if group.startswith("legal:") and value]
    keys = {tax_id_key(e["tax_id"], e["country"]) for e in entities if e.get("tax_id") and e.get("country")}
    return {key for key in keys if key}


def search(filters: CustomerFilters) -> Select[Customer]:
    """The customers that every filter takes."""
    statement = _complete()
    if filters.q:
        words = (Customer.search.contains(word, autoescape=True) for word in name_key(filters.q).split())
        statement = statement.where(or_(and_(true(), *words), Customer.number == filters.q.strip().upper()))
    equal = {
        Customer.canonical_id: filters.canonical_id,
        Customer.number: filters.number,
        Customer.kind: filters.kind,
        Customer.owner: filters.owner,
        Customer.segment: filters.segment,
        Customer.billing_address["country"].astext: filters.country,
        Customer.email_key: email_key(filters.email) or filters.email if filters.email else None,
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.tag is not None:
        statement = statement.where(Customer.tags.contains([filters.tag]))
    if filters.updated_since is not None:
        statement = statement.where(Customer.updated_at >= filters.updated_since)
    if filters.archived != "any":
        archived = Customer.archived_at.is_not(None)
        statement = statement.where(archived if filters.archived == "true" else ~archived)
    return statement


def _complete() -> Select[Customer]:
    return select(Customer).options(selectinload(Customer.entities))


def _locked() -> Select[Customer]:
    return _complete().with_for_update().execution_options(populate_existing=True)


async def _one(session: AsyncSession, statement: Select[Customer], customer_id: UUID) -> Customer:
    found: Customer | None = await session.scalar(statement)
    if found is None:
        raise NotFound(id=customer_id)
    return found
