"""What the worker does about declarations."""

import asyncio
import math
from uuid import UUID

from chassis.db import transaction
from chassis.health import beat
from chassis.replication import Kind
from chassis.service import Running
from chassis.worker import Task, each_alone

from custom_fields import commands


def tasks(running: Running, kind: Kind) -> dict[str, Task]:
    """Once after the start: announce declarations from before other systems held them too."""

    async def share_of(tenant: UUID) -> None:
        shared = commands.AT_ONCE
        while shared == commands.AT_ONCE:
            beat()
            async with transaction(running.sessions, tenant) as session:
                shared = await commands.share(session, kind)

    async def share(stop: asyncio.Event) -> None:
        async with transaction(running.sessions) as session:
            tenants = await commands.unshared(session)
        await each_alone(tenants, share_of)
        beat(math.inf)  # Nothing is left to do: a task that ends is started again.
        await stop.wait()

    return {"custom_fields": share}
