"""Restarts dead parts, each independently, as soon as the parts that it needs run."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from stack.errors import CannotStart
from stack.part import Part
from stack.services import Stack

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
CLOSE_SECONDS = 0.1


@dataclass
class Fate:
    """The state of one part: its recent deaths, the time of its next start, and the start in progress."""

    deaths: int = 0
    started_at: float = 0.0
    due_at: float | None = None
    starting: Future[None] | None = None

    @property
    def is_up(self) -> bool:
        """The part was ready, and has not died since."""
        return self.due_at is None and self.starting is None


class Watch:
    """Checks every part of a stack and restarts dead ones: at once the first time, then after growing pauses.

    A start waits until the part is ready. Each start runs in a thread of its own, so that no part waits for another
    that it does not need.
    """

    def __init__(self, stack: Stack, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.stack = stack
        self.say = say
        self.clock = clock
        self._fates = {name: Fate() for name in stack.parts}
        self._starters = ThreadPoolExecutor(max_workers=len(self._fates), thread_name_prefix="restart")

    def look(self) -> None:
        """One round: detect dead parts, start those whose pause is over, and print which run again."""
        for name, part in self.stack.parts.items():
            self._look_at(name, part, self._fates[name])

    def close(self) -> None:
        """Cancel the starts in progress, so that everything can be stopped. A crash loses no data."""
        while under_way := {name: fate.starting for name, fate in self._fates.items() if fate.starting is not None}:
            for name in under_way:
                self.stack.kill(name)
            wait(under_way.values(), CLOSE_SECONDS)
            for name, starting in under_way.items():
                if starting.done():
                    self._fates[name].starting = None
        self._starters.shutdown()

    def _look_at(self, name: str, part: Part, fate: Fate) -> None:
        if fate.starting is not None:
            if fate.starting.done():
                self._conclude(name, fate, fate.starting)
        elif fate.due_at is not None:
            if self.clock() >= fate.due_at and all(self._fates[need].is_up for need in self.stack.needs(name)):
                fate.due_at, fate.started_at = None, self.clock()
                fate.starting = self._starters.submit(self.stack.start, name)
        elif not part.running:
            self._note_death(name, fate, "ended")
        elif fate.deaths and self.clock() - fate.started_at > STEADY_SECONDS:
            fate.deaths = 0

    def _note_death(self, name: str, fate: Fate, what: str) -> None:
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (fate.deaths - 1), LONGEST_PAUSE_SECONDS) if fate.deaths else 0.0
        fate.deaths += 1
        fate.due_at = self.clock() + pause
        when = f"in {pause:.0f} s" if pause else "at once"
        self.say(f"{name} {what}; starting it again {when}. See {self.stack.logs / name}.log")

    def _conclude(self, name: str, fate: Fate, starting: Future[None]) -> None:
        fate.starting = None
        try:
            starting.result()
        except CannotStart as problem:
            self._note_death(name, fate, f"could not be started ({str(problem).splitlines()[0]})")
        else:
            self.say(f"{name} runs again")
