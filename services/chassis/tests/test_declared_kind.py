"""A kind made from a table: which columns its groups are, and what a module says itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import pytest
from chassis.errors import Conflict, Malformed
from chassis.replication import Kind, Replicated, fields, kind_from
from chassis.replication.declared import DeclaredValue, NotDeclared
from pydantic import BaseModel, StrictBool
from sqlalchemy import ARRAY, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SHELF = "01900000-0000-7000-8000-00000000000a"


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSONB}  # noqa: RUF012 - SQLAlchemy's own way to say it


class Book(Replicated, Base):
    __tablename__ = "books"

    shelf_id: Mapped[UUID | None]
    title: Mapped[str] = mapped_column(Text)
    blurb: Mapped[str] = mapped_column(Text)
    lent: Mapped[bool]
    language: Mapped[str] = mapped_column(Text)
    width: Mapped[int | None]
    height: Mapped[int | None]
    marks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    extra: Mapped[dict[str, Any]]

    @classmethod
    def blank(cls) -> Self:
        return cls(title="", blurb="", lent=False, language="en", marks=[], extra={})

    def change(self, values: Mapping[str, Any]) -> None:
        for field, value in values.items():
            setattr(self, field, sorted(value) if field == "marks" else value)


class Size(BaseModel):
    width: int
    height: int


@dataclass(frozen=True)
class Group:
    name: str
    value: Any
    required: bool = False
    member: Any = None
    refers: str | None = None


@dataclass(frozen=True)
class Table:
    groups: tuple[Group, ...]
    name: str = "book"
    writers: tuple[str, ...] = ("shop",)
    partitions: int = 2
    derived: bool = False
    shown: tuple[DeclaredValue, ...] = ()
    beside: tuple[str, ...] = ()

    def written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return dict(values)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(group.name for group in self.groups if group.required)


class LentOut(Conflict):
    code = "lent-out"
    title = "It is lent out"


TABLE = Table(
    (
        Group("shelf", str | None, refers="shelf"),
        Group("title", str, required=True),
        Group("blurb", str | None),
        Group("lent", StrictBool | None),
        Group("language", str),
        Group("size", Size),
        Group("mark", bool, member=str),
        Group("extra", int, member=str),
    )
)
VALUES = {
    "shelf": SHELF,
    "title": "Emma",
    "blurb": "A novel",
    "lent": True,
    "language": "de",
    "size": {"width": 11, "height": 18},
    "mark:old": True,
    "extra:year": 1815,
}


async def none(*_: Any) -> list[Any]:
    return []


def kind(*own: Any, table: Table = TABLE, **more: Any) -> Kind:
    return kind_from(table, *own, system="shop", row=Book, rows=none, **more)


def written(book: Kind, row: Book, values: Mapping[str, Any]) -> Book:
    for key, value in values.items():
        group = book.group(key)
        assert group is not None
        group.write(row, key, value)
    return row


def test_groups_are_columns_of_their_names_and_what_is_written_is_read() -> None:
    row = written(kind(), Book.blank(), VALUES)
    assert kind().read(row) == {**VALUES, "life": "live"}
    columns: tuple[object, ...] = (row.shelf_id, row.width, row.marks, row.extra)
    assert columns == (SHELF, 11, ["old"], {"year": 1815})


def test_an_emptied_group_has_what_a_blank_row_has() -> None:
    row = written(kind(), Book.blank(), VALUES)
    written(kind(), row, {"blurb": None, "lent": None, "shelf": None, "mark:old": None})
    assert (row.blurb, row.lent, row.shelf_id, row.marks) == ("", False, None, [])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", None),
        ("language", None),
        ("shelf", "S-1"),
        ("size", {"width": "wide"}),
        ("extra:year", "MDCCCXV"),
        ("lent", 1),
    ],
)
def test_a_value_is_checked_and_an_empty_required_one_refused(key: str, value: Any) -> None:
    with pytest.raises(Malformed):
        written(kind(), Book.blank(), {key: value})


def test_a_row_is_made_once_every_required_value_is_one() -> None:
    assert kind().required == ("title",)
    assert kind().create({"title": "Emma"}).title == ""
    with pytest.raises(Malformed):
        kind().create({"title": 7})


def test_a_group_of_the_module_takes_the_place_of_the_column_and_keeps_what_it_refers_to() -> None:
    seen: list[Any] = []
    book = kind(fields("shelf", lambda row: "A7", lambda row, value: seen.append(value)))
    assert book.read(written(book, Book.blank(), {"shelf": "B2"}))["shelf"] == "A7"
    assert seen == ["B2"]
    assert [group.reference for group in book.groups if group.reference] == ["shelf"]


def test_a_closed_kind_refuses_every_value_and_every_record_of_others() -> None:
    book = kind(closed=LentOut)
    with pytest.raises(LentOut):
        written(book, Book.blank(), {"title": "Emma"})
    with pytest.raises(LentOut):
        book.create(VALUES)
    assert book.read(Book(title="Emma", marks=[], extra={}))["title"] == "Emma"


@pytest.mark.parametrize("group", [Group("price", str), Group("copy", bool, member=str)])
def test_a_group_without_a_column_is_named_when_the_service_starts(group: Group) -> None:
    with pytest.raises(NotDeclared, match=group.name):
        kind(table=Table((group,)))


def test_a_group_that_the_table_does_not_have_is_named() -> None:
    with pytest.raises(NotDeclared, match="colour"):
        kind(fields("colour", lambda row: None, lambda row, value: None))
