"""HTTP of contacts."""

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

from erp.parties.contacts import commands, queries
from erp.parties.contacts.events import CONTACT
from erp.parties.contacts.schemas import ContactBody, ContactFilters, ContactOut

router = APIRouter(prefix="/v1/contacts", tags=["contacts"], route_class=IdempotentRoute)
READ = requires("contacts:read")
Writer = Annotated[Principal, requires("contacts:write")]


@router.post("", status_code=201)
async def create_contact(body: ContactBody, session: Session, caller: Writer, response: Response) -> ContactOut:
    """Enter a contact. It stands in the other systems a moment later, once its customer stands there."""
    row = await commands.create(session, body, caller.subject)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return ContactOut.of(row).tag(response)


@router.get("", dependencies=[READ])
async def list_contacts(
    session: Session, paging: Paging, filters: Annotated[ContactFilters, Query()]
) -> Page[ContactOut]:
    """Contacts in pages, by name unless `sort` says otherwise (name, created_at, updated_at; `-` for descending)."""
    return await paging.page(session, queries.search(filters), queries.ORDERS, lambda row: ContactOut.of(row[0]))


@router.get("/{contact_id}", dependencies=[READ])
async def read_contact(contact_id: UUID, session: Session, response: Response) -> ContactOut:
    """One contact, archived or not, with the `ETag` to change it."""
    return ContactOut.of(await queries.by_id(session, contact_id)).tag(response)


@router.patch("/{contact_id}")
async def change_contact(
    contact_id: UUID, patch: JsonPatch, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> ContactOut:
    """Change the fields named; all others stay."""
    row = await commands.change(session, contact_id, patch, caller.subject, _seen(seen))
    return ContactOut.of(row).tag(response)


@router.delete("/{contact_id}")
async def archive_contact(
    contact_id: UUID, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> ContactOut:
    """Archive a contact, here and in the other systems. Nothing is erased; `restore` brings it back."""
    row = await commands.archive(session, contact_id, caller.subject, _seen(seen))
    return ContactOut.of(row).tag(response)


@router.post("/{contact_id}/restore")
async def restore_contact(contact_id: UUID, session: Session, caller: Writer, response: Response) -> ContactOut:
    """Take an archived contact into use again."""
    return ContactOut.of(await commands.restore(session, contact_id, caller.subject)).tag(response)


batches = APIRouter(tags=["contacts"], route_class=IdempotentRoute)


@batches.post("/v1/contacts:batch")
async def write_contacts(body: Batch, session: Session, caller: Writer) -> BatchResult:
    """Create and change up to 200 contacts; each item stands or falls alone, and has a result of its own."""
    await creating(session, CONTACT)
    await queries.rows(session, body.ids, [])
    return await batch.write(
        session,
        body.items,
        lambda fields: commands.create(session, parsed(ContactBody, fields), caller.subject),
        lambda contact_id, patch, seen: commands.change(session, contact_id, patch, caller.subject, _seen(seen)),
    )


def _seen(seen: Seen) -> commands.Check:
    return lambda row: seen.check(row.version, ContactOut.of(row))
