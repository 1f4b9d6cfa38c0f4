"""Reads of declarations, and the check of values against them."""

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.errors import Malformed, NotFound
from contracts.custom import CustomField
from contracts.text import reason_of, refuse
from localisation import Phrase
from pydantic_core import PydanticCustomError
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from custom_fields.models import Declaration


async def declarations(session: AsyncSession, record: str) -> Sequence[Declaration]:
    """The fields that records of a kind can have, by key."""
    wanted = select(Declaration).where(Declaration.record == record, Declaration.archived_at.is_(None))
    return (await session.scalars(wanted.order_by(Declaration.key))).all()


async def every_declaration(session: AsyncSession) -> Sequence[Declaration]:
    """The fields that records of all kinds can have, by record and key."""
    wanted = select(Declaration).where(Declaration.archived_at.is_(None))
    return (await session.scalars(wanted.order_by(Declaration.record, Declaration.key))).all()


async def all_declarations(session: AsyncSession, record: str) -> Sequence[Declaration]:
    """The same with withdrawn ones, of which records may have values."""
    return (
        await session.scalars(select(Declaration).where(Declaration.record == record).order_by(Declaration.key))
    ).all()


async def by_key(session: AsyncSession, record: str, key: str) -> Declaration:
    """One declaration. Raises `NotFound`."""
    found: Declaration | None = await session.scalar(_one(record, key).where(Declaration.archived_at.is_(None)))
    if found is None:
        raise NotFound(record=record, key=key)
    return found


async def for_update(session: AsyncSession, record: str, key: str) -> Declaration | None:
    """One declaration, locked, also a withdrawn one; None when there is none."""
    found: Declaration | None = await session.scalar(_one(record, key).with_for_update())
    return found


async def checked_values(
    session: AsyncSession, record: str, values: Mapping[str, Any], present: Mapping[str, Any]
) -> dict[str, Any]:
    """The normalised values. Stored values are not validated again: they may come from another system.

    Raises `Malformed` for a field that is not declared and for a value that is not of its type.
    """
    written = {key: value for key, value in values.items() if key not in present or present[key] != value}
    if not written:
        return dict(values)
    declared = {declaration.key: declaration.field for declaration in await declarations(session, record)}
    errors, checked = [], {**values}
    for key, value in written.items():
        try:
            checked[key] = declared_as(declared, record, key).value(value)
        except PydanticCustomError as error:
            errors.append({"field": f"custom.{key}", "code": error.type.replace("_", "-"), "message": reason_of(error)})
    if errors:
        raise Malformed(errors=errors)
    return checked


def declared_as(declared: Mapping[str, CustomField], record: str, key: str) -> CustomField:
    """The declaration of a key. Raise pydantic's error that says which there are."""
    if key not in declared:
        known = ", ".join(declared) or "none so far"
        place = f"/v1/custom-fields/{key}?record={record}"
        raise refuse(
            "undeclared",
            Phrase("not declared (declared: {known}); declare it with PUT {place}", known=known, place=place),
        )
    return declared[key]


def _one(record: str, key: str) -> Select[Declaration]:
    return select(Declaration).where(Declaration.record == record, Declaration.key == key)
