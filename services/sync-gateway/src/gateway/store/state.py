"""The data of one batch in memory: read at once, changed by a pure pass, written at once."""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from gateway.store.decisions import DecisionRow
from gateway.store.deliveries import DeliveryRow
from gateway.store.links import LinkRow, missing_token
from gateway.store.policies import NO_CHOICES, Policies
from gateway.store.publish import Cause
from gateway.store.records import RecordRow

LinkKey = tuple[UUID, str, str, str]


MOST_SHARED = 500
"""A match key that more records have (the phone number of a switchboard, a placeholder) identifies none of them."""


@dataclass
class State:
    """The part of the hub that a batch may change, and the results of the pass.

    `foreign` are records that events name and that belong to another tenant or kind; these are not read. `moved` are
    links that have replaced another: held messages of their rows can be merged now. `systems` contains the kinds of
    each system; `newer_systems` are those that have deliveries and were registered after it was read. `decisions` are
    new or changed ones; `decided` the newest ones of a record, for the reports to systems.
    """

    systems: Mapping[str, Container[str]]
    policies: Policies = NO_CHOICES
    newer_systems: set[str] = field(default_factory=set)
    records: dict[UUID, RecordRow] = field(default_factory=dict)
    foreign: set[UUID] = field(default_factory=set)
    links: dict[LinkKey, LinkRow] = field(default_factory=dict)
    linked: dict[tuple[UUID, str], LinkRow] = field(default_factory=dict)
    deliveries: dict[tuple[UUID, str], DeliveryRow] = field(default_factory=dict)
    keys: dict[tuple[UUID, str, str], set[UUID]] = field(default_factory=lambda: defaultdict(set))
    new_keys: set[tuple[UUID, str, str, UUID]] = field(default_factory=set)
    decisions: list[DecisionRow] = field(default_factory=list)
    decided: dict[UUID, list[DecisionRow]] = field(default_factory=lambda: defaultdict(list))
    golden: dict[UUID, RecordRow] = field(default_factory=dict)
    causes: dict[UUID, Cause] = field(default_factory=dict)
    closed: set[tuple[UUID, str]] = field(default_factory=set)
    moved: list[LinkRow] = field(default_factory=list)
    woken: set[str] = field(default_factory=set)
    restored: dict[str, str] = field(default_factory=dict)
    behind: tuple[int, str] | None = None
    duplicates: int = 0
    repaired: int = 0
    clamped: int = 0

    def add_link(self, link: LinkRow) -> None:
        """Link a local record; whoever waited for it is woken."""
        self.links[(link.tenant_id, link.kind, link.system, link.local_id)] = link
        self.linked[(link.canonical_id, link.system)] = link
        self.woken |= {link.token, missing_token(link.kind, str(link.canonical_id), link.system)}

    def note_behind(self, rev: int, known: int, where: str) -> None:
        """A system has this revision while the greatest one of the hub is `known`: the hub was restored."""
        if rev > known and (self.behind is None or rev > self.behind[0]):
            self.behind = (
                rev,
                (f"the hub is older than its systems: {where} has revision {rev}, the hub has assigned {known}"),
            )

    def retire_link(self, link: LinkRow, now: datetime) -> None:
        """The row of a link is gone: the record has none in that system."""
        link.retire(now)
        self.linked.pop((link.canonical_id, link.system), None)

    def revive_link(self, link: LinkRow) -> None:
        """The row of a retired link is there again: its system was restored once more, from a later backup."""
        link.retired_at = None
        self.linked[(link.canonical_id, link.system)] = link
        self.woken.add(missing_token(link.kind, str(link.canonical_id), link.system))

    def delivery(self, record: RecordRow, system: str, now: datetime) -> DeliveryRow:
        """The delivery of a record to a system, made when it is the first."""
        key = (record.canonical_id, system)
        if key not in self.deliveries:
            made = DeliveryRow.new(record.tenant_id, record.kind, record.canonical_id, system, now)
            self.deliveries[key] = made
        return self.deliveries[key]

    def deliveries_of(self, record: RecordRow) -> list[DeliveryRow]:
        """The record's deliveries, one for each system that holds it."""
        keys = ((record.canonical_id, system) for system in self.systems)
        return [self.deliveries[key] for key in keys if key in self.deliveries]

    def merged(self, canonical_id: UUID) -> dict[str, Sequence[int]]:
        """How far the events of each system that has the record are merged."""
        links = ((system, self.linked.get((canonical_id, system))) for system in self.systems)
        return {system: link.reach for system, link in links if link is not None and link.reach is not None}
