"""Customers: companies and people, and the legal entities under which they trade."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from chassis import clock
from chassis.db import JsonObject
from chassis.replication import Replicated
from contracts.customer import CustomerStage
from contracts.normalise import legal_entity_id
from sqlalchemy import Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from party.columns import JsonValue, Reachable
from party.legal_entities import LegalEntityTwice, UnknownLegalEntity
from party.owners import Owned


class CustomerColumns(Reachable, Owned, Replicated):
    """A company or a person. Values of several fields (addresses, terms, credit) are stored in their published JSON
    form.

    The service's class names its table of legal entities (`entity`), and has them in the relation `entities`.
    """

    entity: ClassVar[type[Any]]
    if TYPE_CHECKING:
        entities: Mapped[list[Any]]

    kind: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(Text, server_default=CustomerStage.CUSTOMER)
    website: Mapped[str | None] = mapped_column(Text)
    billing_address: Mapped[JsonObject | None] = mapped_column(JsonValue)
    shipping_address: Mapped[JsonObject | None] = mapped_column(JsonValue)
    language: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str | None] = mapped_column(Text)
    segment: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    notes: Mapped[str] = mapped_column(Text, server_default=text("''"))
    custom: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))
    payment_terms: Mapped[JsonObject | None] = mapped_column(JsonValue)
    credit: Mapped[JsonObject | None] = mapped_column(JsonValue)

    @classmethod
    def blank(cls) -> Self:
        """A new customer with the defaults."""
        table: Any = cls
        row: Self = table(
            name="",
            kind="company",
            stage=CustomerStage.CUSTOMER.value,
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
            owner_id=None,
            segment=None,
            source=None,
            payment_terms=None,
            credit=None,
        )
        return row

    @property
    def legal_entities(self) -> list[Any]:
        """The current legal entities, past and future periods included; removed ones stay in `entities`."""
        return [entity for entity in self.entities if entity.removed_at is None]

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; other fields are unchanged.

        Raises `UnknownLegalEntity` or `LegalEntityTwice` for an invalid list of legal entities.
        """
        for field, value in values.items():
            match field:
                case "tags":
                    self.tags = sorted(set(value))
                case "owner_id":
                    self.give_to(UUID(value) if value else None)
                case "custom":
                    self.custom = {name: each for name, each in value.items() if each is not None}
                case "legal_entities":
                    self._list_legal_entities(value)
                case _:
                    setattr(self, field, value)
        self.derive((self.billing_address or self.shipping_address or {}).get("country"))

    def set_legal_entity(self, entity_id: UUID, value: Mapping[str, Any] | None) -> None:
        """Add, change or (None) remove one legal entity."""
        entity = next((each for each in self.entities if each.id == entity_id), None)
        if value is None:
            if entity is not None:
                entity.removed_at = entity.removed_at or clock.now()
            return
        if entity is None:
            entity = self.entity(id=entity_id)
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
