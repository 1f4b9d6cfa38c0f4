"""HTTP of customers."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from chassis import batch
from chassis.auth import FieldScopes, Principal, requires
from chassis.batch import Batch, BatchResult
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch, parsed
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from chassis.replication import creating
from contracts.scopes import write_scopes_of
from fastapi import APIRouter, Query, Response

from erp.parties.customers import commands, queries
from erp.parties.customers.events import CUSTOMER
from erp.parties.customers.models import Customer
from erp.parties.customers.schemas import CustomerBody, CustomerFilters, CustomerOut

router = APIRouter(prefix="/v1/customers", tags=["customers"], route_class=IdempotentRoute)
READ = requires("customers:read")
Writer = Annotated[Principal, requires("customers:write")]
CREDIT = FieldScopes(write_scopes_of("customer"))


@router.post("", status_code=201, openapi_extra=CREDIT.openapi)
async def create_customer(body: CustomerBody, session: Session, caller: Writer, response: Response) -> CustomerOut:
    """Enter a customer. It stands in the other systems a moment later."""
    CREDIT.check(caller, body.model_fields_set)
    row = await commands.create(session, body, caller.subject)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return CustomerOut.of(row).tag(response)


@router.get("", dependencies=[READ])
async def list_customers(
    session: Session, paging: Paging, filters: Annotated[CustomerFilters, Query()]
) -> Page[CustomerOut]:
    """Customers in pages, by name unless `sort` says otherwise (name, number, created_at, updated_at; `-` descends)."""
    return await paging.page(session, queries.search(filters), queries.ORDERS, lambda row: CustomerOut.of(row[0]))


@router.get("/{customer_id}", dependencies=[READ])
async def read_customer(customer_id: UUID, session: Session, response: Response) -> CustomerOut:
    """One customer, archived or not, with the `ETag` to change it."""
    return CustomerOut.of(await queries.by_id(session, customer_id)).tag(response)


@router.patch("/{customer_id}", openapi_extra=CREDIT.openapi)
async def change_customer(
    customer_id: UUID, patch: JsonPatch, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> CustomerOut:
    """Change the fields named; all others stay."""
    CREDIT.check(caller, patch)
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


@batches.post("/v1/customers:batch", openapi_extra=CREDIT.openapi)
async def write_customers(body: Batch, session: Session, caller: Writer) -> BatchResult:
    """Create and change up to 200 customers; each item stands or falls alone, and has a result of its own."""

    async def create(fields: Mapping[str, Any]) -> Customer:
        CREDIT.check(caller, fields)
        return await commands.create(session, parsed(CustomerBody, fields), caller.subject)

    async def change(customer_id: UUID, patch: Mapping[str, Any], seen: Seen) -> Customer:
        CREDIT.check(caller, patch)
        return await commands.change(session, customer_id, patch, caller.subject, _seen(seen))

    await creating(session, CUSTOMER)
    await queries.rows(session, body.ids, [])
    return await batch.write(session, body.items, create, change)


def _seen(seen: Seen) -> commands.Check:
    return lambda row: seen.check(row.version, CustomerOut.of(row))
