"""The verbs of a task over HTTP: start, complete, cancel."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.errors import Conflict
from chassis.replication import edit
from contracts.activity import TaskState
from fastapi import APIRouter, Response
from records import ActionRouter, Record, answered, reads
from sqlalchemy.ext.asyncio import AsyncSession

from activities.records import ALLOWED, VERBS

AnyRecord = Record[Any, Any, Any]
SAYS = {
    "start": "Start a task: it is being worked on.",
    "complete": "Complete a task. A task that is done stays done: enter a new one for what is left.",
    "cancel": "Cancel a task that is not to be done. If another system has completed it meanwhile, a person decides.",
}


class TaskClosed(Conflict):
    code = "task-closed"
    title = "The task is closed"
    detail = "The task is {state}; allowed: {allowed}."
    hint = "Enter a new task for what is left to do."


Follow = Callable[[AsyncSession, Any, str], Awaitable[None]]
"""`(session, task, actor)`: what follows in a service when a task has changed its state, in the same transaction."""


async def nothing_follows(_session: AsyncSession, _task: Any, _actor: str) -> None:
    """For services in which nothing follows."""


async def move(
    session: AsyncSession, record: AnyRecord, task_id: UUID, verb: str, actor: str, follow: Follow = nothing_follows
) -> Any:
    """Change a task's state; its own state changes nothing. Raises `NotFound`, `Archived`, `TaskClosed`."""
    row = await reads.by_id(session, record, task_id, lock=True)
    if row.state == VERBS[verb]:
        return row
    if verb not in ALLOWED[row.state]:
        raise TaskClosed(state=row.state, allowed=ALLOWED[row.state])
    if record.kind is None:
        raise TypeError(f"{record.name} is not replicated")
    with edit(session, record.kind, row, actor):
        row.change({"state": TaskState(VERBS[verb])})
    await follow(session, row, actor)
    await session.flush()
    return row


def task_actions(record: AnyRecord, follow: Follow = nothing_follows) -> APIRouter:
    """The routes of the verbs, at the path of the service's tasks."""
    router = ActionRouter(record)
    for verb in VERBS:
        _add(router, record, verb, follow)
    return router


def _add(router: ActionRouter, record: AnyRecord, verb: str, follow: Follow) -> None:
    async def act(
        task_id: UUID,
        session: Session,
        caller: Annotated[Principal, requires("activities:write")],
        response: Response,
    ) -> Any:
        row = await move(session, record, task_id, verb, caller.subject, follow)
        return await answered(session, record, row, response)

    act.__annotations__["return"] = record.out  # A service may show more of a task than the others.
    router.add_api_route(f"/{{task_id}}/{verb}", act, methods=["POST"], name=f"{verb}_task", description=SAYS[verb])
