"""Values that are read again after some seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

MOST = 10_000
Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """What `read` answered for a key, for some seconds. Concurrent callers share one read; a failed one is not kept."""

    def __init__(
        self,
        read: Callable[[Key], Awaitable[Value]],
        seconds: float,
        most: int = MOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._seconds, self._most, self._clock = read, seconds, most, clock
        self._kept: dict[Key, tuple[float, Value]] = {}
        self._reading: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key) -> Value:
        """The value of a key. Raises what `read` raises."""
        good_until, value = self._kept.get(key, (0.0, None))
        if value is not None and self._clock() < good_until:
            return value
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.create_task(self._once(key))
        # A caller that goes away does not end the read of the others.
        return await asyncio.shield(reading)

    async def _once(self, key: Key) -> Value:
        try:
            value = await self._read(key)
            if len(self._kept) >= self._most:
                self._kept.clear()
            self._kept[key] = (self._clock() + self._seconds, value)
            return value
        finally:
            del self._reading[key]
