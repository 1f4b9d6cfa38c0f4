"""JSON Merge Patch. Source of the table: RFC 7396, appendix A."""

from typing import Any

import pytest
from chassis.errors import Malformed
from chassis.patch import merge, patched
from pydantic import BaseModel, ConfigDict


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int | None = None


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_standard(document: Any, patch: Any, expected: Any) -> None:
    assert merge(document, patch) == expected


def test_the_document_itself_stays_as_it_was() -> None:
    document = {"a": {"b": 1}}
    merge(document, {"a": {"b": 2}})
    assert document == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("patch", "field"), [({"nmae": None}, "nmae"), ({"size": "large"}, "size"), ({"name": None}, "name")]
)
def test_a_patch_that_does_not_fit_names_the_field(patch: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        patched(Thing, {"name": "A"}, patch)
    assert [error["field"] for error in refused.value.document()["errors"]] == [field]
