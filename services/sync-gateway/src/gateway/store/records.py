"""Golden records: what the hub knows of one record, as one row with a register per group."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject, uuid7
from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column, reconstructor

from gateway.kinds import kind_spec
from gateway.merge.policy import Json, same
from gateway.merge.register import Register
from gateway.merge.rules import family_of, policy_of
from gateway.store.tables import Base

CALLED_BY = ("name", "document", "number", "sales_number", "sku", "reference")
"""The groups that name a record to people, the best first; in some the text is the field `name` or `number`."""


class Record(Base):
    """One record of one kind. `registers` is {group: register}, decoded when first asked for."""

    __tablename__ = "records"
    __table_args__ = (Index("ix_records_kind", "tenant_id", "kind", "canonical_id"),)

    canonical_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    registers: Mapped[JsonObject]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    @classmethod
    def new(cls, tenant_id: UUID, kind: str, now: datetime, canonical_id: UUID | None = None) -> Self:
        """An empty record, under a new canonical id or the one that a system has kept."""
        record = cls(
            canonical_id=canonical_id or uuid7(),
            tenant_id=tenant_id,
            kind=kind,
            registers={},
            created_at=now,
            changed_at=now,
        )
        record.forget_decoded()
        return record

    @reconstructor
    def forget_decoded(self) -> None:
        """Decode again what the database says."""
        self._decoded: dict[str, Register] | None = None

    @property
    def decoded(self) -> dict[str, Register]:
        """The registers by group; change them through `put` only."""
        if self._decoded is None:
            self._decoded = {group: Register.from_json(stored) for group, stored in self.registers.items()}
        return self._decoded

    def put(self, touched: Mapping[str, Register], now: datetime) -> bool:
        """Take over changed registers; tell whether a value that readers see is another one."""
        if not touched:
            return False
        known = self.decoded
        moved = any(
            group not in known or known[group].value != new.value or known[group].parked != new.parked
            for group, new in touched.items()
        )
        known.update(touched)
        self.registers = {**self.registers, **{group: new.to_json() for group, new in touched.items()}}
        self.changed_at = now
        return moved

    def values(self) -> dict[str, Json]:
        """The golden value of every group that has one."""
        return {group: register.value for group, register in self.decoded.items() if register.value is not None}

    def name(self) -> str | None:
        """What people call the record: its name, or the number of a document."""
        for group in CALLED_BY:
            register = self.decoded.get(group)
            value = register.value if register else None
            text = value.get("name") or value.get("number") if isinstance(value, Mapping) else value
            if isinstance(text, str):
                return text
        return None

    def parked(self) -> list[str]:
        """The groups that wait for a steward."""
        return [group for group, register in self.decoded.items() if register.parked]

    def gone(self, group: str) -> bool:
        """Whether the group is a member of a family that is there no more; its register stays."""
        register = self.decoded[group]
        absent = same(register.value, None, kind_spec(self.kind).group(group).normalise)
        return family_of(group) is not None and absent and not register.parked

    def golden(self) -> dict[str, Any]:
        """The record as the hub publishes it, without members that are gone."""
        spec = kind_spec(self.kind)
        shown = {group: None for group in self.decoded if not self.gone(group)}
        return {
            "kind": self.kind,
            "canonical_id": str(self.canonical_id),
            "values": {group: value for group, value in self.values().items() if group in shown},
            "revisions": {group: self.decoded[group].rev for group in shown},
            "parked": self.parked(),
            "policies": {group: policy_of(self.decoded, group, spec).name for group in shown},
        }
