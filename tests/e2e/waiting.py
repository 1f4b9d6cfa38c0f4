"""Waiting for what must come true, with a limit."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LIMIT_SECONDS = 30.0
PAUSE_SECONDS = 0.04


class NotYet(AssertionError):
    """What was waited for had not come true when the limit passed; the text says what was there instead."""


def eventually(look: Callable[[], T | None], limit_seconds: float = LIMIT_SECONDS) -> T:
    """What `look` answers, as soon as it is true and raises no AssertionError.

    Raise its last AssertionError, or NotYet with its last answer, when the limit passes.
    """
    deadline = time.monotonic() + limit_seconds
    while True:
        began = time.monotonic()
        try:
            if found := look():
                return found
            failure: AssertionError = NotYet(f"after {limit_seconds:.0f} s it was still {found!r}")
        except AssertionError as error:
            failure = error
        if time.monotonic() > deadline:
            raise failure
        # A look that is expensive does not take the processor from what it waits for.
        time.sleep(max(PAUSE_SECONDS, time.monotonic() - began))
