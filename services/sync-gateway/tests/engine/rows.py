"""One row of a system that may be restored: its edits as messages, and what it says afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from chassis.bus import Message
from chassis.db import uuid7
from chassis.events import Event, to_headers
from chassis.testing import TENANT

from .hub import Hub

BEGAN = datetime(2026, 11, 22, 8, tzinfo=UTC)
Backup = tuple[int, dict[str, Any], dict[str, Any]]


class Row:
    """One customer in one system."""

    def __init__(self, hub: Hub, system: str, local_id: str = "1") -> None:
        self.hub, self.system, self.local_id = hub, system, local_id
        self.seq, self.now = 0, BEGAN
        self.values: dict[str, Any] = {}
        self.sync: dict[str, dict[str, int]] = {}

    def edit(self, rev: int = 0, *, old_format: bool = False, **changes: Any) -> Message:
        """An edit a minute later, in sight of this revision."""
        self.now += timedelta(minutes=1)
        self.seq += 1
        at = int(self.now.timestamp()) * 1_000_000
        told = []
        for group, new in changes.items():
            after = self.sync.get(group, {"seq": 0})["seq"]
            change = {"group": group, "old": self.values.get(group), "new": new, "ctx": rev}
            told.append(change if old_format else {**change, "after": after})
            self.sync[group] = {"seq": self.seq, "rev": rev, "hlc": at, **({} if old_format else {"at": at})}
            self.values[group] = new
        return self._message(told, at)

    def back_up(self) -> Backup:
        return self.seq, dict(self.values), dict(self.sync)

    def restore(self, backup: Backup) -> None:
        self.seq, self.values, self.sync = backup[0], dict(backup[1]), dict(backup[2])
        self.now += timedelta(hours=1)

    def _message(self, changes: list[dict[str, Any]], hlc: int) -> Message:
        data = {
            "kind": "customer",
            "local_id": self.local_id,
            "canonical_id": None,
            "seq": self.seq,
            "hlc": hlc,
            "origin": "user",
            "actor": "anna",
            "changes": changes,
            "snapshot": dict(self.values),
            "sync": dict(self.sync),
        }
        event = Event(
            id=str(uuid7()),
            source=f"/{self.system}",
            type=f"{self.system}.customer.changed.v1",
            subject=self.local_id,
            time=self.now,
            data=data,
            tenant=str(TENANT),
        )
        headers = tuple(to_headers(event.attributes()))
        return self.hub.message(f"{self.system}.customer.v1", orjson.dumps(data), headers)
