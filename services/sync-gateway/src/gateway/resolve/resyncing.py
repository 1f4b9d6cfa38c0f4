"""The job that delivers chosen records again, in pages, beside edits.

A page becomes due when the systems have answered most of the last one, or after `LONGEST_WAIT_SECONDS` when they do not
answer: what is due is state, so it waits for a system that is away. The position is stored with each page, so a job
that is run again after a crash makes no record due twice.
"""

import asyncio
import time
from datetime import datetime

from chassis import clock
from chassis.db import JsonObject
from chassis.errors import Conflict
from jobs import Job, JobKind, Work
from jobs import commands as jobs
from jobs.models import JobState
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.resolve import deliveries
from gateway.resolve.deliveries import Wanted
from gateway.resolve.log import Author
from gateway.store.deliveries import Delivery, DeliveryKey

NAME = "resync"
PAGE = 400
"""The number of records in one system that become due at once: an edit waits behind few of them."""
POLL_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended('resync ' || current_setting('app.tenant'), 0))")


class ResyncRunning(Conflict):
    code = "resync-running"
    title = "A resync is running"
    detail = "A tenant has one at a time; job {job} has been open since {since}."
    hint = "Wait until it is done (GET /v1/jobs/{job}), or cancel it: POST /v1/jobs/{job}/cancel."


async def begin(session: AsyncSession, wanted: Wanted, reason: str, actor: str) -> Job:
    """Enqueue the job. Raises `ResyncRunning` while the tenant has an open one."""
    await session.execute(ONE_AT_A_TIME)
    unfinished = Job.kind == NAME, Job.state.in_((JobState.QUEUED, JobState.RUNNING))
    open_: Job | None = await session.scalar(select(Job).where(*unfinished).limit(1))
    if open_ is not None:
        raise ResyncRunning(job=str(open_.id), since=open_.created_at)
    return await jobs.enqueue(session, NAME, {"wanted": wanted.document(), "reason": reason}, actor)


async def resync(work: Work) -> JsonObject:
    """Make all chosen records due, in their order; returns their number."""
    async with work.transaction() as session:
        wanted = Wanted.of(work.arguments["wanted"])
        reached: JsonObject = (await jobs.by_id(session, work.id)).result or {"due": 0, "next": None, "over": False}
        left = await deliveries.count(session, wanted.beginning_at(_position(reached)))
    total = reached["due"] + left
    while not reached["over"]:
        await work.progress(reached["due"], total)
        async with work.transaction() as session:
            author = Author(work.actor, work.arguments["reason"], clock.now())
            done = await deliveries.resync(session, wanted.beginning_at(_position(reached)), author, PAGE)
            reached = {"due": reached["due"] + done.due, "next": done.next, "over": done.next is None}
            (await jobs.by_id(session, work.id)).result = reached
        if not reached["over"]:
            await _answered(work, wanted, reached["due"], author.now)
    await work.progress(reached["due"], max(total, reached["due"]))
    return {"due": reached["due"]}


async def _answered(work: Work, wanted: Wanted, due: int, since: datetime) -> None:
    """Wait until the systems have answered most of a page; the loop ends at the limit in any case."""
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    while time.monotonic() < until:
        async with work.transaction() as session:
            if await _open(session, wanted, since) < PAGE / 4:
                return
        await asyncio.sleep(POLL_SECONDS)
        await work.progress(due)


async def _open(session: AsyncSession, wanted: Wanted, since: datetime) -> int:
    """The number of records of the page without an answer. One that waits for another record does not count."""
    sent = [Delivery.comparing, Delivery.state == "pending", Delivery.changed_at >= since]
    if wanted.system is not None:
        sent.append(Delivery.system == wanted.system)
    return await session.scalar(select(func.count()).where(*sent)) or 0


def _position(reached: JsonObject) -> DeliveryKey | None:
    return DeliveryKey.read(reached["next"]) if reached["next"] else None


RESYNC = JobKind(NAME, resync)
