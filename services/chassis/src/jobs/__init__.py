"""Long-running jobs with a row: enqueued by a request, run by the worker, with progress, restarts and cancelling.

    EXPORT_BOOKS = JobKind("books-export", export_books)       # async (work: Work) -> result
    job = commands.enqueue(session, EXPORT_BOOKS, {"year": 2026}, caller.subject)

    async def export_books(work: Work) -> JsonObject:
        for month in range(1, 13):
            async with work.transaction() as session: ...
            await work.progress(month, 12)                     # raises when the job must stop

A handler is run again from its start after a crash: it must skip the steps that are committed.
"""

from jobs.models import FINISHED_JOBS, Job
from jobs.runner import JobKind, Runner, Work, tasks

__all__ = ["FINISHED_JOBS", "Job", "JobKind", "Runner", "Work", "tasks"]
