"""The table of contacts, and how they change."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject, unique
from chassis.replication import Replicated
from contracts.normalise import email_key, name_key, phone_e164
from records import word_index
from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.tables import Base


class Contact(Replicated, Base):
    """A person, at a customer or alone. `email_key`, `phone_e164` and `search` are derived from what was typed.

    A phone number is understood when it is written with its country (+49 30 ...).
    """

    __tablename__ = "contacts"
    __table_args__ = (
        # The tenant is part of the reference: a contact can never point into another tenant.
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        unique("id"),
        Index(None, "tenant_id", "name", "id"),
        word_index("contacts"),
        Index(None, "tenant_id", "updated_at", "id"),
        Index(None, "tenant_id", "customer_id"),
        Index(None, "tenant_id", "email_key"),
        Index(None, "tenant_id", "phone_e164"),
    )

    customer_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    email_key: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    phone_e164: Mapped[str | None] = mapped_column(Text)
    position: Mapped[str | None] = mapped_column(Text)
    consent: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    search: Mapped[str] = mapped_column(Text)

    @classmethod
    def blank(cls) -> Self:
        """A contact that nothing is known of yet."""
        return cls(name="", search="", customer_id=None, email=None, phone=None, position=None, consent=None)

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from checked values in JSON form; those not named stay."""
        for field, value in values.items():
            setattr(self, field, UUID(value) if field == "customer_id" and value else value)
        self.email_key = email_key(self.email) if self.email else None
        self.phone_e164 = phone_e164(self.phone, None) if self.phone else None
        words = (self.name, self.email, self.phone, self.phone_e164)
        self.search = " ".join(name_key(each) for each in words if each)
