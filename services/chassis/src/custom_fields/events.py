"""Declarations as a system holds them; `contracts.kinds.custom_field` says what they are made of."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.replication import Kind, checked, fields, kind_from
from contracts.custom import FieldContent
from contracts.kinds import CUSTOM_FIELD
from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from custom_fields.models import Declaration


def kind_of(system: str) -> Kind:
    """The kind `custom_field` in one system."""
    return kind_from(
        CUSTOM_FIELD,
        fields("content", _read_content, _write_content),
        system=system,
        row=Declaration,
        rows=_rows,
        twin=_twin,
    )


def _read_content(row: Declaration) -> Any:
    return row.content.model_dump(mode="json") if row.type else None


def _write_content(row: Declaration, value: Any) -> None:
    row.hold(FieldContent.model_validate(checked(FieldContent, value, "content")))


async def _rows(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Declaration]:
    either = or_(Declaration.id.in_(ids), Declaration.canonical_id.in_(canonical_ids))
    wanted = select(Declaration).where(either).order_by(Declaration.id).with_for_update()
    return (await session.scalars(wanted.execution_options(populate_existing=True))).all()


async def _twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether the same field is declared here, and no other system knows it yet."""
    place = values.get("place")
    if not place:
        return False
    same = Declaration.record == place["record"], Declaration.key == place["key"], Declaration.canonical_id.is_(None)
    return bool(await session.scalar(select(exists().where(*same))))
