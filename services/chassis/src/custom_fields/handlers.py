"""What the worker does about declarations."""

import asyncio

from chassis.db import transaction
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
        await stop.wait()

    return {"custom_fields": share}
