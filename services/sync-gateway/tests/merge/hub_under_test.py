"""The seam between simulation and hub: the real ingest, merge and delivery, with memory in place of the database."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.deliver.items import Item, Nothing, item_for
from gateway.deliver.settle import settle, settle_nothing
from gateway.ingest.fold import fold
from gateway.ingest.state import Incoming, State
from gateway.merge import Event, Register, resolve
from gateway.policy import Json
from gateway.register import Entry

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

    def at(self, wall: int) -> None:
        """It is now so many microseconds after the epoch."""
        self.now = EPOCH + timedelta(microseconds=wall)

    def ingest(self, event: Event) -> None:
        """Take one event, as a batch of its own."""
        self._forget_decoded()
        fold(self.state, [Incoming(TENANT, event)], self.now)

    def seen(self, system: str, record: str) -> int:
        link = self.state.linked.get((UUID(record), system))
        return link.seen_seq if link else 0

    def registers(self, record: str) -> Mapping[str, Register]:
        known = self.state.records.get(UUID(record))
        return known.decoded if known else {}

    def golden(self, record: str) -> dict[str, Any]:
        """The record as it is published."""
        return self.state.records[UUID(record)].golden()

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
