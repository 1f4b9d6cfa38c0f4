"""Wrong fields are told in words of ours: with a code, a path in one form, and all at once."""

from decimal import Decimal
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import pytest
from chassis.errors import Conflict, Malformed
from chassis.patch import parsed, patched
from localisation.field_words import TYPES
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import core_schema

OURS = {"json_invalid", "value_error", "assertion_error"}
"""Their sentence comes from the parser, or from the rule that raised."""
NOT_IN_JSON = {
    "no_such_attribute", "needs_python_object", "recursion_loop", "recursion_depth_exceeded", "frozen_instance",
    "invalid_key", "get_attribute_error", "dataclass_exact_type", "named_tuple_type", "default_factory_not_called",
    "iteration_error", "frozen_dict_type", "ordered_dict_type", "counter_type", "deque_type", "set_item_not_hashable",
    "bytes_type", "bytes_too_short", "bytes_too_long", "bytes_invalid_encoding", "missing_sentinel_error",
    "ellipsis_error", "is_instance_of", "is_subclass_of", "callable_type", "arguments_type", "missing_argument",
    "unexpected_keyword_argument", "missing_keyword_only_argument", "unexpected_positional_argument",
    "missing_positional_only_argument", "multiple_argument_values", "fraction_type", "fraction_parsing",
    "complex_type", "complex_str_parsing",
}  # fmt: skip
"""What only Python objects, calls of functions, or types that no body has can produce."""


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    product_id: UUID
    quantity: Annotated[Decimal, Field(gt=0, decimal_places=2)] = Decimal(1)


class ThingBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=3)
    kind: Literal["a", "b"] = "a"
    lines: Annotated[list[Line], Field(max_length=2)] = []


def told(error: Malformed) -> set[tuple[str, str]]:
    return {(each["field"], each["code"]) for each in error.document()["errors"]}


def test_every_error_of_the_validator_has_our_words() -> None:
    assert TYPES.keys() | OURS | NOT_IN_JSON == set(get_args(core_schema.ErrorType))


@pytest.mark.parametrize(
    ("document", "field", "code", "message"),
    [
        ({}, "name", "required", "is required: send it"),
        ({"name": 1}, "name", "type", "must be a text"),
        ({"name": "long"}, "name", "too-long", "must have at most 3 characters"),
        ({"name": "a", "kind": "c"}, "kind", "choice", "must be one of 'a', 'b'"),
        ({"name": "a", "size": 1}, "size", "unknown-field", "unknown field: remove it"),
        ({"name": "a", "lines": [{}]}, "lines[0].product_id", "required", "is required: send it"),
        ({"name": "a", "lines": [{"product_id": "7"}]}, "lines[0].product_id", "format", "must be an id (UUID)"),
        ({"name": "a", "lines": [0, 0, 0]}, "lines", "too-long", "must have at most 2 entries"),
    ],
)
def test_a_wrong_field_has_a_path_a_code_and_a_sentence(document: Any, field: str, code: str, message: str) -> None:
    with pytest.raises(Malformed) as refused:
        parsed(ThingBody, document)
    assert refused.value.document()["errors"] == [{"field": field, "code": code, "message": message}]


def test_an_unknown_field_of_a_patch_hides_no_other() -> None:
    line = {"product_id": str(UUID(int=1)), "quantity": "1.234"}
    with pytest.raises(Malformed) as refused:
        patched(ThingBody, {"name": "a"}, {"nmae": None, "kind": "c", "lines": [line]})
    assert told(refused.value) == {
        ("nmae", "unknown-field"), ("kind", "choice"), ("lines[0].quantity", "decimals"),
    }  # fmt: skip


def test_a_rule_of_ours_keeps_its_code_and_its_sentence() -> None:
    refused = Malformed(errors=[{"field": "currency", "message": "send the currency"}])
    assert refused.document()["errors"] == [{"code": "invalid", "field": "currency", "message": "send the currency"}]


def test_a_business_refusal_points_to_the_field_that_it_concerns() -> None:
    class ShelfFull(Conflict):
        code = "shelf-full-in-a-test"
        detail = "There is room for {room}."

    one = ShelfFull(room=3, field="lines[1].quantity").document()
    assert one["errors"] == [
        {"field": "lines[1].quantity", "code": "shelf-full-in-a-test", "message": "There is room for 3."}
    ]
    both = ShelfFull(room=3, fields=["a", "b"]).document()
    assert [each["field"] for each in both["errors"]] == ["a", "b"]
    assert "errors" not in ShelfFull(room=3).document()
