"""Filters of lists by custom fields: `custom.<key>=<value>`."""

from collections.abc import Mapping
from typing import Annotated, Any

from chassis.errors import Malformed
from contracts.custom import CustomField, FieldType, Scalar
from contracts.text import reason_of
from custom_fields.queries import declarations, declared_as
from fastapi import Depends, Request
from localisation import Counted, Phrase
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from records.record import Record

FIELD = "custom"
MOST = 20
Wanted = Mapping[str, str]
NOTHING: Wanted = {}


def described(record: Record[Any, Any, Any]) -> dict[str, Any]:
    """What the API's document says of these filters; nothing for records without custom fields."""
    if not has_own_fields(record):
        return {}
    parameter = {
        "name": FIELD,
        "in": "query",
        "style": "form",
        "explode": True,
        "description": "Values of custom fields, each as `custom.<key>=<value>`; all that are given must hold.",
        "schema": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": MOST},
        "example": {"custom.region": "north"},
    }
    return {"openapi_extra": {"parameters": [parameter]}}


def has_own_fields(record: Record[Any, Any, Any]) -> bool:
    """Whether records of the kind have custom fields."""
    return hasattr(record.row, FIELD)


async def _wanted(request: Request) -> Wanted:
    prefix = f"{FIELD}."
    return {name.removeprefix(prefix): value for name, value in request.query_params.items() if name.startswith(prefix)}


OwnFilters = Annotated[Wanted, Depends(_wanted)]


async def own_conditions(
    session: AsyncSession, record: Record[Any, Any, Any], wanted: Wanted
) -> list[ColumnElement[bool]]:
    """One condition for each value. Raise `Malformed` for a field that is not declared, or a value of another type."""
    if not wanted:
        return []
    declared = {each.key: each.field for each in await declarations(session, record.name)}
    row: Any = record.row
    found: list[ColumnElement[bool]] = []
    errors = []
    for key, text in wanted.items():
        try:
            field = declared_as(declared, record.name, key)
            found.append(row.custom.contains({key: field.value(read_text(field, text))}))
        except PydanticCustomError as error:
            code = error.type.replace("_", "-")
            errors.append({"field": f"{FIELD}.{key}", "code": code, "message": reason_of(error)})
    if errors or len(wanted) > MOST:
        raise Malformed(
            errors=errors
            or [
                {
                    "field": FIELD,
                    "message": Phrase(
                        Counted(
                            "at most {most} filter of custom fields",
                            "at most {most} filters of custom fields",
                            by="most",
                        ),
                        most=MOST,
                    ),
                }
            ]
        )
    return found


def read_text(field: CustomField, text: str) -> Scalar:
    """The value that a text in an address or a cell stands for; a text of another type is refused by the field."""
    if field.type is FieldType.BOOLEAN:
        return {"true": True, "false": False}.get(text, text)
    if field.type is FieldType.INTEGER:
        return int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else text
    return text
