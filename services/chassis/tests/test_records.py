"""What a declared record answers; its reads and writes are tested with the modules that declare them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from records import READ_ONLY, Filters, FromJson, Record, reads, routes
from sqlalchemy import column, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAME: Any = column("name")
ID: Any = column("id")


@dataclass
class Shelf:
    name: Any = NAME
    version: int = 1
    id: Any = ID


class ShelfOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    version: int


class ShelfView(ShelfOut):
    books: int


class ShelfListed(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str


async def with_books(_session: AsyncSession, rows: Sequence[Shelf]) -> list[ShelfView]:
    return [ShelfView(name=row.name, version=row.version, books=len(rows)) for row in rows]


def shelves(**more: Any) -> Record[Shelf, Any, Any]:
    return Record(
        "shelf",
        path="/v1/shelves",
        row=Shelf,
        filters=Filters,
        sort=("name",),
        **more,
    )


def shapes_of(record: Record[Shelf, Any, Any]) -> dict[str, Any]:
    found = [route for route in routes(record).build().routes if isinstance(route, APIRoute)]
    return {route.name: route.response_model for route in found}


async def test_answers_that_need_more_than_the_row_are_made_for_all_rows_at_once() -> None:
    record, session = shelves(out=ShelfView, bare=ShelfOut, shown=with_books), AsyncSession()
    rows = [Shelf("A"), Shelf("B")]
    assert [each.books for each in await record.listing(session, rows)] == [2, 2]
    assert (await record.answer(session, rows[0])).books == 1
    assert record.show(rows[0]) == ShelfOut(name="A", version=1)


async def test_lists_show_the_smaller_shape_alone() -> None:
    record = shelves(out=ShelfView, bare=ShelfOut, shown=with_books, listed=ShelfListed)
    assert await record.listing(AsyncSession(), [Shelf("A")]) == [ShelfListed(name="A")]
    shapes = shapes_of(record)
    assert shapes["read_shelf"].model_fields.keys() >= ShelfView.model_fields.keys()
    (listed,) = get_args(shapes["list_shelves"].model_fields["items"].annotation)
    assert issubclass(listed, ShelfListed) and not issubclass(listed, ShelfView)


def test_a_record_has_the_routes_of_its_verbs() -> None:
    assert shapes_of(shelves(out=ShelfOut, verbs=READ_ONLY)).keys() == {"read_shelf", "list_shelves", "export_shelves"}


def test_the_operations_of_a_record_may_have_names_of_their_own() -> None:
    named = routes(shelves(out=ShelfOut, verbs=("create", "list")), names={"create": "build_shelf"})
    assert {route.name for route in named.build().routes if isinstance(route, APIRoute)} == {
        "build_shelf",
        "list_shelves",
    }


class Base(DeclarativeBase):
    """Tables of this file, which stand in no database."""


class Book(FromJson, Base):
    __tablename__ = "books"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    price: Mapped[Decimal | None]
    printed_on: Mapped[date | None]
    archived_at: Mapped[date | None]


class BookFilters(Filters):
    title: list[str] = Field(default=[])
    cheap: bool | None = None
    below: int = 10


BOOKS: Record[Book, Any, ShelfOut] = Record(
    "book",
    row=Book,
    out=ShelfOut,
    filters=BookFilters,
    sort=("title", "length"),
    among=select(Book).where(Book.price.is_not(None)),
    sort_by={"length": Book.printed_on},
    where={("cheap", "below"): lambda wanted, below: Book.price < below if wanted else Book.price >= below},
)


def test_values_in_json_form_become_what_their_columns_hold() -> None:
    book, book_id = Book(price=Decimal(1)), "01900000-0000-7000-8000-00000000000a"
    book.change({"id": book_id, "title": "2026-01-02", "price": "9.90", "printed_on": "2026-01-02"})
    assert (book.id, book.title, book.price) == (UUID(book_id), "2026-01-02", Decimal("9.90"))
    book.change({"price": None})
    assert (book.price, book.printed_on) == (None, date(2026, 1, 2))


async def test_lists_are_about_the_rows_declared_and_of_several_values_any_holds() -> None:
    found = str(await reads.search(AsyncSession(), BOOKS, BookFilters(title=["A", "B"])))
    assert "WHERE books.price IS NOT NULL AND " in found
    assert "books.title IN" in found
    assert "title IN" not in str(await reads.search(AsyncSession(), BOOKS, BookFilters()))
    assert [str(key.column) for key in BOOKS.sorting.keys("length")] == ["Book.printed_on", "Book.id"]


async def test_filters_that_belong_together_are_one_condition_when_the_first_is_given() -> None:
    session = AsyncSession()
    assert "books.price < " in str(await reads.search(session, BOOKS, BookFilters(cheap=True)))
    assert "books.price >= " in str(await reads.search(session, BOOKS, BookFilters(cheap=False, below=5)))
    assert "price <" not in str(await reads.search(session, BOOKS, BookFilters(below=5)))
