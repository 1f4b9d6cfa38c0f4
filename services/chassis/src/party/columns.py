"""Columns of records with a name, an e-mail and a phone, and their derived columns."""

from contracts.normalise import email_key, name_key, phone_e164
from records import word_index
from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

JsonValue = JSONB(none_as_null=True)


class Reachable:
    """Values are stored as typed; `email_key`, `phone_e164` and `search` are derived."""

    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    email_key: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    phone_e164: Mapped[str | None] = mapped_column(Text)
    search: Mapped[str] = mapped_column(Text)

    def derive(self, country: str | None) -> None:
        """Derive the keys; a phone number without a country code is parsed as one of `country`."""
        self.email_key = email_key(self.email) if self.email else None
        self.phone_e164 = phone_e164(self.phone, country) if self.phone else None
        words = (self.name, self.email, self.phone, self.phone_e164)
        self.search = " ".join(name_key(each) for each in words if each)


def found_by(table: str) -> tuple[Index, ...]:
    """The indexes of such a table: for its lists, its words, and for finding duplicates."""
    return (
        Index(None, "tenant_id", "name", "id"),
        word_index(table),
        Index(None, "tenant_id", "updated_at", "id"),
        Index(None, "tenant_id", "email_key"),
        Index(None, "tenant_id", "phone_e164"),
    )
