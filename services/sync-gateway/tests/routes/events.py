"""Records in systems that are kept in memory: their edits are the messages that the services send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import orjson
from chassis.bus import Message
from chassis.db import uuid7
from chassis.events import Event, to_headers
from chassis.testing import TENANT
from gateway.merge.policy import Json

OFFSETS = count()


@dataclass
class LocalRecord:
    """One row of one system, with what it knows of the hub's revisions."""

    system: str
    kind: str = "customer"
    tenant: UUID = TENANT
    local_id: str = field(default_factory=lambda: str(uuid7()))
    canonical_id: str | None = None
    seq: int = 0
    values: dict[str, Json] = field(default_factory=dict)
    sync: dict[str, dict[str, int]] = field(default_factory=dict)

    def edit(self, changes: Mapping[str, Json], actor: str = "anna", at: datetime | None = None) -> Message:
        """A user's edit; like every edit it says that the record lives, unless it says otherwise."""
        at = at or datetime.now(UTC)
        hlc = int(at.timestamp() * 1_000_000)
        changes = {"life": "live", **changes}
        self.seq += 1
        told = [
            {"group": group, "old": self.values.get(group), "new": new, "ctx": self.revision(group)}
            for group, new in changes.items()
        ]
        for group in changes:
            self.sync[group] = {"seq": self.seq, "rev": self.revision(group), "hlc": hlc}
        self.values.update(changes)
        return self._message(told, hlc, actor, at)

    def revision(self, group: str) -> int:
        return self.sync.get(group, {}).get("rev", 0)

    def take(self, item: Mapping[str, Any], refused: Mapping[str, Any]) -> dict[str, Any]:
        """What the port answers to one item of a delivery."""
        self.canonical_id = item["canonical_id"]
        outcomes, problem = {}, None
        for group, value, rev in ((each["group"], each["value"], each["rev"]) for each in item["groups"]):
            if group in refused:
                outcomes[group], problem = "rejected", refused[group]
                continue
            outcomes[group] = "applied"
            self.values[group] = value
            self.sync[group] = {"seq": 0, "hlc": 0, **self.sync.get(group, {}), "rev": rev}
        answer = {"canonical_id": item["canonical_id"], "local_id": self.local_id, "seq": self.seq}
        return {**answer, "outcome": "rejected" if problem else "applied", "groups": outcomes, "problem": problem}

    def _message(self, changes: list[dict[str, Any]], hlc: int, actor: str, at: datetime) -> Message:
        data = {
            "kind": self.kind,
            "local_id": self.local_id,
            "canonical_id": self.canonical_id,
            "seq": self.seq,
            "hlc": hlc,
            "origin": "user",
            "actor": actor,
            "changes": changes,
            "snapshot": self.values,
            "sync": self.sync,
        }
        event = Event(
            id=str(uuid7()),
            source=f"/{self.system}",
            type=f"{self.system}.{self.kind}.changed.v1",
            subject=self.local_id,
            time=at,
            data=data,
            tenant=str(self.tenant),
            sequence=str(self.seq),
            origin="user",
        )
        headers = tuple(to_headers(event.attributes()))
        return Message(self.topic, self.local_id.encode(), orjson.dumps(data), headers, 0, next(OFFSETS))

    @property
    def topic(self) -> str:
        return f"{self.system}.{self.kind}.v1"


@dataclass
class MemorySpoke:
    """A system behind its port. `refuses` is {group: problem}: what its rules say to a value."""

    system: str
    rows: dict[str, LocalRecord] = field(default_factory=dict)
    refuses: dict[str, dict[str, Any]] = field(default_factory=dict)

    def holds(self, row: LocalRecord) -> LocalRecord:
        """A row that was entered here."""
        self.rows[row.local_id] = row
        return row

    async def deliver(self, kind: str, tenant: UUID, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """An outcome per item; a record that is not here yet is created."""
        answers = []
        for item in items:
            row = self.rows.get(item["local_id"]) or self.holds(LocalRecord(self.system, kind, tenant))
            answers.append(row.take(item, self.refuses))
        return answers

    def copy_of(self, canonical_id: str) -> LocalRecord:
        """The row that stands for a canonical record here."""
        return next(row for row in self.rows.values() if row.canonical_id == canonical_id)
