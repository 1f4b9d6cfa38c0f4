"""Shapes of requests and responses."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from contracts.custom import OwnValues
from contracts.text import NameText, NotesText, Optional, OptionalNameText, refuse
from contracts.values import EmailText, Language
from party.owners import OwnerId
from party.schemas import OWNERS
from pydantic import BaseModel, ConfigDict, Field, model_validator
from records import Filters, PlainOut

from crm.activities.mail.rules import MOST_RECIPIENTS, EmailState, MailDirection, MailServer, Person, Templated

People = Annotated[list[Person], Field(max_length=MOST_RECIPIENTS)]
WRITTEN_ONLY = "The password or token of the servers. It is sealed, and never shown; without it the stored one stays."


class MailboxBody(BaseModel):
    """A mailbox. Without `owner_id` it is shared; without `imap` nothing is fetched."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Sales",
                    "email": "sales@northwind.example",
                    "smtp": {"host": "smtp.northwind.example", "port": 465},
                    "imap": {"host": "imap.northwind.example", "port": 993},
                    "login_name": "sales@northwind.example",
                    "signature": "Northwind Traders",
                }
            ]
        },
    )

    name: NameText = Field(description="The name of the sender.")
    email: EmailText
    owner_id: UUID | None = Field(default=None, description="The employee whose mailbox it is.")
    smtp: MailServer | None = None
    imap: MailServer | None = None
    login_name: OptionalNameText = Field(default=None, description="The user at both servers.")
    secret: Annotated[str | None, Field(min_length=1, max_length=4000)] = Field(default=None, description=WRITTEN_ONLY)
    signature: NotesText = ""
    enabled: bool = Field(default=True, strict=True)
    custom: OwnValues = {}


class MailboxOut(PlainOut):
    """A mailbox. `trouble` is the last refusal of a server, until it works again."""

    name: str
    email: str
    owner_id: UUID | None
    smtp: MailServer | None
    imap: MailServer | None
    login_name: str | None
    has_secret: bool
    signature: str
    enabled: bool
    trouble: str | None
    custom: dict[str, Any]


class MailboxFilters(Filters):
    """Filters of the list; all given filters must match."""

    email: str | None = Field(default=None, max_length=254)
    owner_id: OwnerId | None = Field(default=None, description=OWNERS)
    enabled: bool | None = None


class EmailBody(BaseModel):
    """An e-mail to send. Its text is given, or made of a template; the signature of the mailbox follows."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "mailbox_id": "01936f2b-3e00-7a10-8b00-000000000041",
                    "to": [{"email": "ana@trujillo.example", "name": "Ana Trujillo"}],
                    "subject": "Your offer",
                    "text": "Dear Ana, here is the offer for the tea.",
                }
            ]
        },
    )

    mailbox_id: UUID
    to: Annotated[list[Person], Field(min_length=1, max_length=MOST_RECIPIENTS)]
    cc: People = []
    subject: OptionalNameText = None
    text: NotesText = ""
    html: Annotated[str | None, Field(max_length=200_000)] = Field(default=None, description="It is sanitised.")
    template_id: UUID | None = None
    values: Annotated[
        dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=10_000)]], Field(max_length=50)
    ] = Field(default={}, description="The values of the template's own placeholders.")
    reply_to_id: UUID | None = Field(default=None, description="The e-mail that it answers: it stays in its thread.")
    marketing: bool = Field(default=False, strict=True, description="Whether every recipient must have consented.")
    draft: bool = Field(
        default=False, strict=True, description="Wait until `send` is called, so that files can be attached before."
    )
    quote_id: UUID | None = Field(default=None, description="A quote that was sent: its PDF is attached.")
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None

    @model_validator(mode="after")
    def _has_a_text(self) -> Self:
        if self.template_id is None and not (self.subject and (self.text or self.html)):
            raise refuse("required", "send `subject` and `text`, or `template_id`", "text")
        return self


class EmailOut(BaseModel):
    """An e-mail. `reason` is why it was not sent, or did not arrive."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime
    mailbox_id: UUID
    direction: MailDirection
    state: EmailState
    reason: str | None
    sender: Person
    to: list[Person]
    cc: list[Person]
    subject: str
    text: str
    html: str | None
    message_id: str
    in_reply_to: str | None
    thread_id: UUID = Field(description="E-mails of one conversation have the same.")
    marketing: bool
    customer_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None
    lead_id: UUID | None
    sent_at: datetime | None
    attempts: int
    due_at: datetime | None = Field(description="When it is sent next.")


class EmailFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    mailbox_id: UUID | None = None
    direction: MailDirection | None = None
    state: EmailState | None = None
    thread_id: UUID | None = None
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    lead_id: UUID | None = None
    message_id: str | None = Field(default=None, max_length=998)


class EmailTemplateBody(Templated, BaseModel):
    """A template. Every e-mail of a `marketing` one needs the consent of its recipients."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "After the fair",
                    "subject": "Thank you, {contact_name}",
                    "text": "Dear {contact_name},\n\nthank you for your visit. Your code: {code}",
                    "fields": ["code"],
                }
            ]
        },
    )

    name: NameText
    language: Optional[Language] = None
    marketing: bool = Field(default=False, strict=True)
    custom: OwnValues = {}


class EmailTemplateOut(PlainOut):
    """A template."""

    name: str
    language: str | None
    subject: str
    text: str
    html: str | None
    fields: list[str]
    marketing: bool
    custom: dict[str, Any]


class EmailTemplateFilters(Filters):
    """Filters of the list; all given filters must match."""

    name: str | None = Field(default=None, max_length=200)
    language: str | None = Field(default=None, max_length=11)
    marketing: bool | None = None
