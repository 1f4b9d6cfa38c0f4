"""The notebook's one kind of record."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from chassis.db import NAMES, TYPES, JsonObject, Tenanted
from chassis.errors import Conflict
from chassis.replication import Kind, Replicated, created, family, fields
from chassis.replication.wire import Delivery
from sqlalchemy import MetaData, Text, UniqueConstraint, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

LONGEST_TITLE = 40
ENVELOPE = (
    "local_id", "seen_seq", "hlc", "peers", "floors", "last_merged", "seen", "conflicts", "decisions", "correlation_id",
)  # fmt: skip


class Base(Tenanted, DeclarativeBase):
    """A table of the notebook."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = TYPES


class TitleTooLong(Conflict):
    code = "title-too-long"
    title = "The title is too long"


class Note(Replicated, Base):
    __tablename__ = "notes"
    __table_args__ = (UniqueConstraint("tenant_id", "isbn"),)

    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    isbn: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[JsonObject] = mapped_column(default=dict)

    @classmethod
    def of(cls, title: str, **values: Any) -> "Note":
        return cls(title=title, **{"text": None, "isbn": None, "tags": {}, **values})

    def tag(self, name: str, value: Any) -> None:
        others = {key: kept for key, kept in self.tags.items() if key != name}
        self.tags = {**others, name: True} if value else others


async def rows(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Note]:
    found = select(Note).where(or_(Note.id.in_(ids), Note.canonical_id.in_(canonical_ids)))
    return (
        await session.scalars(found.order_by(Note.id).with_for_update().execution_options(populate_existing=True))
    ).all()


async def same_isbn(session: AsyncSession, values: Any) -> bool:
    """A note that the hub has not seen yet has the same ISBN."""
    same = select(Note.id).where(Note.canonical_id.is_(None), Note.isbn == values.get("isbn"))
    return bool(values.get("isbn")) and (await session.scalar(same)) is not None


def _write_title(row: Note, value: Any) -> None:
    if len(value or "") > LONGEST_TITLE:
        raise TitleTooLong(longest=LONGEST_TITLE)
    row.title = (value or "").strip()


NOTE = Kind(
    "note",
    system="notebook",
    create=lambda _values: Note.of(""),
    rows=rows,
    twin=same_isbn,
    required=("title",),
    groups=(
        fields("title", lambda row: row.title, _write_title),
        fields("text", lambda row: row.text, lambda row, value: setattr(row, "text", value)),
        fields("isbn", lambda row: row.isbn, lambda row, value: setattr(row, "isbn", value)),
        family("tag", lambda row: dict(row.tags), lambda row, name, value: row.tag(name, value)),
    ),
)


def enter(session: AsyncSession, title: str = "Plans", **values: Any) -> Note:
    """A new note, written by Anna."""
    note = Note.of(title, **values)
    created(session, NOTE, note, "anna")
    return note


def delivery(canonical_id: UUID | None = None, rev: int = 1, **values: Any) -> Delivery:
    """What the hub would send: groups at one revision; the fields of `ENVELOPE` as in a delivery."""
    envelope = {name: values.pop(name) for name in ENVELOPE if name in values}
    groups = [{"group": group.replace("__", ":"), "value": value, "rev": rev} for group, value in values.items()]
    return Delivery.model_validate({"canonical_id": canonical_id or uuid4(), "groups": groups, **envelope})
