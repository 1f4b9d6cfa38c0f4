"""Golden records: one row per record with a register per group."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from chassis.db import JsonObject, uuid7
from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.kinds import KindSpec, kind_spec
from gateway.merge.policy import Json, same
from gateway.merge.register import Register, Registers
from gateway.merge.rules import family_of, policy_of
from gateway.store.rows import Row, Written
from gateway.store.tables import Base

CALLED_BY = ("name", "document", "number", "sales_number", "sku", "reference")
"""The groups from which the display name of a record is taken, in order; in some the text is the field `name` or
`number`."""


class GoldenRecord:
    """One record of one kind. `registers` is {group: register} in its stored form."""

    if TYPE_CHECKING:
        canonical_id: Any
        tenant_id: Any
        kind: Any
        registers: Any
        changed_at: Any
    _decoded: Registers | None = None

    def forget_decoded(self) -> None:
        """Decode again what the database says."""
        self._decoded = None

    @property
    def decoded(self) -> Registers:
        """The registers by group, each decoded when it is asked for; change them through `put` only."""
        if self._decoded is None:
            self._decoded = Registers(self.registers)
        return self._decoded

    def put(self, touched: Mapping[str, Register], now: datetime) -> bool:
        """Set changed registers; returns whether a published value has changed."""
        if not touched:
            return False
        known = self.decoded
        moved = any(
            group not in known or known[group].value != new.value or known[group].parked != new.parked
            for group, new in touched.items()
        )
        self.registers = {**self.registers, **{group: new.to_json() for group, new in touched.items()}}
        self._decoded = known.with_changed(self.registers, touched)
        self.changed_at = now
        return moved

    def values(self) -> dict[str, Json]:
        """The golden value of every group that has one."""
        return {group: stored["value"] for group, stored in self.registers.items() if stored["value"] is not None}

    def name(self) -> str | None:
        """The display name of the record: its name, or the number of a document."""
        for group in CALLED_BY:
            value = self.registers[group]["value"] if group in self.registers else None
            text = value.get("name") or value.get("number") if isinstance(value, Mapping) else value
            if isinstance(text, str):
                return text
        return None

    def parked(self) -> list[str]:
        """The groups that wait for a steward."""
        return [group for group, stored in self.registers.items() if stored.get("parked")]

    def gone(self, group: str) -> bool:
        """Whether the group is a member of a family that is there no more; its register stays."""
        if family_of(group) is None:
            return False
        stored = self.registers[group]
        absent = same(stored["value"], None, kind_spec(self.kind).group(group).normalise)
        return absent and not stored.get("parked")

    def golden(self, spec: KindSpec) -> dict[str, Any]:
        """The record as the hub publishes it under the policies of its tenant, without removed members."""
        decoded = self.decoded
        shown = {group: stored for group, stored in self.registers.items() if ":" not in group or not self.gone(group)}
        return {
            "kind": self.kind,
            "canonical_id": str(self.canonical_id),
            "values": {g: value for g, stored in shown.items() if (value := stored["value"]) is not None},
            "revisions": {group: stored["rev"] for group, stored in shown.items()},
            "parked": self.parked(),
            "policies": {group: policy_of(decoded, group, spec).name for group in shown},
        }


class Record(GoldenRecord, Base):
    """A golden record as the REST API reads it."""

    __tablename__ = "records"
    __table_args__ = (Index("ix_records_kind", "tenant_id", "kind", "canonical_id"),)

    canonical_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    registers: Mapped[JsonObject]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


@dataclass(eq=False)
class RecordRow(GoldenRecord, Row):
    """A golden record as the hub changes it."""

    COLUMNS: ClassVar = ("tenant_id", "canonical_id", "kind", "registers", "created_at", "changed_at")

    tenant_id: UUID
    canonical_id: UUID
    kind: str
    registers: JsonObject
    created_at: datetime
    changed_at: datetime

    @classmethod
    def new(cls, tenant_id: UUID, kind: str, now: datetime, canonical_id: UUID | None = None) -> Self:
        """An empty record, under a new canonical id or the one that a system has kept."""
        return cls(tenant_id, canonical_id or uuid7(), kind, {}, now, now)


RECORDS = Written(Record, RecordRow.COLUMNS, ["canonical_id"], ["canonical_id", "tenant_id", "kind", "created_at"])
