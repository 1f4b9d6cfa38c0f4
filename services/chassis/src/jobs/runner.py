"""The worker's task that runs jobs: each under a lease and isolated from the others, one per tenant at a time.

The leases of a dead worker expire; another worker, or the same after its restart, runs the job again. A failed job is
retried after growing pauses, unless one of our rules refuses it, which a retry would not change.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from chassis.db import JsonObject, Sessions, is_passing, storable, transaction, uuid7
from chassis.errors import Problem
from chassis.service import Running
from chassis.wakeup import Wakeup
from chassis.worker import Task, pause
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from jobs.models import JobState

log = structlog.get_logger()
POLL_SECONDS = 0.2
LEASE_SECONDS = 15.0
LANES = 4
"""The number of jobs that run at once, each of another tenant."""

TRIES = 10
LONGEST_PAUSE_SECONDS = 600

TAKE = text("""
    with due as (
        select id from jobs
        where state in ('queued', 'running') and try_at <= now() and (leased_until is null or leased_until < now())
            and kind = any(cast(:kinds as text[])) and not exists (
                select from tenants where tenants.tenant_id = jobs.tenant_id and tenants.suspended_at is not null
            ) and not exists (
                select from jobs other where other.tenant_id = jobs.tenant_id
                    and other.state = 'running' and other.leased_until >= now()
            )
        order by try_at, id limit 1 for update skip locked
    )
    update jobs set state = 'running', lease = :lease, leased_until = now() + make_interval(secs => :seconds),
        tries = tries + 1, started_at = coalesce(started_at, now())
    from due where jobs.id = due.id
    returning jobs.id, jobs.tenant_id, jobs.kind, jobs.arguments, jobs.created_by, jobs.tries, jobs.cancel_requested
    """).columns(arguments=JSONB)
HOLD = text("""
    update jobs set leased_until = now() + make_interval(secs => :seconds), done = coalesce(:done, done),
        total = coalesce(:total, total)
    where id = :id and lease = :lease returning cancel_requested
    """)
SETTLE = text("""
    update jobs set state = :state, lease = null, leased_until = null, error = :error,
        result = coalesce(:result, result), tries = tries - :not_counted,
        try_at = now() + make_interval(secs => :pause),
        finished_at = case when :over then now() end
    where id = :id and lease = :lease
    """).bindparams(bindparam("result", type_=JSONB(none_as_null=True)))


class Cancelled(Exception):
    """A user has cancelled the job."""


class LeaseLost(Exception):
    """Another worker has the job, or it was deleted: this one must not write any more."""


class Stopping(Exception):
    """The process is stopping; the next process continues the job."""


@dataclass(frozen=True)
class JobKind:
    """The handler of a kind of job. `run` returns the result; a `Problem` that it raises fails the job permanently."""

    name: str
    run: "Callable[[Work], Awaitable[JsonObject]]"


@dataclass(frozen=True)
class Work:
    """A job that this process runs."""

    id: UUID
    tenant: UUID
    kind: str
    arguments: JsonObject
    actor: str
    tries: int
    sessions: Sessions
    lease: UUID
    stop: asyncio.Event = field(repr=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A transaction in the tenant of the job. It commits only while the lease is held, so no other worker runs the
        job."""
        async with transaction(self.sessions, self.tenant) as session:
            session.info["actor"] = self.actor
            yield session
            held = text("select id from jobs where id = :id and lease = :lease for no key update")
            if await session.scalar(held, {"id": self.id, "lease": self.lease}) is None:
                raise LeaseLost

    async def progress(self, done: int, total: int | None = None) -> None:
        """Store the progress at once. Raises `Cancelled`, `Stopping` or `LeaseLost` when this run must end."""
        if await self._hold(done, total):
            raise Cancelled
        if self.stop.is_set():
            raise Stopping

    async def keep(self) -> None:
        """Renew the lease periodically, beside the steps of a handler."""
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            await self._hold(None, None)

    async def _hold(self, done: int | None, total: int | None) -> bool:
        named = {"id": self.id, "lease": self.lease, "seconds": LEASE_SECONDS, "done": done, "total": total}
        async with transaction(self.sessions, self.tenant) as session:
            cancelled = await session.scalar(HOLD, named)
        if cancelled is None:
            raise LeaseLost
        return bool(cancelled)


