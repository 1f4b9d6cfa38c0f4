"""The tables of customers and their legal entities, and how they change."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from chassis import clock
from chassis.db import JsonObject, unique
from chassis.errors import Malformed
from chassis.replication import Replicated
from contracts.normalise import email_key, legal_entity_id, name_key, phone_e164, tax_id_key
from records import word_index
from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.tables import Base

JsonValue = JSONB(none_as_null=True)


class UnknownLegalEntity(Malformed):
    code = "unknown-legal-entity"
    title = "The customer has no such legal entity"
    detail = "It has none with the id {id}."
    hint = "Leave the id out to add a legal entity; ids are given by this service."


class LegalEntityTwice(Malformed):
    code = "legal-entity-twice"
    title = "A legal entity is listed twice"
    detail = "{legal_name} has the id, or the tax id, of another one in the list."
    hint = "Send each legal entity once."


class LegalEntity(Base):
    """A counterparty of a customer for a time. One that is taken off the list keeps its row, with `removed_at`."""

    __tablename__ = "legal_entities"
    __table_args__ = (Index(None, "tenant_id", "tax_id_key"),)

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

    @property
    def tax_id_valid(self) -> bool | None:
        """Whether the tax id is one of its country; None without a tax id."""
        return None if self.tax_id is None else self.tax_id_key is not None

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
        """Take the fields of a checked value; a removed entity is back."""
        self.legal_name, self.country, self.tax_id = value["legal_name"], value["country"], value["tax_id"]
        self.registration = value["registration"]
        self.valid_from, self.valid_to = _day(value["valid_from"]), _day(value["valid_to"])
        self.tax_id_key = tax_id_key(self.tax_id, self.country) if self.tax_id and self.country else None
        self.removed_at = None


class Customer(Replicated, Base):
    """A company or a person. What was typed stays as typed; `..._key`, `phone_e164` and `search` are derived from it.

    Values of several fields (addresses, terms, credit) are kept in their published JSON form.
    """

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("kind in ('company', 'person')", name="kind"),
        unique("id"),
        Index(None, "tenant_id", "name", "id"),
        word_index("customers"),
        Index(None, "tenant_id", "updated_at", "id"),
        Index(None, "tenant_id", "email_key"),
        Index(None, "tenant_id", "phone_e164"),
    )

    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    email_key: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    phone_e164: Mapped[str | None] = mapped_column(Text)
    website: Mapped[str | None] = mapped_column(Text)
    billing_address: Mapped[JsonObject | None] = mapped_column(JsonValue)
    shipping_address: Mapped[JsonObject | None] = mapped_column(JsonValue)
    language: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str | None] = mapped_column(Text)
    segment: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    notes: Mapped[str] = mapped_column(Text, server_default=text("''"))
    custom: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))
    payment_terms: Mapped[JsonObject | None] = mapped_column(JsonValue)
    credit: Mapped[JsonObject | None] = mapped_column(JsonValue)
    search: Mapped[str] = mapped_column(Text)

    entities: Mapped[list[LegalEntity]] = relationship(lazy="raise", order_by=(LegalEntity.legal_name, LegalEntity.id))

    @classmethod
    def blank(cls) -> Self:
        """A customer that nothing is known of yet."""
        return cls(
            name="",
            kind="company",
            tags=[],
            notes="",
            custom={},
            entities=[],
            search="",
            email=None,
            phone=None,
            website=None,
            billing_address=None,
            shipping_address=None,
            language=None,
            currency=None,
            owner=None,
            segment=None,
            source=None,
            payment_terms=None,
            credit=None,
        )

    @property
    def legal_entities(self) -> list[LegalEntity]:
        """Those on the list today, past and future ones included; removed ones stay in `entities`."""
        return [entity for entity in self.entities if entity.removed_at is None]

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from checked values in JSON form; those not named stay.

        Raise `UnknownLegalEntity` or `LegalEntityTwice` for a list of legal entities that makes no sense.
        """
        for field, value in values.items():
            match field:
                case "tags":
                    self.tags = sorted(set(value))
                case "custom":
                    self.custom = {name: each for name, each in value.items() if each is not None}
                case "legal_entities":
                    self._list_legal_entities(value)
                case _:
                    setattr(self, field, value)
        self._derive()

    def set_legal_entity(self, entity_id: UUID, value: Mapping[str, Any] | None) -> None:
        """Add, change or (None) remove one legal entity."""
        entity = next((each for each in self.entities if each.id == entity_id), None)
        if value is None:
            if entity is not None:
                entity.removed_at = entity.removed_at or clock.now()
            return
        if entity is None:
            entity = LegalEntity(id=entity_id)
            self.entities.append(entity)
        entity.change(value)

    def _list_legal_entities(self, values: Sequence[Mapping[str, Any]]) -> None:
        known = {entity.id for entity in self.entities}
        listed: dict[UUID, Mapping[str, Any]] = {}
        for value in values:
            entity_id = UUID(value["id"]) if value.get("id") else legal_entity_id(value["country"], value["tax_id"])
            if value.get("id") and entity_id not in known:
                raise UnknownLegalEntity(id=value["id"])
            if entity_id in listed:
                raise LegalEntityTwice(legal_name=value["legal_name"])
            listed[entity_id] = value
        for entity_id in known - listed.keys():
            self.set_legal_entity(entity_id, None)
        for entity_id, value in listed.items():
            self.set_legal_entity(entity_id, value)

    def _derive(self) -> None:
        address = self.billing_address or self.shipping_address or {}
        self.email_key = email_key(self.email) if self.email else None
        self.phone_e164 = phone_e164(self.phone, address.get("country")) if self.phone else None
        words = (self.name, self.email, self.phone, self.phone_e164)
        self.search = " ".join(name_key(each) for each in words if each)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
