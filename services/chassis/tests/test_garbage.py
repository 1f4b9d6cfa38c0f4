"""The collector of a serving process."""

import gc
from collections.abc import Iterator

import pytest
from adjustments.garbage import OBJECTS_BETWEEN_RUNS, collect_seldom


@pytest.fixture
def restored() -> Iterator[None]:
    before = gc.get_threshold()
    gc.unfreeze()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("restored")
def test_a_process_that_is_ready_does_not_examine_its_modules_again() -> None:
    known = len(gc.get_objects())
    collect_seldom()
    assert gc.get_freeze_count() > known / 2
    assert len(gc.get_objects()) < known / 2
    assert gc.get_threshold()[0] == OBJECTS_BETWEEN_RUNS
