"""Every use case that changes a customer. Each holds the row's lock, and announces what changed in its transaction."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from chassis import replication
from chassis.patch import patched
from chassis.replication import edit, refuse_kept_by
from custom_fields.queries import checked_values
from sqlalchemy.ext.asyncio import AsyncSession

from crm.parties.customers import queries
from crm.parties.customers.events import CUSTOMER
from crm.parties.customers.models import Customer
from crm.parties.customers.schemas import CustomerBody, CustomerOut

Check = Callable[[Customer], None]
KEPT_BY_ERP = ("payment_terms", "credit")


async def create(session: AsyncSession, body: CustomerBody, actor: str) -> Customer:
    """Enter a new customer. Raise `OwnedElsewhere` for terms or credit, `Malformed` for a custom value."""
    await replication.creating(session, CUSTOMER)
    row = Customer.blank()
    await _change(session, row, body, {})
    replication.created(session, CUSTOMER, row, actor)
    await session.flush()
    return row


async def change(
    session: AsyncSession, customer_id: UUID, patch: Mapping[str, Any], actor: str, seen: Check
) -> Customer:
    """Apply a merge patch to the customer that the caller has `seen`. Nothing changed: the same version, no event.

    Raise `NotFound`, `Archived`, `Malformed`, `OwnedElsewhere`, and whatever `seen` raises.
    """
    row = await queries.for_update(session, customer_id)
    seen(row)
    present = written(row)
    with edit(session, CUSTOMER, row, actor):
        await _change(session, row, patched(CustomerBody, present, patch), present)
    await session.flush()
    return row


async def archive(session: AsyncSession, customer_id: UUID, actor: str, seen: Check) -> Customer:
    """Take a customer out of use, in all systems; its history stays."""
    row = await queries.for_update(session, customer_id)
    seen(row)
    replication.archive(session, CUSTOMER, row, actor)
    await session.flush()
    return row


async def restore(session: AsyncSession, customer_id: UUID, actor: str) -> Customer:
    """Take an archived customer into use again."""
    row = await queries.for_update(session, customer_id)
    replication.restore(session, CUSTOMER, row, actor)
    await session.flush()
    return row


def written(row: Customer) -> dict[str, Any]:
    """The customer as a client would have written it: what a merge patch starts from."""
    shown = CustomerOut.of(row).model_dump(mode="json", include=set(CustomerBody.model_fields))
    for entity in shown["legal_entities"]:
        del entity["tax_id_key"], entity["tax_id_valid"]
    return shown


async def _change(session: AsyncSession, row: Customer, body: CustomerBody, present: Mapping[str, Any]) -> None:
    values = body.model_dump(mode="json")
    refuse_kept_by("erp", KEPT_BY_ERP, present, values)
    values["custom"] = await checked_values(session, values["custom"], row.custom)
    row.change({field: value for field, value in values.items() if field not in present or present[field] != value})
