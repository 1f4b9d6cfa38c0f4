"""Python's garbage collector, set for a process that serves for days."""

import gc

OBJECTS_BETWEEN_RUNS = 50_000
"""One batch of 500 events creates about this many; with Python's 700, a third of the processor time of a batch was
spent in the collector."""


def collect_seldom() -> None:
    """Call when a process is ready to serve: its modules are never collected, so they are not examined again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_RUNS, 20, 20)
