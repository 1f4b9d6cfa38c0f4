"""The tables of forms and of what was submitted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject, unique, uuid7
from chassis.errors import Conflict, Forbidden, NotFound, UnsupportedMediaType
from chassis.retention import Expiry
from custom_fields.columns import OwnFields
from records import Plain
from sqlalchemy import ForeignKeyConstraint, Index, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.sales.forms.rules import FormField, SubmissionState
from crm.tables import Base

UNWANTED = Expiry(
    "form_submissions",
    """
    with gone as (
        delete from form_submissions where id in (
            select id from form_submissions where state = 'unwanted' and created_at < :before
            order by created_at limit :batch
        ) returning id
    )
    select count(*) as removed, case when count(*) = :batch then 0 end as next from gone
    """,
)
"""What programs have sent is removed after a time; all other submissions stay."""


class FormUnknown(NotFound):
    code = "form-unknown"
    title = "There is no such form, or it takes nothing now"
    hint = "Check the key in the address; whoever keeps the form can enable it."


class OriginRefused(Forbidden):
    code = "form-origin-refused"
    title = "The form is not sent from this website"
    detail = "The form does not name {origin} among its origins."
    hint = "Add the website to `origins` of the form."


class NotASubmission(UnsupportedMediaType):
    code = "form-media-type"
    title = "A form is sent as JSON or as form fields"
    hint = "Send application/json, or application/x-www-form-urlencoded as a web page does."


class SubmissionAccepted(Conflict):
    code = "submission-accepted"
    title = "The submission has made its lead already"
    hint = "Read the lead that `lead_id` names."


class Form(OwnFields, Plain, Base):
    """A form of a website. Its public `key` names the tenant."""

    __tablename__ = "forms"
    __table_args__ = (
        unique("id"),
        unique("key"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
    )

    name: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    fields: Mapped[list[JsonObject]] = mapped_column(JSONB)
    source: Mapped[str | None] = mapped_column(Text)
    campaign: Mapped[str | None] = mapped_column(Text)
    origins: Mapped[list[str]] = mapped_column(ARRAY(Text))
    honeypot: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool]

    @classmethod
    def blank(cls) -> Self:
        """A new form."""
        return cls(key="")

    @property
    def asked(self) -> tuple[FormField, ...]:
        """Its fields."""
        return tuple(FormField.model_validate(each) for each in self.fields)


class FormSubmission(Base):
    """What a visitor has sent, and the lead that it made. `reason` says why it made none."""

    __tablename__ = "form_submissions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "form_id"], ["forms.tenant_id", "forms.id"]),
        ForeignKeyConstraint(["tenant_id", "lead_id"], ["leads.tenant_id", "leads.id"]),
        unique("id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "tenant_id", "form_id", "created_at"),
        Index(None, "state", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    form_id: Mapped[UUID]
    fields: Mapped[JsonObject]
    consents: Mapped[JsonObject]
    origin: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, default=SubmissionState.ACCEPTED)
    reason: Mapped[str | None] = mapped_column(Text)
    lead_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    def settle(self, state: SubmissionState, *, lead_id: UUID | None = None, reason: str | None = None) -> None:
        """Set what became of it."""
        self.state, self.lead_id, self.reason = state, lead_id, reason


def consents_of(form: Form, values: Mapping[str, Any]) -> dict[str, str]:
    """The texts that the visitor has agreed to, by the part of the lead."""
    agreed = [each for each in form.asked if each.into.startswith("consent_") and values.get(each.name)]
    return {each.into: each.label for each in agreed}
