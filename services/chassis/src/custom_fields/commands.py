"""Declare, change and withdraw custom fields."""

from collections.abc import Callable

from chassis.errors import Conflict, NotFound
from contracts.custom import CustomField
from sqlalchemy.ext.asyncio import AsyncSession

from custom_fields import queries
from custom_fields.models import Declaration


class TypeIsFixed(Conflict):
    code = "custom-field-type-is-fixed"
    title = "The type of a declared field cannot change"
    detail = "{key} is of type {declared_type}, and records may contain such values."
    hint = "Declare a field with another key, or withdraw this one first."


async def declare(session: AsyncSession, field: CustomField, seen: Callable[[Declaration], None]) -> Declaration:
    """Declare a field, or change the label and choices of a declared one that the caller has `seen`.

    Declaring it unchanged changes nothing. Raises `TypeIsFixed` for another type.
    """
    row = await queries.for_update(session, field.key)
    if row is not None and row.field == field:
        return row
    if row is None:
        row = Declaration(key=field.key, type=field.type, version=0)
        session.add(row)
    else:
        seen(row)
        if row.type != field.type:
            raise TypeIsFixed(key=field.key, declared_type=row.type)
    row.label, row.choices = field.label, list(field.choices)
    row.version += 1
    await session.flush()
    return row


async def withdraw(session: AsyncSession, key: str, seen: Callable[[Declaration], None]) -> None:
    """Delete a declaration. Existing values stay and are shown; new ones are refused."""
    row = await queries.for_update(session, key)
    if row is None:
        raise NotFound(key=key)
    seen(row)
    await session.delete(row)