class Runner:
    """Runs the jobs of these kinds, for all tenants."""

    def __init__(self, sessions: Sessions, kinds: Sequence[JobKind], wakeup: Wakeup | None = None) -> None:
        self._sessions = sessions
        self._wakeup = wakeup or Wakeup()
        self._kinds = {kind.name: kind for kind in kinds}

    async def run(self, stop: asyncio.Event) -> None:
        """Run jobs until the process stops; each then ends at its next step and is queued again."""
        running: set[asyncio.Task[None]] = set()
        try:
            while not stop.is_set():
                running = {each for each in running if not each.done()}
                count = self._wakeup.count
                work = await self.take(stop) if len(running) < LANES else None
                if work is None and len(running) == LANES:
                    await pause(stop, POLL_SECONDS)
                elif work is None:
                    await pause(stop, POLL_SECONDS)  # Every commit of an event wakes; few of them are jobs.
                    await self._wakeup.wait(stop, count, POLL_SECONDS)
                else:
                    running.add(asyncio.create_task(self.attempt(work)))
        finally:
            await asyncio.gather(*running)

    async def step(self, stop: asyncio.Event) -> bool:
        """Run one due job; returns whether there was one."""
        work = await self.take(stop)
        if work is not None:
            await self.attempt(work)
        return work is not None

    async def take(self, stop: asyncio.Event) -> Work | None:
        """Lease the job that has been due longest; a cancelled one, or one with too many attempts, ends here."""
        lease = uuid7()
        named = {"lease": lease, "seconds": LEASE_SECONDS, "kinds": list(self._kinds)}
        async with transaction(self._sessions) as session:
            found = (await session.execute(TAKE, named)).one_or_none()
        if found is None:
            return None
        job_id, tenant, kind, arguments, actor, tries, cancelled = found
        work = Work(job_id, tenant, kind, arguments, actor, tries, self._sessions, lease, stop)
        if cancelled:
            await self._settle(work, JobState.CANCELLED)
        elif tries > TRIES:
            await self._settle(work, JobState.FAILED, error=f"It did not complete in {TRIES} attempts.")
        else:
            return work
        return None

    async def attempt(self, work: Work) -> None:
        """Run one job. Any error concerns this job alone."""
        try:
            await self._settle_as(work, await self._outcome(work))
        except Exception:  # The lease expires, and the job is retried.
            log.exception("job_not_settled", job=str(work.id), tenant=str(work.tenant))

    async def _outcome(self, work: Work) -> JsonObject | Exception:
        handler = asyncio.ensure_future(self._kinds[work.kind].run(work))
        keeping = asyncio.create_task(work.keep())
        try:
            await asyncio.wait((handler, keeping), return_when=asyncio.FIRST_COMPLETED)
            if not handler.done():
                handler.cancel()
            await asyncio.gather(handler, return_exceptions=True)
            return await (keeping if handler.cancelled() and keeping.done() else handler) or {}
        except Exception as error:
            return error
        finally:
            keeping.cancel()
            handler.cancel()

    async def _settle_as(self, work: Work, outcome: JsonObject | Exception) -> None:
        match outcome:
            case dict():
                await self._settle(work, JobState.DONE, result=outcome)
            case Cancelled():
                await self._settle(work, JobState.CANCELLED)
            case Stopping():
                await self._settle(work, JobState.QUEUED, not_counted=1)
            case LeaseLost():
                log.warning("job_lost", job=str(work.id), tenant=str(work.tenant))
            case Problem() if outcome.status < Problem.status:
                await self._settle(work, JobState.FAILED, error=_told(outcome))
            case Exception():
                await self._fail(work, outcome)

    async def _fail(self, work: Work, error: Exception) -> None:
        again = work.tries < TRIES or is_passing(error)
        seconds = min(2**work.tries, LONGEST_PAUSE_SECONDS) if again else 0
        log.error("job_failed", job=str(work.id), tenant=str(work.tenant), again_in_seconds=seconds, exc_info=error)
        told = "The database was not available." if is_passing(error) else f"An internal error: {type(error).__name__}."
        await self._settle(
            work,
            JobState.QUEUED if again else JobState.FAILED,
            error=told,
            pause_seconds=seconds,
            not_counted=int(is_passing(error) and work.tries >= TRIES),
        )

    async def _settle(
        self,
        work: Work,
        state: JobState,
        *,
        error: str | None = None,
        result: JsonObject | None = None,
        pause_seconds: float = 0.0,
        not_counted: int = 0,
    ) -> None:
        named = {
            "id": work.id,
            "lease": work.lease,
            "state": state,
            "error": error and storable(error),
            "result": result,
            "pause": pause_seconds,
            "not_counted": not_counted,
            "over": state.over,
        }
        async with transaction(self._sessions, work.tenant) as session:
            await session.execute(SETTLE, named)
        log.info("job_settled", job=str(work.id), kind=work.kind, state=state, tenant=str(work.tenant))


def tasks(running: Running, kinds: Sequence[JobKind]) -> dict[str, Task]:
    """The worker's task."""
    return {"jobs": Runner(running.sessions, kinds, running.wakeup).run}


def _told(problem: Problem) -> str:
    document = problem.document()
    return " ".join(part for part in (str(problem), document["hint"]) if part)
