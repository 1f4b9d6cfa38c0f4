"""The simulation has teeth: it convicts every mutant of the protocol, and nothing else."""

import pytest

from .mutants import HUB_RESTORED, MUTANTS, RESTORED
from .world import run

SEEDS = range(60)


def test_the_real_hub_and_the_real_guards_keep_every_promise_in_the_same_worlds() -> None:
    assert {seed: faults for seed in SEEDS if (faults := run(seed))} == {}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_hub_or_spoke_without_this_rule_is_convicted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS[name]
    for patch in mutant.patches:
        monkeypatch.setattr(*patch)
    convicted = (
        any(fault.startswith(mutant.gives_away) for fault in run(seed, mutant.spoke)) for seed in mutant.worlds(SEEDS)
    )
    assert any(convicted), f"{name} survived {len(SEEDS)} worlds"


MANY_SEEDS = range(300)


@pytest.mark.parametrize("name", RESTORED)
def test_a_hub_or_spoke_without_this_rule_is_convicted_by_restores(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = RESTORED[name]
    for patch in mutant.patches:
        monkeypatch.setattr(*patch)
    found = (run(seed, mutant.spoke, restores=2) for seed in mutant.worlds(MANY_SEEDS))
    assert any(fault.startswith(mutant.gives_away) for faults in found for fault in faults), f"{name} survived"


@pytest.mark.parametrize("name", HUB_RESTORED)
def test_a_hub_without_this_rule_is_convicted_by_its_own_restores(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = HUB_RESTORED[name]
    for patch in mutant.patches:
        monkeypatch.setattr(*patch)
    found = (run(seed, mutant.spoke, restores=3, hub_too=True) for seed in mutant.worlds(MANY_SEEDS))
    assert any(fault.startswith(mutant.gives_away) for faults in found for fault in faults), f"{name} survived"
