"""What a declared record answers; its reads and writes are tested with the modules that declare them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from records import READ_ONLY, Filters, Record, routes
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass
class Shelf:
    name: str
    version: int = 1


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
        scope="shelves",
        row=Shelf,
        filters=Filters,
        sort=("name",),
        **more,
    )


def shapes_of(record: Record[Shelf, Any, Any]) -> dict[str, Any]:
    found = [route for route in routes(record).routes if isinstance(route, APIRoute)]
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
    assert shapes["read_shelf"] is ShelfView
    assert shapes["list_shelves"].model_fields["items"].annotation == list[ShelfListed]


def test_a_record_has_the_routes_of_its_verbs() -> None:
    assert shapes_of(shelves(out=ShelfOut, verbs=READ_ONLY)).keys() == {"read_shelf", "list_shelves"}
