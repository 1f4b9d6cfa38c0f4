"""Python's garbage collector, set for a process that serves for days.

Objects without cycles are freed when they are no longer used; the collector only looks for the others. A batch creates
tens of thousands of objects that are all in use until it ends, so examining them is wasted.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS_BETWEEN_RUNS = 50_000
"""With Python's 700, a third of the processor time of a batch was spent in the collector."""

RUNS_OF_THE_YOUNGER = (10, 5)
"""Objects in a cycle that outlive a run are examined again after so many: rarely, but within minutes under load."""

_batches = 0


def collect_seldom() -> None:
    """Call when a process is ready to serve: its modules are never collected, so they are not examined again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_RUNS, *RUNS_OF_THE_YOUNGER)


@contextmanager
def uncollected() -> Iterator[None]:
    """A batch during which the collector does not run. Others may overlap with it."""
    global _batches  # noqa: PLW0603  (the collector is one for the process)
    _batches += 1
    gc.disable()
    try:
        yield
    finally:
        _batches -= 1
        if not _batches:
            gc.enable()
