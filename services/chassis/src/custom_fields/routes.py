"""HTTP of custom fields."""

from typing import Annotated

from chassis.auth import requires
from chassis.db import Session
from chassis.patch import parsed
from chassis.preconditions import SeenIfThere, SeenVersion, etag
from contracts.custom import CustomField, FieldKey
from fastapi import APIRouter, Path, Response

from custom_fields import commands, queries
from custom_fields.models import Declaration
from custom_fields.schemas import FieldBody, FieldList, FieldOut

router = APIRouter(prefix="/v1/custom-fields", tags=["custom_fields"])
Key = Annotated[FieldKey, Path(description="The name of the field in `custom`.")]


@router.get("", dependencies=[requires("customers:read")])
async def list_fields(session: Session) -> FieldList:
    """All custom fields of customers."""
    return FieldList(items=[FieldOut.model_validate(row) for row in await queries.declarations(session)])


@router.get("/{key}", dependencies=[requires("customers:read")])
async def read_field(key: Key, session: Session, response: Response) -> FieldOut:
    """One declaration, with the `ETag` to change it."""
    return _answer(await queries.by_key(session, key), response)


@router.put("/{key}", dependencies=[requires("customers:write")])
async def declare_field(key: Key, body: FieldBody, session: Session, seen: SeenIfThere, response: Response) -> FieldOut:
    """Declare a custom field, or change its label and choices; its type cannot change."""
    field = parsed(CustomField, {"key": key, **body.model_dump(mode="json")})
    row = await commands.declare(session, field, lambda row: seen.check(row.version, FieldOut.model_validate(row)))
    return _answer(row, response)


@router.delete("/{key}", status_code=204, dependencies=[requires("customers:write")])
async def withdraw_field(key: Key, session: Session, seen: SeenVersion) -> None:
    """Withdraw a declaration. Customers keep their values; new ones are refused."""
    await commands.withdraw(session, key, lambda row: seen.check(row.version, FieldOut.model_validate(row)))


def _answer(row: Declaration, response: Response) -> FieldOut:
    response.headers["ETag"] = etag(row.version)
    return FieldOut.model_validate(row)
