"""Contacts: people, at a customer or without one."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject
from chassis.replication import Replicated
from custom_fields.columns import OwnFields
from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from party.columns import JsonValue, Reachable


class ContactColumns(OwnFields, Reachable, Replicated):
    """A person. A phone number is normalised if it contains its country (+49 30 ...)."""

    customer_id: Mapped[UUID | None]
    position: Mapped[str | None] = mapped_column(Text)
    consent: Mapped[JsonObject | None] = mapped_column(JsonValue)

    @classmethod
    def blank(cls) -> Self:
        """A new contact with the defaults."""
        table: Any = cls
        row: Self = table(name="", search="", customer_id=None, email=None, phone=None, position=None, consent=None)
        return row

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; other fields are unchanged."""
        for field, value in values.items():
            setattr(self, field, UUID(value) if field == "customer_id" and value else value)
        self.derive(None)
