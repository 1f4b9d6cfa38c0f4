"""The hub's real merge, with the least around it that the simulation needs: records, links, intents."""

import json
from typing import Any, NamedTuple

from gateway.merge import Decision, Event, Merged, Register, merge_event, resolve
from gateway.policy import Json

from .factories import SAMPLE


class Due(NamedTuple):
    """What one system must still be told about one record."""

    seen_seq: int
    hlc: int
    values: tuple[tuple[str, Register], ...]


class HubUnderTest:
    """The seam between simulation and hub. Registers are kept in their stored form between events."""

    def __init__(self, systems: tuple[str, ...], records: tuple[str, ...]) -> None:
        self.records = records
        self.stored: dict[str, dict[str, str]] = {record: {} for record in records}
        self._seen: dict[tuple[str, str], int] = {(s, r): 0 for s in systems for r in records}
        self._acknowledged: dict[tuple[str, str], dict[str, int]] = {key: {} for key in self._seen}
        self.decisions: list[tuple[str, Decision]] = []
        self._registers: dict[str, dict[str, Register]] = {record: {} for record in records}
        self._resolutions = 0

    def ingest(self, event: Event) -> None:
        """Merge an event and keep what it did."""
        record = str(event.canonical_id)
        key = (event.system, record)
        merged = self.merge(self.registers(record), self._seen[key], event)
        self._seen[key] = merged.seen_seq
        for group, register in merged.registers.items():
            self.put(record, group, register)
        self.log(record, *merged.decisions)

    def merge(self, registers: dict[str, Register], seen_seq: int, event: Event) -> Merged:
        return merge_event(registers, seen_seq, event, SAMPLE)

    def seen(self, system: str, record: str) -> int:
        return self._seen[system, record]

    def registers(self, record: str) -> dict[str, Register]:
        return self._registers[record]

    def put(self, record: str, group: str, register: Register) -> None:
        self.stored[record][group] = json.dumps(register.to_json())
        self._registers[record][group] = Register.from_json(json.loads(self.stored[record][group]))

    def log(self, record: str, *decisions: Decision) -> None:
        self.decisions.extend((record, decision) for decision in decisions)

    def due(self, system: str, record: str) -> Due | None:
        """Level-triggered: every group that the system has not acknowledged in its present revision."""
        had = self._acknowledged[system, record]
        registers = self.registers(record)
        values = tuple((g, r) for g, r in registers.items() if r.rev > had.get(g, 0) and not r.parked)
        hlc = max((head.hlc for register in registers.values() for head in register.heads.values()), default=0)
        return Due(self._seen[system, record], hlc, values) if values else None

    def acknowledge(self, system: str, record: str, revisions: dict[str, int]) -> None:
        had = self._acknowledged[system, record]
        for group, rev in revisions.items():
            had[group] = max(had.get(group, 0), rev)

    def resolve(self, record: str, group: str, value: Json) -> None:
        self._resolutions += 1
        resolution = resolve(
            self.registers(record),
            group,
            value,
            actor="stella",
            at="2024-01-01T00:00:00Z",
            hlc=0,
            event_id=f"hub-{self._resolutions}",
            kind=SAMPLE,
        )
        self.put(record, group, resolution.register)
        if resolution.decision:
            self.log(record, resolution.decision)

    def state(self) -> dict[str, Any]:
        return {record: dict(groups) for record, groups in self.stored.items()}
