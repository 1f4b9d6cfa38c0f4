"""A world of spokes, a hub and a faulty network between them. The judge watches."""

from collections.abc import Callable
from random import Random

from chassis.replication import Moment
from chassis.replication.wire import Floor
from gateway.deliver.items import Item
from gateway.merge.merge import Event
from gateway.merge.policy import Json
from gateway.store.state import State

from .factories import DOMAINS, SYSTEMS
from .hub_under_test import HubUnderTest
from .judge import Judge
from .spoke import Backup, Delivery, Spoke, Value

EDITABLE = tuple(group for group in DOMAINS if group != "life")
RECORDS = ("00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-00000000000b")
SKEWS = (0, 0, 0, 0, -40, 25, 100_000_000)
"""In microseconds; the last is beyond what the hub believes."""

MOST_MESSAGES = 600
"""After the last edit no more messages than this may pass: the world is small."""

MakeSpoke = Callable[[str, int], Spoke]


class World:
    """Everything that can happen, one method for each."""

    def __init__(
        self,
        skews: dict[str, int],
        records: tuple[str, ...] = RECORDS,
        make_spoke: MakeSpoke = Spoke,
    ) -> None:
        self.records = records
        self.spokes = {name: make_spoke(name, skew) for name, skew in skews.items()}
        self.hub = HubUnderTest(tuple(skews), records)
        self.wall = 1000
        self.network: list[tuple[Item, Delivery]] = []
        self.consumed: dict[tuple[str, str], int] = {(s, r): 0 for s in skews for r in records}
        self.messages = 0
        self.judge = Judge(self.spokes, self.hub)
        self.backups: dict[str, Backup] = {}
        self.restored: set[str] = set()
        self.asked_by_the_dead: list[Item] = []
        self.hub_backup: tuple[State, dict[tuple[str, str], int]] | None = None

    def edit(self, system: str, record: str, group: str, value: Json) -> None:
        spoke = self.spokes[system]
        if record not in spoke.rows:
            spoke.edit(record, {"name": "n1", group: value}, self.wall)
        else:
            spoke.edit(record, {group: value}, self.wall)

    def clash(self, one: str, other: str, record: str, group: str, values: tuple[Json, Json]) -> None:
        """Two users edit the same group in the same moment, after a while without edits."""
        self.wall += 50
        self.edit(one, record, group, values[0])
        self.edit(other, record, group, values[1])

    def count(self, system: str, record: str, delta: int) -> None:
        row = self.spokes[system].rows.get(record)
        if row:
            self.edit(system, record, "points", int(str(row.values.get("points") or 0)) + delta)

    def consume(self, system: str, record: str, *, crash: bool = False) -> bool:
        """The hub reads the next event; after a crash behind the commit it will read it again."""
        events = self.spokes[system].outbox.get(record, [])
        position = self.consumed[system, record]
        if position >= len(events):
            return False
        self.messages += 1
        self.consumed[system, record] += not crash
        self._ingest(events[position])
        return True

    def lose(self, system: str, record: str) -> None:
        """An event never arrives. It is spared unless a later one of the same row follows, which repairs it.

        Not where systems are restored: what a lost edit replaced is not known, so a lost fork may hide another life.
        """
        events = self.spokes[system].outbox.get(record, [])
        position = self.consumed[system, record]
        if position + 1 < len(events) and not self.backups:
            self.consumed[system, record] += 1
            self.judge.counters_with_losses.add(record)

    def send(self, system: str, record: str) -> bool:
        self.hub.at(self.wall)
        item = self.hub.due(system, record)
        if item is None:
            return False
        groups, body = item.body["groups"], item.body
        values = tuple(
            Value(g["group"], g["value"], g["rev"], self.judge.edits_behind(record, g["group"])) for g in groups
        )
        floors = {family: Floor(**floor) for family, floor in body["floors"].items()}
        last = Moment(**body["last_merged"]) if body["last_merged"] else None
        self.network.append(
            (item, Delivery(system, record, body["seen_seq"], last, body["hlc"], values, floors, body["seen"]))
        )
        return True

    def arrive(self, position: int, *, again: bool = False, lost: bool = False, unanswered: bool = False) -> None:
        """A delivery on the network arrives: once, twice, never, or without its answer."""
        self.messages += 1
        item, delivery = self.network[position] if again else self.network.pop(position)
        if not lost:
            outcome = self.spokes[delivery.system].receive(delivery, self.wall)
            if not unanswered and not again and not self._asked_by_the_dead(item):
                self.hub.settle(item, outcome)

    def _asked_by_the_dead(self, item: Item) -> bool:
        """Whether the hub has gone back since it sent this: then it does not get the answer."""
        return any(item is other for other in self.asked_by_the_dead)

    def back_up(self, system: str) -> None:
        self.backups[system] = self.spokes[system].back_up()

    def restore(self, system: str, unsent: int = 0) -> None:
        """A system goes back to its backup, while events and deliveries are on their way. A restore takes time."""
        if system in self.backups:
            self.wall += 5
            self.spokes[system].restore(self.backups[system], unsent)
            self.restored.add(system)

    def lose_log(self, system: str) -> None:
        """The broker has lost its log: all that was sent is there again, and is read from its start."""
        for record in self.records:
            self.consumed[system, record] = 0

    def back_up_hub(self) -> None:
        self.hub_backup = self.hub.back_up(), dict(self.consumed)

    def restore_hub(self) -> None:
        """The hub goes back to its backup, with its positions; the log and the systems are newer."""
        if self.hub_backup is not None:
            self.wall += 100
            self.asked_by_the_dead += [item for item, _ in self.network]
            self.hub.restore(self.hub_backup[0])
            self.consumed = dict(self.hub_backup[1])

    def poll(self) -> None:
        """The status of each system: one that went back is compared. So are all, if the hub went back itself."""
        self.hub.renew()
        for system in sorted(self.restored):
            self.hub.compare(system)
        self.restored.clear()

    def resolve(self, record: str, choose: Callable[[list[Json]], Json]) -> None:
        """A steward decides all that is parked."""
        for group, register in sorted(self.hub.registers(record).items()):
            if register.parked:
                options = [head.value for _, head in sorted(register.heads.items())] or [register.value]
                self.hub.resolve(record, group, choose(options))

    def drain(self) -> None:
        """No more edits and no more faults, until nothing moves. What was sent last arrives first."""
        self.messages = 0
        moved = True
        while moved and self.messages < MOST_MESSAGES:
            consumed = sum(self.consume(system, record) for system, record in self.consumed)
            sent = sum(self.send(system, record) for system, record in self.consumed)
            moved = consumed + sent > 0
            while self.network and self.messages < MOST_MESSAGES:
                self.arrive(-1)
        if self.messages >= MOST_MESSAGES:
            self.judge.faults.add("no_quiet")

    def settle(self) -> set[str]:
        """Let everything come to rest, decide what is parked, and name every promise that was broken."""
        self.drain()
        self.poll()
        self.drain()
        for record in self.records:
            self.resolve(record, lambda options: options[0])
        self.drain()
        return self.judge.verdict()

    def _ingest(self, event: Event) -> None:
        record = str(event.canonical_id)
        before = dict(self.hub.registers(record))
        self.hub.at(self.wall)
        if self.hub.ingest(event):
            self.judge.watch(event, before)


