"""Shapes of requests and responses."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis.replication import Shown
from contracts.contact import Consent, PersonName
from contracts.text import OptionalShortText
from contracts.values import EmailText, PhoneText
from pydantic import BaseModel, ConfigDict, Field

from erp.parties.customers.schemas import Optional


class ContactBody(BaseModel):
    """A contact as its users write it; only `name` is required. `consent` belongs to the CRM."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "Maria Anders", "email": "maria@alfki.example", "position": "Sales Representative"}]
        },
    )

    customer_id: UUID | None = Field(default=None, description="The customer's id in this service.")
    name: PersonName
    email: Optional[EmailText] = None
    phone: Optional[PhoneText] = None
    position: OptionalShortText = None
    consent: Consent | None = Field(default=None, description="Read-only here: the CRM keeps it.")


class ContactOut(Shown):
    """A contact. `email_key` and `phone_e164` are what was understood of `email` and `phone`."""

    customer_id: UUID | None
    name: str
    email: str | None
    email_key: str | None
    phone: str | None
    phone_e164: str | None
    position: str | None
    consent: Consent | None


class ContactFilters(BaseModel):
    """What a list may be narrowed by; all that are given must hold."""

    q: str | None = Field(default=None, max_length=200, description="Words in name, e-mail or phone.")
    canonical_id: UUID | None = None
    customer_id: UUID | None = None
    email: str | None = None
    updated_since: datetime | None = None
    archived: Literal["false", "true", "any"] = "false"
