"""Registered systems in a running worker: their tasks start when a system is registered, and stop when it is removed.

Systems of the settings have tasks of the worker itself (`gateway.worker.tasks`).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from chassis.db import Sessions, transaction
from chassis.health import beat, forget
from chassis.worker import Task, pause, supervised

from gateway.deliver.loop import Delivering
from gateway.kinds.holders import Holdings
from gateway.store.holding import hold
from gateway.store.registrations import Registration, forget_removed, registrations
from gateway.worker.poll import Poll

log = structlog.get_logger()
LOOK_SECONDS = 30.0
"""Workers look when the poll finds a change, and from time to time in case one was missed."""


@dataclass(frozen=True)
class _Served:
    """A system with running tasks, until `stop`."""

    registration: Registration
    stop: asyncio.Event
    tasks: list[asyncio.Task[None]]


Serve = Callable[[str, Registration, Delivering], Mapping[str, Task]]


class Connections:
    """Serves every registered system that the settings do not name.

    `deliveries` are those of the worker; each of them is told what all systems hold.
    """

    def __init__(
        self,
        sessions: Sessions,
        poll: Poll,
        declared: Holdings,
        deliveries: dict[str, Delivering],
        make: Callable[[str, Holdings], Delivering],
        serve: Serve,
    ) -> None:
        self.sessions = sessions
        self.poll = poll
        self.declared = declared
        self.deliveries = deliveries
        self.make = make
        self.serve = serve
        self._served: dict[str, _Served] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then let each system's tasks finish their current batch."""
        try:
            async with asyncio.TaskGroup() as group:
                while not stop.is_set():
                    beat()
                    self.poll.registered.clear()
                    await self._reconcile(await self._registered(), group)
                    await pause(stop, LOOK_SECONDS, self.poll.registered)
                await self._stop(list(self._served))
        finally:
            await self._stop(list(self._served))

    async def _registered(self) -> dict[str, Registration]:
        """The registered systems. What one of them begins to hold is made due, what a removed one held is deleted."""
        async with transaction(self.sessions) as session:
            found = await registrations(session)
            ours = {name: each for name, each in found.items() if name not in self.declared}
            await hold(session, {name: each.held for name, each in ours.items()})
            await forget_removed(session)
        return ours

    async def _reconcile(self, wanted: Mapping[str, Registration], group: asyncio.TaskGroup) -> None:
        await self._stop([name for name, each in self._served.items() if wanted.get(name) != each.registration])
        holdings = {**{name: each.held for name, each in wanted.items()}, **self.declared}
        for delivering in self.deliveries.values():
            delivering.systems = holdings
        for name, registration in wanted.items():
            if name not in self._served:
                self._start(name, registration, holdings, group)

    def _start(self, name: str, registration: Registration, holdings: Holdings, group: asyncio.TaskGroup) -> None:
        log.info("system_registered", system=name, kinds=sorted(registration.kinds))
        stop = asyncio.Event()
        delivering = self.deliveries[name] = self.make(name, holdings)
        tasks = [
            group.create_task(_until(task_name, task, stop), name=task_name)
            for task_name, task in self.serve(name, registration, delivering).items()
        ]
        self._served[name] = _Served(registration, stop, tasks)

    async def _stop(self, names: list[str]) -> None:
        """Let the tasks of these systems end: those of a changed registration have the same names."""
        ending: list[asyncio.Task[None]] = []
        for name in names:
            log.info("system_no_longer_served", system=name)
            served = self._served.pop(name)
            served.stop.set()
            self.deliveries.pop(name).due.set()
            ending += served.tasks
        if ending:
            await asyncio.wait(ending)


async def _until(name: str, task: Task, stop: asyncio.Event) -> None:
    try:
        await supervised(name, task, stop)
    finally:
        forget(name)