def run(
    seed: int, make_spoke: MakeSpoke = Spoke, steps: int = 110, restores: int = 0, *, hub_too: bool = False
) -> set[str]:
    """A random life of a random world. The names of the promises it broke.

    With `restores`, systems go back to backups up to so many times, and now and then the broker loses its log;
    `hub_too`: the hub goes back as well.
    """
    chance = Random(seed)  # noqa: S311  (no secret: the same run for the same seed)
    systems = SYSTEMS[: chance.choice((2, 2, 3))]
    world = World(
        {system: chance.choice(SKEWS) for system in systems},
        make_spoke=make_spoke,
    )
    if restores:
        world.back_up(systems[0])
    for _ in range(steps):
        world.wall += chance.choice((0, 0, 0, 0, 1, 3))
        if restores and chance.random() < 0.06:
            restores -= go_back_hub(world, chance) if hub_too and chance.random() < 0.4 else go_back(world, chance)
        else:
            step(world, chance)
    if restores and chance.random() < 0.5:
        world.drain()  # Nothing is on its way that could tell: only the status does.
        world.restore(chance.choice(sorted(world.spokes)))
    return world.settle()


def go_back(world: World, chance: Random) -> bool:
    """A backup, a restore, a log that is lost, or a poll of the status. Whether it was a restore."""
    system, luck = chance.choice(sorted(world.spokes)), chance.random()
    if luck < 0.4:
        world.back_up(system)
    elif luck < 0.8 and system in world.backups:
        world.restore(system, unsent=chance.choice((0, 0, 1, 2)))
        return True
    elif luck < 0.87:
        world.lose_log(system)
    elif luck < 0.93:
        world.poll()
    return False


def go_back_hub(world: World, chance: Random) -> bool:
    """A backup of the hub, or its restore."""
    if chance.random() < 0.5:
        world.back_up_hub()
        return False
    world.restore_hub()
    return world.hub_backup is not None


def step(world: World, chance: Random) -> None:
    """One thing happens."""
    system, record, luck = chance.choice(sorted(world.spokes)), chance.choice(world.records), chance.random()
    group = chance.choice(EDITABLE)
    if luck < 0.07:
        one, other = chance.sample(sorted(world.spokes), 2)
        first, second = chance.choices(DOMAINS[group], k=2)
        world.clash(one, other, record, group, (first, second))
    elif luck < 0.3:
        world.edit(system, record, group, chance.choice(DOMAINS[group]))
    elif luck < 0.33:
        world.count(system, record, chance.choice((-2, 1, 5)))
    elif luck < 0.35 and record in world.spokes[system].rows:
        world.edit(system, record, "life", "dead")
    elif luck < 0.62:
        world.consume(system, record, crash=chance.random() < 0.15)
    elif luck < 0.64:
        world.lose(system, record)
    elif luck < 0.8:
        world.send(system, record)
    elif luck < 0.81:
        world.resolve(record, chance.choice)
    elif world.network:
        fault = chance.choice(("again", "lost", "unanswered", "", "", "", "", ""))
        world.arrive(chance.randrange(len(world.network)), **{fault: True} if fault else {})
