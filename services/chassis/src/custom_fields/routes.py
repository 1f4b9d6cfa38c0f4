"""HTTP of custom fields."""

from collections.abc import Callable, Collection
from typing import Annotated

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.errors import Malformed
from chassis.patch import parsed
from chassis.preconditions import Seen, SeenIfThere, SeenVersion, etag
from chassis.replication import Kind
from contracts.custom import CustomField, FieldKey, RecordName
from fastapi import APIRouter, Path, Query, Response
from localisation import Phrase

from custom_fields import commands, queries
from custom_fields.models import Declaration
from custom_fields.schemas import FieldBody, FieldList, FieldOut

Key = Annotated[FieldKey, Path(description="The name of the field in `custom`.")]
Of = Annotated[RecordName, Query(description="What has the field, as events call it: contact, product, price_list.")]
Writer = Annotated[Principal, requires("customers:write")]


def routes(kind: Kind, records: Callable[[], Collection[str]]) -> APIRouter:
    """The routes of the declarations that a system holds as this kind; `records` have such fields in this system."""
    router = APIRouter(prefix="/v1/custom-fields", tags=["custom_fields"])

    @router.get("", dependencies=[requires("customers:read")])
    async def list_fields(session: Session, record: Of = "customer") -> FieldList:
        """All fields of your own that such records can have."""
        return FieldList(items=[FieldOut.of(row) for row in await queries.declarations(session, record)])

    @router.get("/{key}", dependencies=[requires("customers:read")])
    async def read_field(key: Key, session: Session, response: Response, record: Of = "customer") -> FieldOut:
        """One declaration, with the `ETag` to change it."""
        return _answer(await queries.by_key(session, record, key), response)

    @router.put("/{key}")
    async def declare_field(
        key: Key,
        body: FieldBody,
        session: Session,
        caller: Writer,
        seen: SeenIfThere,
        response: Response,
        record: Of = "customer",
    ) -> FieldOut:
        """Declare a field of your own, in all systems, or change its label and choices; its type stays."""
        if record not in (known := sorted(records())):
            raise Malformed(
                errors=[
                    {"field": "record", "code": "unknown", "message": Phrase("one of: {known}", known=", ".join(known))}
                ]
            )
        field = parsed(CustomField, {"key": key, **body.model_dump(mode="json")})
        row = await commands.declare(session, kind, record, field, caller.subject, _seen(seen))
        return _answer(row, response)

    @router.delete("/{key}", status_code=204)
    async def withdraw_field(
        key: Key, session: Session, caller: Writer, seen: SeenVersion, record: Of = "customer"
    ) -> None:
        """Withdraw a declaration, in all systems. Records keep the values they have; new ones are refused."""
        await commands.withdraw(session, kind, record, key, caller.subject, _seen(seen))

    return router


def _seen(seen: Seen) -> commands.Seen:
    return lambda row: seen.check(row.version, FieldOut.of(row))


def _answer(row: Declaration, response: Response) -> FieldOut:
    response.headers["ETag"] = etag(row.version)
    return FieldOut.of(row)
