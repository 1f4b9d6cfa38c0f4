"""When to look at the database for what is due in one system.

A merge or an answer of this process announces what it makes due. The poll of the worker finds what other processes have
made due (`gateway.worker.poll`), looks what could not be leased at the time.
"""

import asyncio

from gateway.deliver.lease import SHARE, Leases

FIRST_POLL_SECONDS = 0.02
LONGEST_POLL_SECONDS = 1.0
LONGEST_IDLE_SECONDS = 30.0
AFTER_WORK_SECONDS = 0.25


class Agenda:
    """The time of the next look."""

    def __init__(self) -> None:
        self._next_at = 0.0
        self._overdue_seconds = FIRST_POLL_SECONDS

    def seconds(self) -> float:
        """Until the next look; not more than 0 when it is time."""
        return self._next_at - _now()

    def expect(self, seconds: float) -> bool:
        """Something is due after this time; returns whether the next look is earlier now."""
        at = _now() + max(seconds, 0.0)
        if at >= self._next_at:
            return False
        self._next_at = at
        return True

    def looked(self, found: int, leases: Leases) -> None:
        """A look has found this number of records.

        The next one is at once while there may be more, soon after some were delivered, and when the next is due. While
        something is overdue that nobody has leased, looks follow with doubling pauses.
        """
        if found:
            seconds = 0.0 if found >= SHARE else AFTER_WORK_SECONDS
            self._overdue_seconds = FIRST_POLL_SECONDS
        elif leases.overdue:
            seconds = self._overdue_seconds
            self._overdue_seconds = min(2 * seconds, LONGEST_POLL_SECONDS)
        else:
            seconds = min(leases.next_due_seconds, LONGEST_IDLE_SECONDS)
            self._overdue_seconds = FIRST_POLL_SECONDS
        self._next_at = _now() + seconds


def _now() -> float:
    return asyncio.get_running_loop().time()
