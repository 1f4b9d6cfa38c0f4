"""The table of declarations."""

from collections.abc import Mapping
from typing import Any, Self

from chassis.db import Base, unique
from chassis.errors import Conflict
from chassis.replication import Replicated
from contracts.custom import CustomField, FieldContent
from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column


class TypeIsFixed(Conflict):
    code = "custom-field-type-is-fixed"
    title = "The type of a declared field does not change"
    detail = "{key} is of type {declared_type}, and records may hold such values."
    hint = "Declare a field with another key."


class Declaration(Replicated, Base):
    """One field of the records of one kind. A withdrawn one is archived; its type stays."""

    __tablename__ = "custom_fields"
    __table_args__ = (unique("record", "key"),)

    record: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    choices: Mapped[list[str]] = mapped_column(ARRAY(Text))

    @classmethod
    def blank(cls) -> Self:
        """A declaration that nothing is known of yet."""
        return cls(record=None, key=None, label="", type="", choices=[])

    @property
    def field(self) -> CustomField:
        """The declaration as a value that checks others."""
        return CustomField.model_validate({name: getattr(self, name) for name in ("key", "label", "type", "choices")})

    @property
    def content(self) -> FieldContent:
        """What the field holds."""
        return FieldContent.model_validate({"type": self.type, "choices": self.choices})

    def change(self, values: Mapping[str, Any]) -> None:
        """Set columns; those not named stay."""
        for field, value in values.items():
            setattr(self, field, value)

    def hold(self, content: FieldContent) -> None:
        """Let the field hold this. Raise `TypeIsFixed` for another type than it has."""
        if self.type and self.type != content.type:
            raise TypeIsFixed(key=self.key, declared_type=self.type)
        self.type, self.choices = content.type.value, list(content.choices)
