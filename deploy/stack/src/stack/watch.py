"""Starts again what has died."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from stack.errors import CannotStart
from stack.services import Stack

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0


@dataclass
class Fate:
    """What we know of one part: how often it died lately, and when it is due to be started."""

    deaths: int = 0
    started_at: float = 0.0
    due_at: float | None = None


class Watch:
    """Looks at every part of a stack, and starts the dead again after a growing pause."""

    def __init__(self, stack: Stack, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.stack = stack
        self.say = say
        self.clock = clock
        self._fates = {name: Fate() for name in stack.parts}

    def look(self) -> None:
        """One round: note the dead, and start those whose pause is over."""
        for name, part in self.stack.parts.items():
            fate = self._fates[name]
            if fate.due_at is not None:
                if self.clock() >= fate.due_at:
                    self._start(name, fate)
            elif not part.running:
                self._note_death(name, fate, "ended")
            elif fate.deaths and self.clock() - fate.started_at > STEADY_SECONDS:
                fate.deaths = 0

    def _note_death(self, name: str, fate: Fate, what: str) -> None:
        pause = min(FIRST_PAUSE_SECONDS * 2**fate.deaths, LONGEST_PAUSE_SECONDS)
        fate.deaths += 1
        fate.due_at = self.clock() + pause
        self.say(f"{name} {what}; starting it again in {pause:.0f} s. See {self.stack.logs / name}.log")

    def _start(self, name: str, fate: Fate) -> None:
        fate.due_at = None
        fate.started_at = self.clock()
        try:
            self.stack.start(name)
        except CannotStart as problem:
            self._note_death(name, fate, f"could not be started ({str(problem).splitlines()[0]})")
        else:
            self.say(f"{name} runs again")
