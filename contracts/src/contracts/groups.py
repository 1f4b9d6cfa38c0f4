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
    AwareDatetime,
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
from contracts.order import (
    GoldenOrderLine,
    OrderAnswer,
    OrderDates,
    OrderLine,
    OrderReason,
    OrderRequest,
    OrderState,
    ShipmentDocument,
    ShippedLines,
)
from contracts.product import (
    Availability,
    Dimensions,
    Gtin,
    ListedPrice,
    Price,
    PriceListTerms,
    ProductKind,
    Sku,
    TaxClass,
    TaxRate,
    Units,
)
from contracts.receivable import (
    AllocationState,
    Balance,
    InvoiceDocument,
    InvoiceLines,
    PaymentAmount,
    PaymentState,
    Settlement,
)
from contracts.references import AnyReference
from contracts.text import NameText, NotesText, OptionalNameText, OptionalShortText, ShortText, refuse
from contracts.values import CurrencyCode, EmailText, Language, PhoneText, Tag, Website


@dataclass(frozen=True, eq=False)
class Shape:
    """The shape of one group's value, and of its members when the group is a family. Each is equal only to itself.

    `reference` names the kind of record that the value, or its field `reference_field`, is the id of.
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

_LOCAL = ShortText
"""The id that a record has in the system that sends it."""

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
    "customer": Shape(_LOCAL | None, reference="customer"),
    "name": Shape(PersonName, required=True),
    "email": Shape(EmailText | None),
    "phone": Shape(PhoneText | None),
    "position": Shape(OptionalShortText),
    "consent": Shape(Consent | None),
    "life": Shape(Life, required=True),
}

_PRODUCT: Shapes = {
    "name": Shape(NameText, required=True),
    "description": Shape(NotesText | None),
    "category": Shape(OptionalShortText),
    "sku": Shape(Sku | None),
    "gtin": Shape(Gtin | None),
    "product_kind": Shape(ProductKind),
    "units": Shape(Units),
    "tax_class": Shape(TaxClass),
    "list_price": Shape(Price | None),
    "dimensions": Shape(Dimensions | None),
    "life": Shape(Life, required=True),
}

_AVAILABILITY: Shapes = {
    "product": Shape(_LOCAL, required=True, reference="product"),
    "availability": Shape(Availability, required=True),
    "life": Shape(Life, required=True),
}

_PRICE_LIST: Shapes = {
    "name": Shape(NameText, required=True),
    "terms": Shape(PriceListTerms, required=True),
    "customer": Shape(_LOCAL | None, reference="customer"),
    "life": Shape(Life, required=True),
}

_PRICE: Shapes = {
    "price_list": Shape(_LOCAL, required=True, reference="price_list"),
    "product": Shape(_LOCAL, required=True, reference="product"),
    "price": Shape(ListedPrice, required=True),
    "life": Shape(Life, required=True),
}

_TAX_RATE: Shapes = {
    "tax_rate": Shape(TaxRate, required=True),
    "life": Shape(Life, required=True),
}

_ORDER: Shapes = {
    "state": Shape(OrderState, required=True),
    "customer": Shape(_LOCAL, required=True, reference="customer"),
    "currency": Shape(CurrencyCode, required=True),
    "dates": Shape(OrderDates, required=True),
    "submitted_at": Shape(AwareDatetime | None),
    "sales_number": Shape(OptionalShortText),  # The CRM's number; `number` is the ERP's.
    "number": Shape(OptionalShortText),
    "reference": Shape(OptionalShortText),  # What the customer calls the order.
    "shipping_address": Shape(Address | None),
    "whole": Shape(StrictBool | None),  # Ship everything at once, or nothing.
    "notes": Shape(NotesText | None),
    "reason": Shape(OrderReason | None),
    "request": Shape(OrderRequest | None),
    "answer": Shape(OrderAnswer | None),
    "line": Shape(OrderLine | None, member=UUID, reference="product", reference_field="product"),
    "life": Shape(Life, required=True),
}

_SHIPMENT: Shapes = {
    "order": Shape(_LOCAL, required=True, reference="order"),
    "document": Shape(ShipmentDocument, required=True),
    "lines": Shape(ShippedLines, required=True),
    "life": Shape(Life, required=True),
}

_INVOICE: Shapes = {
    "customer": Shape(_LOCAL, required=True, reference="customer"),
    "document": Shape(InvoiceDocument, required=True),
    "lines": Shape(InvoiceLines, required=True),
    "settlement": Shape(Settlement, required=True),
    "life": Shape(Life, required=True),
}

_CREDIT_NOTE: Shapes = {
    "customer": Shape(_LOCAL, required=True, reference="customer"),
    "invoice": Shape(_LOCAL, required=True, reference="invoice"),
    "document": Shape(InvoiceDocument, required=True),
    "lines": Shape(InvoiceLines, required=True),
    "life": Shape(Life, required=True),
}

_PAYMENT: Shapes = {
    "state": Shape(PaymentState, required=True),
    "customer": Shape(_LOCAL | None, reference="customer"),
    "payment": Shape(PaymentAmount, required=True),
    "reference": Shape(OptionalShortText),  # The bank's or the payer's name for it: it makes the payment one.
    "note": Shape(OptionalNameText),  # What the payer wrote: numbers of invoices, usually.
    "reason": Shape(OptionalNameText),
    "allocation": Shape(AllocationState | None),
    "life": Shape(Life, required=True),
}

_BALANCE: Shapes = {
    "customer": Shape(_LOCAL, required=True, reference="customer"),
    "balance": Shape(Balance, required=True),
    "life": Shape(Life, required=True),
}

GROUPS: Mapping[str, Shapes] = {
    "customer": _CUSTOMER,
    "contact": _CONTACT,
    "product": _PRODUCT,
    "availability": _AVAILABILITY,
    "tax_rate": _TAX_RATE,
    "price_list": _PRICE_LIST,
    "price": _PRICE,
    "order": _ORDER,
    "shipment": _SHIPMENT,
    "invoice": _INVOICE,
    "credit_note": _CREDIT_NOTE,
    "payment": _PAYMENT,
    "balance": _BALANCE,
}
"""Kind of record -> group or family -> shape, as CRM and ERP send them; what is referred to comes first."""


def _golden(shapes: Shapes) -> Shapes:
    return {
        group: Shape(AnyReference | None, required=shape.required)
        if shape.reference and not shape.reference_field
        else shape
        for group, shape in shapes.items()
    }


GOLDEN_GROUPS: Mapping[str, Shapes] = {
    **{kind: _golden(shapes) for kind, shapes in GROUPS.items()},
    "order": {**_golden(_ORDER), "line": Shape(GoldenOrderLine | None, member=UUID)},
}
"""The same as the hub publishes them: records are named by canonical id."""


def check_value(shapes: Shapes, group: str, value: JsonValue) -> JsonValue:
    """The value of a group in its one form, as JSON; None is no value, which only a required group must have.

    Raises pydantic's ValidationError, or one of its custom errors, that says what is wrong with it: `group`
    when there is no such group, or a family's member is missing.
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
