"""Custom fields of a tenant: each is declared with a type, which checks its values."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from localisation import Phrase
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from contracts.text import NameText, ShortText, one_line, refuse
from contracts.values import Number, Value

Line = Annotated[str, Field(max_length=1000), BeforeValidator(one_line)]
Whole = Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]
Scalar = Line | bool | Whole | None
"""The value of a custom field, as JSON; amounts and dates are strings."""

FieldKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$"), BeforeValidator(one_line)]
"""The field's name in programs: small letters, digits and _."""

OwnValues = Annotated[
    dict[FieldKey, Scalar], Field(max_length=100, description="Values of your own fields, see /v1/custom-fields.")
]
"""The field `custom` of a record, by the keys of declared fields."""


class FieldType(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"


RecordName = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]
"""A kind of record, as events name it: `customer`, `price_list`."""


class FieldPlace(Value):
    """Which field of which records a declaration is about; it never changes."""

    record: RecordName
    key: FieldKey


class FieldContent(Value):
    """What a field holds. Its type never changes, because records hold values of it."""

    type: FieldType
    choices: Annotated[tuple[ShortText, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _choices_belong_to_a_choice(self) -> Self:
        if (self.type is FieldType.CHOICE) != bool(self.choices):
            raise refuse(
                "choices", "a field of type choice needs choices, and a field of another type has none", "choices"
            )
        if len(set(self.choices)) != len(self.choices):
            raise refuse("choices", "a choice is listed twice", "choices")
        return self


class CustomField(FieldContent):
    """The declaration of one custom field."""

    key: FieldKey
    label: NameText

    def value(self, written: Any) -> Scalar:
        """The normalised value, or None.

        Raises the pydantic error `custom_field`, which names the field, when the value is not of its type.
        """
        if written is None:
            return None
        try:
            return _READERS[self.type](self, written)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise refuse(
                "custom_field",
                Phrase("{key} is not of type {type}: {reason}", key=self.key, type=self.type, reason=reason),
            ) from error


_TEXT: TypeAdapter[str] = TypeAdapter(Line)
_INTEGER: TypeAdapter[int] = TypeAdapter(Whole)
_BOOLEAN: TypeAdapter[bool] = TypeAdapter(Annotated[bool, Field(strict=True)])
_DATE: TypeAdapter[date] = TypeAdapter(date)
_DECIMAL: TypeAdapter[Decimal] = TypeAdapter(Number)


def _choice(field: CustomField, written: Any) -> Scalar:
    text = _TEXT.validate_python(written)
    if text not in field.choices:
        raise refuse(
            "custom_field",
            Phrase(
                "{key} is one of {choices}, not {text!r}", key=field.key, choices=", ".join(field.choices), text=text
            ),
        )
    return text


_READERS = {
    FieldType.TEXT: lambda _, written: _TEXT.validate_python(written) or None,
    FieldType.INTEGER: lambda _, written: _INTEGER.validate_python(written),
    FieldType.DECIMAL: lambda _, written: format(_DECIMAL.validate_python(written), "f"),
    FieldType.BOOLEAN: lambda _, written: _BOOLEAN.validate_python(written),
    FieldType.DATE: lambda _, written: _DATE.validate_python(written).isoformat(),
    FieldType.CHOICE: _choice,
}
