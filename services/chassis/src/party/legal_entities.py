"""Legal entities: the counterparties of a customer."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.errors import Malformed
from contracts.normalise import tax_id_key
from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column


class UnknownLegalEntity(Malformed):
    code = "unknown-legal-entity"
    title = "The customer has no such legal entity"
    detail = "The customer has no legal entity with the id {id}."
    hint = "Omit the id to add a legal entity; this service assigns ids."


class LegalEntityTwice(Malformed):
    code = "legal-entity-twice"
    title = "A legal entity is listed twice"
    detail = "{legal_name} has the same id or tax id as another one in the list."
    hint = "Send each legal entity once."


class LegalEntityColumns:
    """A counterparty of a customer for a period. A removed one keeps its row, with `removed_at`."""

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    legal_name: Mapped[str] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    tax_id: Mapped[str | None] = mapped_column(Text)
    tax_id_key: Mapped[str | None] = mapped_column(Text)
    registration: Mapped[str | None] = mapped_column(Text)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    removed_at: Mapped[datetime | None]

    def value(self) -> dict[str, Any]:
        """The entity in its published form."""
        return {
            "legal_name": self.legal_name,
            "country": self.country,
            "tax_id": self.tax_id,
            "registration": self.registration,
            "valid_from": self.valid_from and self.valid_from.isoformat(),
            "valid_to": self.valid_to and self.valid_to.isoformat(),
        }

    def change(self, value: Mapping[str, Any]) -> None:
        """Set the fields of a validated value; a removed entity is restored."""
        self.legal_name, self.country, self.tax_id = value["legal_name"], value["country"], value["tax_id"]
        self.registration = value["registration"]
        self.valid_from, self.valid_to = _day(value["valid_from"]), _day(value["valid_to"])
        self.tax_id_key = tax_id_key(self.tax_id, self.country) if self.tax_id and self.country else None
        self.removed_at = None


def found_by_tax_id() -> tuple[Index, ...]:
    """The indexes of such a table."""
    return (Index(None, "tenant_id", "tax_id_key"),)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
