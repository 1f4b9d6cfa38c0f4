"""The worker's task that removes objects that no row uses, each isolated from the others."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog
from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.worker import Task, each_alone, pause
from sqlalchemy import delete, func, select, update

from files.models import StoredBytes, UnusedObject
from files.settings import FileSettings
from files.storage import Storage, storage

log = structlog.get_logger()
POLL_SECONDS = 60.0
AT_ONCE = 200
AGAIN_MINUTES = 10


def tasks(running: Running) -> Mapping[str, Task]:
    """The worker's task."""
    settings = running.settings
    if not isinstance(settings, FileSettings):
        raise TypeError(f"{type(settings).__name__} has no settings of files")

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            removed = await remove_unused(running.sessions, storage(settings.files_url))
            if removed < AT_ONCE:
                await pause(stop, POLL_SECONDS)

    return {"files": run}


async def remove_unused(sessions: Sessions, store: Storage) -> int:
    """Remove some objects that are due; returns their number. One that fails is tried again ten minutes later."""
    now, key = func.now(), UnusedObject.object_key
    due = select(key).where(UnusedObject.due_at <= now).order_by(UnusedObject.due_at).limit(AT_ONCE)
    leased = update(UnusedObject).where(key.in_(due.with_for_update(skip_locked=True)))
    leased = leased.values(due_at=now + timedelta(minutes=AGAIN_MINUTES))
    async with transaction(sessions) as session:
        found = list(await session.scalars(leased.returning(UnusedObject)))

    async def remove(each: UnusedObject) -> None:
        await store.remove(each.object_key)
        await _forget(sessions, each)
        log.info("object_removed", key=each.object_key, tenant=str(each.tenant_id))

    await each_alone(found, remove)
    return len(found)


async def _forget(sessions: Sessions, each: UnusedObject) -> None:
    async with transaction(sessions, each.tenant_id) as session:
        row = delete(UnusedObject).where(UnusedObject.object_key == each.object_key)
        if await session.scalar(row.returning(UnusedObject.object_key)) is not None:
            space = update(StoredBytes).where(StoredBytes.tenant_id == each.tenant_id)
            await session.execute(space.values(size_bytes=StoredBytes.size_bytes - each.size_bytes))
