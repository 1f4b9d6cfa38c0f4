"""What the worker does about declarations."""

import asyncio
import math

from chassis.db import transaction
from chassis.health import beat
from chassis.replication import Kind
from chassis.service import Running
from chassis.worker import Task

from custom_fields import commands


def tasks(running: Running, kind: Kind) -> dict[str, Task]:
    """Once after the start: announce declarations from before other systems held them too."""

    async def share(stop: asyncio.Event) -> None:
        shared = commands.AT_ONCE
        while shared == commands.AT_ONCE and not stop.is_set():
            async with transaction(running.sessions) as session:
                shared = await commands.share(session, kind)
        beat(math.inf)  # Nothing is left to do: a task that ends is started again.
        await stop.wait()

    return {"custom_fields": share}
