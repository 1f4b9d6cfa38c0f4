"""A kind with one group for each policy, small value domains, and short ways to make events."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from gateway.kinds import GroupSpec, KindSpec
from gateway.kinds.normalise import life, lowered, presence
from gateway.merge.merge import Change, Event, Head, Mark, Merged, Register, merge_event
from gateway.merge.policy import (
    Json,
    Lattice,
    Once,
    Policy,
    as_it_is,
    counter,
    machine,
    manual,
    maximum,
    member,
    minimum,
    newest,
    prefer,
    strict,
    system_of,
    update_wins,
)
from hypothesis import settings
from hypothesis import strategies as st

ORDER_STATES = Lattice(
    states=("draft", "open", "paid", "cancelled"),
    steps=frozenset({("draft", "open"), ("open", "paid"), ("open", "cancelled")}),
)

POLICIES: dict[str, Policy] = {
    "name": newest,
    "email": newest,
    "owner": prefer("crm"),
    "credit": strict("erp"),
    "sku": strict("erp", once_linked=True),
    "notes": manual,
    "points": counter,
    "rank": maximum,
    "floor": minimum,
    "stage": machine(ORDER_STATES),
    "tag:*": member,
    "line:*": newest,
    "life": update_wins,
}

FIXED = ("open", "paid", "cancelled")
ONCE = {"line:*": Once("stage", frozenset(FIXED), strict("erp"))}

NORMALISERS = {"email": lowered, "tag:*": presence, "life": life}

SAMPLE = KindSpec(
    name="sample",
    groups=tuple(
        GroupSpec(name, policy, NORMALISERS.get(name, as_it_is), once=ONCE.get(name))
        for name, policy in POLICIES.items()
    ),
)

DOMAINS: dict[str, tuple[Json, ...]] = {
    "name": ("n1", "n2", "n3"),
    "email": ("e1", "E1", "e2", None),
    "owner": ("o1", "o2", None),
    "credit": (1, 2, 3),
    "sku": ("s1", "s2", "s3"),
    "notes": ("t1", "t2"),
    "rank": (1, 2, 3),
    "floor": (1, 2, 3),
    "stage": ("draft", "open", "paid", "cancelled"),
    "tag:x": (True, False),
    "tag:y": (True, False),
    "line:1": ("l1", "l2", None),
    "line:2": ("l1", "l2"),
    "life": ("live", "dead"),
}

SYSTEMS = ("crm", "erp", "shop")

GROUPS = (*DOMAINS, "points")

Origin = Literal["user", "gateway"]


def normalised(group: str, value: Json) -> Json:
    return SAMPLE.group(group).normalise(value)


def event(
    system: str,
    seq: int,
    *changes: tuple[str, Json, Json, int],
    hlc: int | None = None,
    origin: Origin = "user",
    snapshot: Mapping[str, Json] | None = None,
    sync: Mapping[str, Mark] | None = None,
) -> Event:
    """An event of one record; its changes as (group, old, new, ctx)."""
    return Event(
        id=f"{system}-{seq}",
        system=system,
        kind=SAMPLE.name,
        local_id="1",
        canonical_id="r",
        seq=seq,
        hlc=seq if hlc is None else hlc,
        origin=origin,
        actor=f"user of {system}",
        time="2024-01-01T00:00:00Z",
        changes=tuple(Change(*change) for change in changes),
        snapshot=snapshot or {},
        sync=sync or {},
    )


class Record:
    """One record in the hub: the registers, what was seen of each system, and all decisions so far."""

    def __init__(self, kind: KindSpec = SAMPLE) -> None:
        self.kind = kind
        self.registers: dict[str, Register] = {}
        self.seen: dict[str, int] = {}
        self.merged: list[Merged] = []

    def merge(self, *events: Event) -> None:
        """Merge events in this order; `merged` has what became of each."""
        for one in events:
            self.merged.append(merge_event(self.registers, self.seen.get(one.system, 0), one, self.kind))
            self.registers.update(self.merged[-1].registers)
            self.seen[one.system] = self.merged[-1].seen_seq

    def value(self, group: str) -> Json:
        return self.registers[group].value

    def logged(self, group: str) -> set[str]:
        """Every value of a group that stands in the decision log, as text."""
        decisions = [decision for merged in self.merged for decision in merged.decisions]
        return {repr(e.value) for d in decisions if d.group == group for e in d.heads}


Shown = dict[str, tuple[Json, bool, dict[str, tuple[Json, int, str]]]]


def shown(registers: Mapping[str, Register]) -> Shown:
    """What registers say whatever the order of arrival: all but the numbers of revisions and of previous lives."""
    return {
        group: (normalised(group, register.value), register.parked, _by_life(register.heads))
        for group, register in registers.items()
    }


def _by_life(heads: Mapping[str, Head]) -> dict[str, tuple[Json, int, str]]:
    by_age = sorted((system_of(origin), head.hlc, head.event_id, head.value) for origin, head in heads.items())
    return {f"{system} {age}": (value, hlc, by) for age, (system, hlc, by, value) in enumerate(by_age)}


thorough = settings(max_examples=100, derandomize=True, database=None, deadline=None)

groups = st.sampled_from(GROUPS)


def values(group: str) -> st.SearchStrategy[Json]:
    return st.integers(-2, 3) if group == "points" else st.sampled_from(DOMAINS[group])


@st.composite
def changes(draw: st.DrawFn, ctx: int = 0) -> tuple[str, Json, Json, int]:
    group = draw(groups)
    old = draw(values(group)) if group == "points" else None
    return group, old, draw(values(group)), ctx


@st.composite
def histories(draw: st.DrawFn, systems: tuple[str, ...] = SYSTEMS) -> dict[str, list[Event]]:
    """Concurrent histories: what each system's users did before any of them saw the others."""
    histories: dict[str, list[Event]] = {}
    for system in systems:
        made = draw(st.lists(st.lists(changes(), min_size=1, max_size=2, unique_by=lambda c: c[0]), max_size=3))
        clock = draw(st.integers(0, 3))
        events = [event(system, seq, *items, hlc=clock + seq) for seq, items in enumerate(made, start=1)]
        histories[system] = with_state(events)
    return histories


def with_state(events: list[Event]) -> list[Event]:
    """The events of one system as it sends them: with what was there before, and the full state after."""
    snapshot: dict[str, Json] = {}
    sync: dict[str, Mark] = {}
    complete = []
    for one in events:
        changes = tuple(
            change._replace(old=snapshot.get(change.group) if change.group != "points" else change.old)
            for change in one.changes
        )
        for change in changes:
            snapshot[change.group] = change.new
            sync[change.group] = Mark(one.seq, 0, one.hlc)
        complete.append(replace(one, changes=changes, snapshot=dict(snapshot), sync=dict(sync)))
    return complete
