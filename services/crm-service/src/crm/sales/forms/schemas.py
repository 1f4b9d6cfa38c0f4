"""Shapes of requests and responses."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.settings import Origin
from contracts.custom import OwnValues
from contracts.text import NameText, OptionalNameText, OptionalShortText, refuse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from records import Filters, PlainOut

from crm.sales.forms.rules import FieldName, FormField, FormFields, SubmissionState

ORIGINS = "The websites that may send it, as https://www.example.com; without any, every website may."
HONEYPOT = "A field that people do not see: what comes with a value in it makes no lead."


class FormBody(BaseModel):
    """A form. A required field must give the lead's name, company or e-mail."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Ask for samples",
                    "fields": [
                        {"name": "name", "label": "Your name", "required": True, "into": "name"},
                        {"name": "email", "label": "E-mail", "type": "email", "required": True, "into": "email"},
                        {"name": "wish", "label": "What may we send you?", "type": "lines"},
                        {
                            "name": "news",
                            "label": "Send me the newsletter",
                            "type": "boolean",
                            "into": "consent_email",
                        },
                    ],
                    "source": "Website",
                    "campaign": "Samples",
                }
            ]
        },
    )

    name: NameText
    fields: FormFields
    source: OptionalShortText = Field(default=None, description="The source of its leads.")
    campaign: OptionalNameText = Field(default=None, description="The campaign of its leads.")
    origins: Annotated[list[Annotated[Origin, Field(max_length=200)]], Field(max_length=50)] = Field(
        default=[], description=ORIGINS
    )
    honeypot: FieldName = Field(default="website", description=HONEYPOT)
    enabled: bool = Field(default=True, strict=True, description="Whether it takes submissions.")
    custom: OwnValues = {}

    @model_validator(mode="after")
    def _hides_no_field(self) -> Self:
        if self.honeypot in (field.name for field in self.fields):
            raise refuse("names", "a field of the form has this name", "honeypot")
        return self


class FormOut(PlainOut):
    """A form. It is sent to `/v1/forms/{key}/submissions`."""

    name: str
    key: str = Field(description="The public key in the address that it is sent to.")
    fields: list[FormField]
    source: str | None
    campaign: str | None
    origins: list[str]
    honeypot: str
    enabled: bool
    custom: dict[str, Any]


class FormFilters(Filters):
    """Filters of the list; all given filters must match."""

    name: str | None = Field(default=None, max_length=200)
    enabled: bool | None = None
    source: str | None = Field(default=None, max_length=60)
    campaign: str | None = Field(default=None, max_length=200)


class FormSubmissionOut(BaseModel):
    """What a visitor has sent, as it was checked."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    created_at: datetime
    form_id: UUID
    state: SubmissionState
    fields: dict[str, Any]
    consents: dict[str, str] = Field(description="The texts that the visitor has agreed to.")
    origin: str | None = Field(description="The website that has sent it.")
    lead_id: UUID | None = Field(description="The lead that it made.")
    reason: str | None = Field(description="Why it made no lead.")


class FormSubmissionFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    form_id: UUID | None = None
    state: SubmissionState | None = None
    lead_id: UUID | None = None


class Received(BaseModel):
    """The submission has arrived."""

    id: UUID
    received: bool = True
