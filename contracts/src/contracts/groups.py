"""The groups of each kind of record: the keys that events carry, and the shape of the value under each.

A key is plain (`email`) or of a family (`tag:retail`): the family's name, a colon, and its member. In a snapshot
an empty group is left out or null.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    JsonValue,
    StrictBool,
    TypeAdapter,
    create_model,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from contracts.contact import Consent, PersonName
from contracts.custom import FieldKey, Scalar
from contracts.customer import Address, Credit, LegalEntity, Life, PartyName, PaymentTerms
from contracts.references import AnyReference
from contracts.text import NotesText, OptionalShortText, ShortText, refuse
from contracts.values import CurrencyCode, EmailText, Language, PhoneText, Tag, Website


@dataclass(frozen=True)
class Shape:
    """The shape of one group's value, and of its members when the group is a family."""

    value: Any
    required: bool = False
    member: Any = None

    @cached_property
    def values(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.value)

    @cached_property
    def members(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.member)


Shapes = Mapping[str, Shape]

_CUSTOMER: Shapes = {
    "name": Shape(PartyName, required=True),
    "email": Shape(EmailText | None),
    "phone": Shape(PhoneText | None),
    "website": Shape(Website | None),
    "language": Shape(Language | None),
    "currency": Shape(CurrencyCode | None),
    "owner": Shape(OptionalShortText),
    "segment": Shape(OptionalShortText),
    "source": Shape(OptionalShortText),
    "notes": Shape(NotesText | None),
    "billing_address": Shape(Address | None),
    "shipping_address": Shape(Address | None),
    "payment_terms": Shape(PaymentTerms | None),
    "credit": Shape(Credit | None),
    "tag": Shape(StrictBool | None, member=Tag),
    "legal": Shape(LegalEntity | None, member=UUID),
    "custom": Shape(Scalar, member=FieldKey),
    "life": Shape(Life, required=True),
}

_CONTACT: Shapes = {
    "customer": Shape(ShortText | None),  # The id that the customer has in the system that sends it.
    "name": Shape(PersonName, required=True),
    "email": Shape(EmailText | None),
    "phone": Shape(PhoneText | None),
    "position": Shape(OptionalShortText),
    "consent": Shape(Consent | None),
    "life": Shape(Life, required=True),
}

GROUPS: Mapping[str, Shapes] = {"customer": _CUSTOMER, "contact": _CONTACT}
"""Kind of record -> group or family -> shape, as CRM and ERP send them."""

GOLDEN_GROUPS: Mapping[str, Shapes] = {
    "customer": _CUSTOMER,
    "contact": {**_CONTACT, "customer": Shape(AnyReference | None)},
}
"""The same as the hub publishes them: records are named by canonical id."""


def check_value(shapes: Shapes, group: str, value: JsonValue) -> JsonValue:
    """The value of a group in its one form, as JSON.

    Raises pydantic's ValidationError, or one of its custom errors, that says what is wrong with it: `group`
    when there is no such group, or a family's member is missing.
    """
    shape = _shape_of(shapes, group)
    checked: JsonValue = shape.values.dump_python(shape.values.validate_python(value), mode="json")
    return checked


def _shape_of(shapes: Shapes, group: str) -> Shape:
    family, colon, member = group.partition(":")
    shape = shapes.get(family)
    if shape is None or bool(colon) != (shape.member is not None):
        raise refuse("group", f"there is no group {group!r}")
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


CustomerValues = values_model("CustomerValues", GROUPS["customer"])
ContactValues = values_model("ContactValues", GROUPS["contact"])
GoldenContactValues = values_model("GoldenContactValues", GOLDEN_GROUPS["contact"])
