"""One tenant writes absurd but well-formed values while another works: nobody else notices, and no service fails."""

import itertools
import os
import time
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from stack.services import Stack

from ..e2e.clients import Company, new_tenant
from ..e2e.waiting import eventually
from .intruder import Intruder
from .witness import Witness

pytestmark = [pytest.mark.faults, pytest.mark.servers, pytest.mark.long]

SECONDS = float(os.environ.get("CONCORD_HOSTILE_SECONDS", "45"))
SEED = int(os.environ.get("CONCORD_HOSTILE_SEED", "1"))
VISIBLE_SECONDS = 3.0
"""How long an edit of the other tenant may take to be seen on the other side."""
SETTLED_SECONDS = 120.0
SHOWN = 20
RANDOM = st.randoms(use_true_random=True)
"""Hypothesis seeds it; what is drawn may depend on what the services have answered."""

AT_A_TIME = settings(
    max_examples=200,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_absurd_values_of_one_tenant_harm_nobody(stack: Stack) -> None:
    print(f"\nCONCORD_HOSTILE_SEED={SEED} repeats this")
    intruder, witness = Intruder(Company.in_stack(stack, new_tenant())), Witness(Company.in_stack(stack, new_tenant()))
    witness.start()
    attack(intruder)
    intruder.read_lists()
    settle(intruder)
    intruder.check_records()
    settle(intruder)
    witness.finish()
    slow = witness.slower_than(VISIBLE_SECONDS)
    print(
        f"{sum(intruder.outcomes.values())} requests: {dict(sorted(intruder.outcomes.items()))};"
        f" {len(intruder.accepted)} records; {len(witness.seconds)} edits of the other tenant,"
        f" the slowest visible after {max(witness.seconds)[0]:.1f} s\n"
        f"accepted nothing: {', '.join(sorted(intruder.refused))}"
    )
    assert not intruder.failures, _told(intruder.failures)
    assert not slow, _told(slow)
    assert intruder.accepted, "nothing was accepted: the requests are too absurd to test anything"


def attack(intruder: Intruder) -> None:
    """Send requests until the time is over; what a service fails at is told at the end, all together."""
    intruder.settle_in(Random(SEED))  # noqa: S311  (no secret: the same choices in each run)
    deadline = time.monotonic() + SECONDS
    for number in itertools.count():
        if time.monotonic() >= deadline:
            return
        seed(SEED * 1_000 + number)(AT_A_TIME(given(RANDOM)(intruder.request)))()


def settle(intruder: Intruder) -> None:
    """Wait until everything is in step, or says why it is not."""

    def look() -> bool:
        found = list(intruder.unsettled())
        assert not found, _told(found)
        return True

    eventually(look, SETTLED_SECONDS)


def _told(findings: list[str]) -> str:
    return f"{len(findings)} findings:\n" + "\n".join(findings[:SHOWN])
