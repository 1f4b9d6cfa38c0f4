"""The tables of leads and of their rules."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject, unique
from chassis.tenant_settings import TenantSetting
from contracts.normalise import name_key
from custom_fields.columns import OwnFields
from party.columns import JsonValue, Reachable, found_by
from records import Plain
from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.sales.leads.rules import LeadState
from crm.tables import Base

BECAME = ("customer", "contact", "deal")


class LeadSetting(TenantSetting, Base):
    """Rules of leads, as a tenant has declared them."""

    __tablename__ = "lead_settings"


class Lead(OwnFields, Reachable, Plain, Base):
    """A person or a company that may become a customer. `score` follows from the rules; `customer_id`, `contact_id`
    and `deal_id` are what a converted lead became."""

    __tablename__ = "leads"
    __table_args__ = (
        *(ForeignKeyConstraint(["tenant_id", f"{n}_id"], [f"{n}s.tenant_id", f"{n}s.id"]) for n in BECAME),
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["employees.tenant_id", "employees.id"]),
        unique("id"),
        Index(None, "tenant_id", "owner_id", "state"),
        Index(None, "tenant_id", "score", "id"),
        *found_by("leads"),
    )

    company: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text)
    campaign: Mapped[str | None] = mapped_column(Text)
    interest: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    score: Mapped[int]
    consent: Mapped[JsonObject | None] = mapped_column(JsonValue)
    owner_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    deal_id: Mapped[UUID | None]

    @classmethod
    def blank(cls) -> Self:
        """A new lead."""
        return cls(
            state=LeadState.NEW, reason=None, score=0, interest="", email=None, phone=None, company=None, consent=None
        )

    @property
    def owner_employee_id(self) -> UUID | None:
        """The announced value of `owner_employee`."""
        return self.owner_id

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; those not named stay."""
        super().change(values)
        self.derive(self.country)
        self.search = " ".join(filter(None, (self.search, name_key(self.company or ""))))
