"""The seam between simulation and hub: the real ingest, merge and delivery, with memory in place of the database."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.deliver.compare import renew
from gateway.deliver.items import Item, Nothing, item_for
from gateway.deliver.settle import settle, settle_nothing
from gateway.ingest.fold import fold
from gateway.ingest.incoming import Incoming
from gateway.merge.merge import Event, Register, resolve
from gateway.merge.policy import Json
from gateway.merge.register import Entry, microseconds
from gateway.store.state import State

from .factories import SAMPLE

TENANT = UUID("00000000-0000-7000-8000-000000000001")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HubUnderTest:
    """One hub, for records whose canonical ids are known to all. Local ids are the same as those."""

    def __init__(self, systems: tuple[str, ...], records: tuple[str, ...]) -> None:
        self.records = records
        self.state = State(systems=dict.fromkeys(systems, (SAMPLE.name,)))
        self.now = EPOCH
        self._resolutions = 0
        self.renewed_from = 0
        self.published: list[tuple[str, str, list[Entry]]] = []

    def at(self, wall: int) -> None:
        """It is now so many microseconds after the epoch."""
        self.now = EPOCH + timedelta(microseconds=wall)

    def ingest(self, event: Event) -> bool:
        """Take one event, as a batch of its own; tell whether it was merged. What was restored is compared at once."""
        self._forget_decoded()
        duplicates = self.state.duplicates
        fold(self.state, [Incoming(TENANT, event)], self.now)
        for system in sorted(self.state.restored):
            self.compare(system)
        self.state.restored.clear()
        self._catch_up()
        return self.state.duplicates == duplicates

    def compare(self, system: str) -> None:
        """A system was restored: all that it has is due again."""
        for record in self.state.records.values():
            self.state.delivery(record, system, self.now).compare(self.now)

    def seen(self, system: str, record: str) -> int:
        link = self.state.linked.get((UUID(record), system))
        return link.seen_seq if link else 0

    def registers(self, record: str) -> Mapping[str, Register]:
        known = self.state.records.get(UUID(record))
        return known.decoded if known else {}

    def golden(self, record: str) -> dict[str, Any]:
        """The record as it is published."""
        return self.state.records[UUID(record)].golden(SAMPLE)

    def decisions(self) -> list[tuple[str, str, list[Entry]]]:
        """The log: the record, the group and every value."""
        return [
            (str(row.canonical_id), row.group_key, [Entry.from_json(entry) for entry in row.heads])
            for row in self.state.decisions
        ]

    def due(self, system: str, record: str) -> Item | None:
        """What the system must be sent now, if anything."""
        delivery = self.state.deliveries.get((UUID(record), system))
        if delivery is None or delivery.state != "pending":
            return None
        self._forget_decoded()
        made = item_for(self.state, self.state.records[UUID(record)], delivery, self.now)
        if isinstance(made, Nothing):
            settle_nothing(self.state, made, self.now)
        return made if isinstance(made, Item) else None

    def settle(self, item: Item, outcome: Mapping[str, Any]) -> None:
        settle(self.state, item, outcome, self.now)
        self._catch_up()

    def back_up(self) -> State:
        return deepcopy(self.state)

    def restore(self, backup: State) -> None:
        """The hub goes back. What it had decided was published."""
        self.published += self.decisions()
        self.state = deepcopy(backup)

    def _catch_up(self) -> None:
        """The hub has found that it is older than its systems."""
        if self.state.behind is not None:
            rev, _ = self.state.behind
            self.state.behind = None
            if rev >= self.renewed_from:
                self.renewed_from = max(rev + 1, microseconds(self.now))

    def renew(self) -> None:
        """The comparison of a hub that was older than its systems comes to its records."""
        for record in self.state.records.values():
            renew(self.state, record, self.renewed_from, self.now)

    def refused(self, system: str, record: str) -> set[str]:
        """The groups whose present revision the system's rules refuse."""
        refused = self.state.deliveries[UUID(record), system].refused
        return {group for group, refusal in refused.items() if refusal["rev"] == self.registers(record)[group].rev}

    def resolve(self, record: str, group: str, value: Json) -> None:
        """A steward's choice; every system hears of it."""
        self._resolutions += 1
        resolution = resolve(
            self.registers(record),
            group,
            value,
            actor="stella",
            at=self.now.isoformat(),
            hlc=0,
            event_id=f"hub-{self._resolutions}",
            kind=SAMPLE,
            now_us=microseconds(self.now),
        )
        golden = self.state.records[UUID(record)]
        golden.put({group: resolution.register, **resolution.led}, self.now)
        for delivery in self.state.deliveries_of(golden):
            delivery.touch(self.now, self.now)

    def condition(self) -> Any:
        """Everything that a replay must leave as it is."""
        return (
            {record: dict(known.registers) for record, known in self.state.records.items()},
            {key: (delivery.acked, delivery.state) for key, delivery in self.state.deliveries.items()},
            {key: link.seen_seq for key, link in self.state.links.items()},
            len(self.state.decisions),
        )

    def _forget_decoded(self) -> None:
        """Registers are read from their stored form each time, as from the database."""
        for record in self.state.records.values():
            record.forget_decoded()
