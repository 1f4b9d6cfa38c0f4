"""Reads of declarations, and the check of values against them."""

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.errors import Malformed, NotFound
from contracts.custom import CustomField
from contracts.text import refuse
from pydantic_core import PydanticCustomError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from custom_fields.models import Declaration


async def declarations(session: AsyncSession) -> Sequence[Declaration]:
    """All of them, by key."""
    return (await session.scalars(select(Declaration).order_by(Declaration.key))).all()


async def by_key(session: AsyncSession, key: str) -> Declaration:
    """One declaration. Raises `NotFound`."""
    found: Declaration | None = await session.scalar(select(Declaration).where(Declaration.key == key))
    if found is None:
        raise NotFound(key=key)
    return found


async def for_update(session: AsyncSession, key: str) -> Declaration | None:
    """One declaration, locked; None when there is none."""
    found: Declaration | None = await session.scalar(
        select(Declaration).where(Declaration.key == key).with_for_update()
    )
    return found


async def checked_values(
    session: AsyncSession, values: Mapping[str, Any], present: Mapping[str, Any]
) -> dict[str, Any]:
    """The normalised values. Stored values are not validated again: they may come from another system.

    Raises `Malformed` for a field that is not declared and for a value that is not of its type.
    """
    written = {key: value for key, value in values.items() if key not in present or present[key] != value}
    if not written:
        return dict(values)
    declared = {declaration.key: declaration.field for declaration in await declarations(session)}
    errors, checked = [], {**values}
    for key, value in written.items():
        try:
            checked[key] = _declared(declared, key).value(value)
        except PydanticCustomError as error:
            errors.append({"field": f"custom.{key}", "code": error.type.replace("_", "-"), "message": error.message()})
    if errors:
        raise Malformed(errors=errors)
    return checked


def _declared(declared: Mapping[str, CustomField], key: str) -> CustomField:
    if key not in declared:
        known = ", ".join(declared) or "none so far"
        raise refuse("undeclared", f"not declared (declared: {known}); declare it with PUT /v1/custom-fields/{key}")
    return declared[key]
