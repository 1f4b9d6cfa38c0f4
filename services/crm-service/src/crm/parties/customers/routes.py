"""HTTP of customers."""

from typing import Annotated
from uuid import UUID

from chassis import batch
from chassis.auth import Principal, requires
from chassis.batch import Batch, BatchResult
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch, parsed
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from chassis.replication import creating
from fastapi import APIRouter, Query, Response

from crm.parties.customers import commands, queries
from crm.parties.customers.events import CUSTOMER
from crm.parties.customers.schemas import CustomerBody, CustomerFilters, CustomerOut

router = APIRouter(prefix="/v1/customers", tags=["customers"], route_class=IdempotentRoute)
READ = requires("customers:read")
Writer = Annotated[Principal, requires("customers:write")]


@router.post("", status_code=201)
async def create_customer(body: CustomerBody, session: Session, caller: Writer, response: Response) -> CustomerOut:
    """Enter a customer. It stands in the other systems a moment later."""
    row = await commands.create(session, body, caller.subject)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return CustomerOut.of(row).tag(response)


@router.get("", dependencies=[READ])
async def list_customers(
    session: Session, paging: Paging, filters: Annotated[CustomerFilters, Query()]
) -> Page[CustomerOut]:
    """Customers in pages, by name unless `sort` says otherwise (name, created_at, updated_at; `-` for descending)."""
    return await paging.page(session, queries.search(filters), queries.ORDERS, lambda row: CustomerOut.of(row[0]))


@router.get("/{customer_id}", dependencies=[READ])
async def read_customer(customer_id: UUID, session: Session, response: Response) -> CustomerOut:
    """One customer, archived or not, with the `ETag` to change it."""
    return CustomerOut.of(await queries.by_id(session, customer_id)).tag(response)


@router.patch("/{customer_id}")
async def change_customer(
    customer_id: UUID, patch: JsonPatch, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> CustomerOut:
    """Change the fields named; all others stay."""
    row = await commands.change(session, customer_id, patch, caller.subject, _seen(seen))
    return CustomerOut.of(row).tag(response)


@router.delete("/{customer_id}")
async def archive_customer(
    customer_id: UUID, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> CustomerOut:
    """Archive a customer, here and in the other systems. Nothing is erased; `restore` brings it back."""
    row = await commands.archive(session, customer_id, caller.subject, _seen(seen))
    return CustomerOut.of(row).tag(response)


@router.post("/{customer_id}/restore")
async def restore_customer(customer_id: UUID, session: Session, caller: Writer, response: Response) -> CustomerOut:
    """Take an archived customer into use again."""
    return CustomerOut.of(await commands.restore(session, customer_id, caller.subject)).tag(response)


batches = APIRouter(tags=["customers"], route_class=IdempotentRoute)


@batches.post("/v1/customers:batch")
async def write_customers(body: Batch, session: Session, caller: Writer) -> BatchResult:
    """Create and change up to 200 customers; each item stands or falls alone, and has a result of its own."""
    await creating(session, CUSTOMER)
    await queries.rows(session, body.ids, [])
    return await batch.write(
        session,
        body.items,
        lambda fields: commands.create(session, parsed(CustomerBody, fields), caller.subject),
        lambda customer_id, patch, seen: commands.change(session, customer_id, patch, caller.subject, _seen(seen)),
    )


def _seen(seen: Seen) -> commands.Check:
    return lambda row: seen.check(row.version, CustomerOut.of(row))
