"""The shapes of the groups of each kind, derived from the tables of kinds: the keys in events, and the values under
them.

A key is plain (`email`) or of a family (`tag:retail`): the family's name, a colon, and its member. In a snapshot an
empty group is omitted or null.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from localisation import Phrase
from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    JsonValue,
    TypeAdapter,
    create_model,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from contracts.kinds import TABLES, KindTable
from contracts.kinds.announced import AnnouncedKind
from contracts.kinds.table import Group
from contracts.references import AnyReference
from contracts.text import refuse


@dataclass(frozen=True, eq=False)
class Shape:
    """The shape of one group's value, and of its members when the group is a family. Compared by identity.

    `reference` names the kind of record whose id the value, or its field `reference_field`, is.
    """

    value: Any
    required: bool = False
    member: Any = None
    reference: str | None = None
    reference_field: str | None = None

    @cached_property
    def values(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.value)

    @cached_property
    def members(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.member)


Shapes = Mapping[str, Shape]


def _shapes(table: KindTable) -> Shapes:
    return {
        group.name: Shape(group.value, group.required, group.member, group.refers, group.reference_field)
        for group in table.groups
    }


def _golden(table: KindTable) -> Shapes:
    return {group.name: _golden_shape(table.name, group) for group in table.groups}


def _golden_shape(kind: str, group: Group) -> Shape:
    """The very shape that systems send, unless the value names a record: what was checked once stays checked."""
    if group.refers and not group.reference_field:
        return Shape(AnyReference | None, required=group.required)
    if group.golden is None and group.refers is None:
        return GROUPS[kind][group.name]
    return Shape(group.golden or group.value, group.required, group.member)


GROUPS: Mapping[str, Shapes] = {kind: _shapes(table) for kind, table in TABLES.items()}
"""Kind of record -> group or family -> shape, as systems send them."""

GOLDEN_GROUPS: Mapping[str, Shapes] = {kind: _golden(table) for kind, table in TABLES.items()}
"""The same as the hub publishes them: references are canonical ids."""


def announced_shapes(kind: AnnouncedKind) -> Shapes:
    """The same for an announced kind."""
    return {group: Shape(value, group in kind.required) for group, value in kind.groups.items()}


def check_value(shapes: Shapes, group: str, value: JsonValue) -> JsonValue:
    """The normalised value of a group, as JSON; None is no value, which only a required group refuses.

    Raises pydantic's ValidationError, or one of its custom errors, with the reason: `group` when the group does not
    exist, or a family's member is missing.
    """
    shape = _shape_of(shapes, group)
    if value is None and not shape.required:
        return None
    checked: JsonValue = shape.values.dump_python(shape.values.validate_python(value), mode="json")
    return checked


def _shape_of(shapes: Shapes, group: str) -> Shape:
    family, colon, member = group.partition(":")
    shape = shapes.get(family)
    if shape is None or bool(colon) != (shape.member is not None):
        raise refuse("group", Phrase("there is no group {group!r}", group=group))
    if shape.member is not None:
        shape.members.validate_python(member)
    return shape


class GroupValues(BaseModel):
    """All values of a record: one property for each plain group, and any number of members of its families."""

    model_config = ConfigDict(frozen=True, extra="allow")
    shapes: ClassVar[Shapes]

    @model_validator(mode="after")
    def _members_have_the_shape_of_their_family(self) -> Self:
        for group, value in (self.model_extra or {}).items():
            check_value(self.shapes, group, value)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core_schema))
        families = {name: shape for name, shape in cls.shapes.items() if shape.member is not None}
        if families:
            schema["patternProperties"] = {
                f"^{name}:.+$": handler(shape.values.core_schema) for name, shape in families.items()
            }
        return schema


def values_model(name: str, shapes: Shapes) -> type[GroupValues]:
    """The model of all values of a record with these groups."""
    plain: dict[str, Any] = {
        group: (shape.value, ... if shape.required else None) for group, shape in shapes.items() if shape.member is None
    }
    model = create_model(name, __base__=GroupValues, __doc__=GroupValues.__doc__, **plain)
    model.shapes = shapes
    return model
