"""What a form asks for, and the lead that its values make. Pure."""

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from contracts.contact import Consent
from contracts.text import NameText, NotesText, blank_to_none, refuse
from contracts.values import CountryCode, EmailText, Language, Number, PhoneText, Value
from localisation import Phrase
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

MOST_FIELDS = 50
MOST_INTEREST = 10_000
KEY_BYTES = 12
KEY = r"[A-Za-z0-9_-]{38}"
TRUE = frozenset({"on", "true", "1", "yes"})
FALSE = frozenset({"off", "false", "0", "no", ""})

FieldType = Literal["text", "lines", "email", "phone", "country", "language", "number", "boolean", "choice"]
Into = Literal[
    "name", "company", "email", "phone", "country", "language", "interest", "custom", "consent_email", "consent_sms"
]
OF_TYPE: Mapping[str, FieldType] = {
    "email": "email",
    "phone": "phone",
    "country": "country",
    "language": "language",
    "consent_email": "boolean",
    "consent_sms": "boolean",
}
"""Parts of a lead that take one type of field only."""
NAMES_A_LEAD = ("name", "company", "email")
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class SubmissionState(StrEnum):
    """`unwanted`: the field that people do not see was filled, so a program has sent it."""

    ACCEPTED = "accepted"
    FAILED = "failed"
    UNWANTED = "unwanted"


class FormField(Value):
    """A field. `into` is the part of the lead that gets its value; values for `interest` are written there by label.

    The label of a consent is the text that the visitor agrees to.
    """

    name: FieldName
    label: NameText
    type: FieldType = "text"
    required: bool = Field(default=False, strict=True)
    choices: Annotated[tuple[NameText, ...], Field(max_length=100)] = ()
    into: Into = "interest"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise refuse("choices", "a field of the type `choice` has choices, and no other field has", "choices")
        if self.type != OF_TYPE.get(self.into, self.type):
            message = Phrase("{into} takes a field of the type {type}", into=self.into, type=OF_TYPE[self.into])
            raise refuse("type", message, "type")
        return self


def _complete(fields: tuple[FormField, ...]) -> tuple[FormField, ...]:
    names = [field.name for field in fields]
    if len(set(names)) < len(names):
        raise refuse("names", "two fields have the same name")
    parts = [field.into for field in fields if field.into not in ("interest", "custom")]
    if len(set(parts)) < len(parts):
        raise refuse("into", "two fields have the same part of the lead in `into`")
    if not any(field.required and field.into in NAMES_A_LEAD for field in fields):
        raise refuse("required", "a required field must give the name, the company or the e-mail of the lead")
    return fields


FormFields = Annotated[tuple[FormField, ...], Field(min_length=1, max_length=MOST_FIELDS), AfterValidator(_complete)]


def new_key(tenant: UUID) -> str:
    """A public key. It names the tenant, whose rows are the only ones that it can find."""
    return base64.urlsafe_b64encode(tenant.bytes + secrets.token_bytes(KEY_BYTES)).decode().rstrip("=")


def tenant_of(key: str) -> UUID:
    """The tenant of a key. Raises `ValueError` for a text that is no key."""
    decoded = base64.b64decode(f"{key}{'=' * (-len(key) % 4)}", altchars=b"-_", validate=True)
    if len(decoded) != len(UUID(int=0).bytes) + KEY_BYTES:
        raise ValueError(f"{key!r} is not the key of a form")
    return UUID(bytes=decoded[:-KEY_BYTES])


def _yes_or_no(value: Any) -> Any:
    text = value.strip().lower() if isinstance(value, str) else value
    if isinstance(text, bool):
        return text
    if text in TRUE or text in FALSE:
        return text in TRUE
    raise refuse("boolean", "send true or false")


def _agreed(value: Any) -> Any:
    if value is not True:
        raise refuse("required", "this must be agreed to")
    return value


def _one_of(choices: Sequence[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in choices:
            raise refuse("choice", Phrase("send one of: {choices}", choices=", ".join(choices)))
        return value

    return check


LongText = Annotated[NotesText, Field(min_length=1)]
TYPES: Mapping[FieldType, Any] = {
    "text": NameText,
    "email": EmailText,
    "phone": PhoneText,
    "country": CountryCode,
    "language": Language,
    "number": Number,
}


@lru_cache(maxsize=500)
def shape_of(fields: tuple[FormField, ...]) -> type[BaseModel]:
    """The model that checks what a visitor sends; other fields are refused."""
    declared = {f"field_{place}": _declared(field) for place, field in enumerate(fields)}
    made: type[BaseModel] = create_model(  # type: ignore[call-overload]  # Fields that are known at run time.
        "Submission", __config__=ConfigDict(extra="forbid", serialize_by_alias=True), **declared
    )
    return made


def _declared(field: FormField) -> tuple[Any, Any]:
    if field.type == "boolean":
        checks = (AfterValidator(_agreed),) if field.required else ()
        kind: Any = Annotated[(bool, *checks, BeforeValidator(_yes_or_no))]
        return kind, Field(default=False, validate_default=True, alias=field.name)
    if field.type == "lines":
        return (
            (LongText, Field(alias=field.name)) if field.required else (NotesText, Field(default="", alias=field.name))
        )
    kind = Annotated[NameText, AfterValidator(_one_of(field.choices))] if field.choices else TYPES[field.type]
    if field.required:
        return kind, Field(alias=field.name)
    return Annotated[kind | None, BeforeValidator(blank_to_none)], Field(default=None, alias=field.name)


def lead_of(fields: Sequence[FormField], values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a lead's body for the values of a submission."""
    given = {field: values[field.name] for field in fields if values.get(field.name) not in (None, "", False)}
    parts = {field.into: value for field, value in given.items() if field.into not in ("interest", "custom")}
    name = parts.get("name") or parts.get("company") or parts.get("email")
    consent = Consent(email="consent_email" in parts, sms="consent_sms" in parts)
    asked = any(field.into.startswith("consent_") for field in fields)
    return {
        **{part: value for part, value in parts.items() if not part.startswith("consent_")},
        "name": name,
        "interest": _interest([(field, value) for field, value in given.items() if field.into == "interest"]),
        "custom": {field.name: value for field, value in given.items() if field.into == "custom"},
        "consent": consent.model_dump() if asked else None,
    }


def _interest(given: Sequence[tuple[FormField, Any]]) -> str:
    if len(given) == 1 and given[0][0].type == "lines":
        return str(given[0][1])
    return "\n".join(f"{field.label}: {value}" for field, value in given)[:MOST_INTEREST]
