"""Random lives of small worlds, and a state machine that looks for the shortest life that breaks a promise."""

import pytest
from gateway.merge.policy import Json
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from .factories import DOMAINS, SYSTEMS, thorough
from .world import EDITABLE, RECORDS, SKEWS, World, run

records = st.sampled_from(RECORDS)
systems = st.sampled_from(SYSTEMS[:2])
written = st.sampled_from([(group, value) for group in EDITABLE for value in DOMAINS[group]])


@pytest.mark.parametrize("seed", range(1000, 1010))
def test_no_promise_is_broken_in_random_worlds(seed: int) -> None:
    """Six lives for each seed."""
    assert {life: faults for life in range(6) if (faults := run(seed * 10 + life))} == {}


@pytest.mark.parametrize("seed", range(2000, 2010))
def test_no_promise_is_broken_where_systems_are_restored_and_logs_are_lost(seed: int) -> None:
    """Six lives for each seed, each with up to two restores."""
    assert {life: faults for life in range(6) if (faults := run(seed * 10 + life, restores=2))} == {}


@pytest.mark.parametrize("seed", range(3000, 3015))
def test_no_promise_is_broken_where_the_hub_goes_back_as_well(seed: int) -> None:
    """Ten lives for each seed, each with up to three restores, of systems and of the hub."""
    assert {life: faults for life in range(10) if (faults := run(seed * 10 + life, restores=3, hub_too=True))} == {}


def test_a_long_life_keeps_every_promise() -> None:
    assert run(7, steps=1500) == set()


class Life(RuleBasedStateMachine):
    """One rule for each thing that can happen; in the end everything settles and is judged."""

    world: World

    @initialize(skew=st.sampled_from(SKEWS))
    def begin(self, skew: int) -> None:
        self.world = World({"crm": 0, "erp": skew})

    @rule(system=systems, record=records, change=written, later=st.integers(0, 3))
    def edit(self, system: str, record: str, change: tuple[str, Json], later: int) -> None:
        self.world.wall += later
        self.world.edit(system, record, *change)

    @rule(record=records, group=st.sampled_from(EDITABLE), data=st.data())
    def edit_at_once(self, record: str, group: str, data: st.DataObject) -> None:
        values = st.sampled_from(DOMAINS[group])
        self.world.clash("crm", "erp", record, group, (data.draw(values), data.draw(values)))

    @rule(system=systems, record=records, delta=st.sampled_from((-2, 1, 5)))
    def count(self, system: str, record: str, delta: int) -> None:
        self.world.count(system, record, delta)

    @rule(system=systems, record=records)
    def archive(self, system: str, record: str) -> None:
        if record in self.world.spokes[system].rows:
            self.world.edit(system, record, "life", "dead")

    @rule(system=systems, record=records, crash=st.booleans())
    def consume(self, system: str, record: str, crash: bool) -> None:
        self.world.consume(system, record, crash=crash)

    @rule(system=systems, record=records)
    def lose(self, system: str, record: str) -> None:
        self.world.lose(system, record)

    @rule(system=systems, record=records)
    def send(self, system: str, record: str) -> None:
        self.world.send(system, record)

    @precondition(lambda self: self.world.network)
    @rule(data=st.data(), fault=st.sampled_from(("", "", "again", "lost", "unanswered")))
    def arrive(self, data: st.DataObject, fault: str) -> None:
        position = data.draw(st.integers(0, len(self.world.network) - 1))
        self.world.arrive(position, **{fault: True} if fault else {})

    @rule(record=records)
    def resolve(self, record: str) -> None:
        self.world.resolve(record, lambda options: options[-1])

    @rule(system=systems)
    def back_up(self, system: str) -> None:
        self.world.back_up(system)

    @rule(system=systems, unsent=st.integers(0, 2))
    def restore(self, system: str, unsent: int) -> None:
        self.world.restore(system, unsent)

    @rule(system=systems)
    def lose_log(self, system: str) -> None:
        self.world.lose_log(system)

    @rule()
    def poll(self) -> None:
        self.world.poll()

    @invariant()
    def no_promise_is_broken(self) -> None:
        if hasattr(self, "world"):
            assert self.world.judge.faults == set()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            assert self.world.settle() == set()


TestLife = Life.TestCase
TestLife.settings = settings(thorough, max_examples=120, stateful_step_count=40)
