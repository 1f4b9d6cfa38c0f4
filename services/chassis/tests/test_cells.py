"""Records as cells: one column for each plain value, and texts that no spreadsheet runs."""

from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field
from records.cells import Column, columns_of, guarded, read_cell, unguarded


class Place(BaseModel):
    city: str | None = None
    floors: tuple[int, ...] = ()


class Thing(BaseModel):
    name: str
    size: Annotated[Decimal | None, Field(ge=0)] = None
    place: Place | None = None
    places: list[Place] = []
    own: dict[str, str | int] = {}


def test_a_part_has_a_column_for_each_field_and_a_list_has_one() -> None:
    assert [column.path for column in columns_of(Thing)] == [
        "name",
        "size",
        "place.city",
        "place.floors",
        "places",
        "own",
    ]
    assert [column.path for column in columns_of(Thing) if column.number] == ["size"]


@pytest.mark.parametrize(
    ("path", "number", "document", "cell"),
    [
        ("name", False, {"name": "=1+1"}, "'=1+1"),
        ("name", False, {"name": None}, ""),
        ("size", True, {"size": "-5.00"}, "-5.00"),
        ("place.city", False, {"place": None}, ""),
        ("place.city", False, {"place": {"city": "Bonn"}}, "Bonn"),
        ("places", False, {"places": [{"city": "Bonn"}]}, '[{"city":"Bonn"}]'),
        ("places", False, {"places": []}, ""),
        ("flag", False, {"flag": False}, "false"),
    ],
)
def test_the_text_of_a_cell(path: str, number: bool, document: dict[str, Any], cell: str) -> None:
    assert Column(path, number).text(document) == cell


@pytest.mark.parametrize(
    "text", ["=1+1", "+49 30", "-1", "@SUM(A1)", "\tx", "'=1", "''=1", "'quoted'", "plain", "", "'"]
)
def test_the_guard_of_a_text_comes_off_again(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t"))
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize(
    ("annotation", "cell", "read"),
    [
        (list[str], '["a", "b"]', ["a", "b"]),
        (list[str], "[a", "[a"),
        (str | None, '["a"]', '["a"]'),
        (dict[str, str], '{"a": "1"}', {"a": "1"}),
        (bool | None, "TRUE", True),
        (str, "true", "true"),
        (int | None, "30", 30),
        (Decimal, "30", "30"),
        (Any, "7", "7"),
    ],
)
def test_a_cell_is_read_by_the_type_of_its_field(annotation: Any, cell: str, read: Any) -> None:
    assert read_cell(annotation, cell) == read
