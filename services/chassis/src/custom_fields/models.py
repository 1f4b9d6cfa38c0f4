"""The table of declarations."""

from uuid import UUID

from chassis.db import Base, unique, uuid7
from contracts.custom import CustomField
from sqlalchemy import Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column


class Declaration(Base):
    """One custom field. Its type never changes, because records contain values of it."""

    __tablename__ = "custom_fields"
    __table_args__ = (unique("key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    key: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    choices: Mapped[list[str]] = mapped_column(ARRAY(Text))
    version: Mapped[int] = mapped_column(server_default=text("1"), default=1)

    @property
    def field(self) -> CustomField:
        """The declaration as a value object that validates field values."""
        return CustomField.model_validate({"key": self.key, **self.body()})

    def body(self) -> dict[str, object]:
        """What a client may change."""
        return {"label": self.label, "type": self.type, "choices": self.choices}
