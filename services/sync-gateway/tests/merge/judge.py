"""What must always hold, judged by the truth that the spokes remember and no message carries."""

from collections.abc import Mapping
from itertools import chain, product

from gateway.merge.merge import Event, Register, merge_event
from gateway.merge.policy import same, system_of
from gateway.merge.register import microseconds

from .factories import SAMPLE, Shown, shown
from .hub_under_test import HubUnderTest
from .spoke import Edit, EditId, Row, Spoke

UNORDERED = ("points", "life")
"""Groups whose edits add up or yield to any sign of life: none of them is lost or won by itself."""


class Judge:
    """Watches every event that the hub takes, and looks at everything in the end; `faults` names what is broken."""

    def __init__(self, spokes: Mapping[str, Spoke], hub: HubUnderTest) -> None:
        self.spokes = spokes
        self.hub = hub
        self.faults: set[str] = set()
        self.counters_with_losses: set[str] = set()
        self._refused_but_equal: set[EditId] = set()
        self._latest: dict[tuple[str, str], tuple[Event, dict[str, Register]]] = {}

    def edits_behind(self, record: str, group: str) -> frozenset[EditId]:
        """The edits whose value the hub shows."""
        register = self.hub.registers(record)[group]
        alike = SAMPLE.group(group).normalise
        written = [
            self.edit_of(record, group, origin, head.event_id)
            for origin, head in register.heads.items()
            if same(head.value, register.value, alike)
        ]
        return frozenset(edit for edit in written if edit)

    def edit_of(self, record: str, group: str, origin: str, event_id: str) -> EditId | None:
        """The user edit that an event brought: its own, or after a gap the last one before it."""
        system = system_of(origin)
        if system not in self.spokes:
            return None
        life, seq = map(int, event_id.split("-")[-2:])
        own = self.spokes[system].lives[life].get((record, group), [])
        return next((edit for edit in reversed(own) if edit.seq <= seq), None)

    def watch(self, event: Event, before: dict[str, Register]) -> None:
        """Called when the hub has merged an event, with the registers that it had before."""
        if event.origin == "user":
            self._causality(event)
            self._order(event, before)
            self._refusals(event)
        self._hear(event)

    def _hear(self, event: Event) -> None:
        """With an event the hub knows every edit of the row up to there: what was lost before is repaired from it."""
        spoke, life = self.spokes[event.system], int(event.id.split("-")[-2])
        for (record, _), edits in spoke.lives[life].items():
            if record == event.local_id:
                spoke.heard.update(edit for edit in edits if edit.seq <= event.seq)

    def _causality(self, event: Event) -> None:
        """No value stands against an edit whose author had it in front of them, whichever of them came first."""
        record = str(event.canonical_id)
        for change in event.changes:
            heads = self.hub.registers(record)[change.group].heads
            found = {self.edit_of(record, change.group, origin, head.event_id) for origin, head in heads.items()}
            standing = {edit for edit in found if edit}
            for edit in standing:
                if self.spokes[edit.system].edits[edit].over & standing - {edit}:
                    self.faults.add("causality")

    def _order(self, event: Event, before: dict[str, Register]) -> None:
        """Two edits of which neither knew of the other give the same, whichever arrives first."""
        record = str(event.canonical_id)
        for system in self.spokes:
            other, start = self._latest.get((system, record), (event, before))
            knew = any(change.ctx > start.get(change.group, Register()).rev for change in event.changes)
            if system != event.system and not knew:
                one, two = (self._merged(start, order) for order in ((other, event), (event, other)))
                if one != two:
                    self.faults.add("order_matters")
        self._latest[event.system, record] = event, before

    def _merged(self, start: dict[str, Register], order: tuple[Event, Event]) -> Shown:
        registers = dict(start)
        for event in order:
            now_us = microseconds(self.hub.now)
            registers.update(merge_event(registers, event.seq - 1, event, SAMPLE, now_us=now_us).registers)
        return shown(registers)

    def _refusals(self, event: Event) -> None:
        """A refused edit that wrote what stood there anyway has lost nothing."""
        record = str(event.canonical_id)
        for group, mark in event.sync.items():
            edit = self.edit_of(record, group, event.system, event.id)
            unheard = edit is not None and edit not in self.spokes[event.system].heard
            if unheard and mark.seq <= event.seq and self._was_refused(event, group):
                shown_value = self.hub.registers(record)[group].value
                if edit and same(event.snapshot.get(group), shown_value, SAMPLE.group(group).normalise):
                    self._refused_but_equal.add(edit)

    def _was_refused(self, event: Event, group: str) -> bool:
        """An edit that was taken stands among the heads."""
        head = self.hub.registers(str(event.canonical_id))[group].heads.get(event.system)
        return head is None or head.event_id != event.id

    def verdict(self) -> set[str]:
        """Everything has settled: name every promise that is broken."""
        if any(spoke.flip_flops for spoke in self.spokes.values()):
            self.faults.add("flip_flop")
        if "no_quiet" not in self.faults:
            self._convergence()
            self._loss()
            self._counters()
            self._replay()
        return self.faults

    def _edits(self) -> list[Edit]:
        return list(chain.from_iterable(spoke.edits.values() for spoke in self.spokes.values()))

    def _convergence(self) -> None:
        """All systems show what the hub shows, but for what is parked or what their rules refuse."""
        for record, (name, spoke) in product(self.hub.records, self.spokes.items()):
            registers = self.hub.registers(record)
            refused = self.hub.refused(name, record) if registers else set()
            for group in registers.keys() - refused:
                register, value = registers[group], spoke.rows.get(record, Row()).values.get(group)
                if not register.parked and not same(value, register.value, SAMPLE.group(group).normalise):
                    self.faults.add(f"divergence:{group}")

    def _loss(self) -> None:
        """Each edit is current, or somebody had it in front of them when they replaced it, or it is logged."""
        accounted = self._refused_but_equal | {over for edit in self._edits() for over in edit.over}
        for record, group, entries in [*self.hub.published, *self.hub.decisions()]:
            logged = [self.edit_of(record, group, entry.origin, entry.event_id) for entry in entries]
            accounted |= {edit for edit in logged if edit}
        for edit in self._edits():
            if edit.id in accounted or edit.id.group in UNORDERED:
                continue
            value = self.hub.registers(edit.id.record).get(edit.id.group, Register()).value
            if not same(value, edit.value, SAMPLE.group(edit.id.group).normalise):
                self.faults.add(f"silent_loss:{edit.id.group}")

    def _counters(self) -> None:
        for record in set(self.hub.records) - self.counters_with_losses:
            edits = [edit for edit in self._edits() if (edit.id.record, edit.id.group) == (record, "points")]
            expected = sum(int(str(edit.value)) - int(str(edit.old or 0)) for edit in edits)
            register = self.hub.registers(record).get("points")
            if expected != (register.value if register else 0):
                self.faults.add("wrong_sum")

    def _replay(self) -> None:
        condition = self.hub.condition()
        for spoke in self.spokes.values():
            for event in chain.from_iterable(spoke.outbox.values()):
                self.hub.ingest(event)
        if self.hub.condition() != condition:
            self.faults.add("replay_changed_state")
