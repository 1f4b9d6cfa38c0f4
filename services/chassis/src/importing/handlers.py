"""The jobs of imports: a preview, which is rolled back batch by batch, and the run."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from tempfile import TemporaryFile
from uuid import UUID

from chassis.db import JsonObject
from jobs import JobKind, Work

from importing import uploads
from importing.models import Upload
from importing.run import Import, RowResult, Target
from importing.spreadsheet import Row
from importing.uploads import ParsedRows


class _RolledBack(Exception):
    """Ends the transaction of a preview."""


@dataclass(frozen=True)
class ImportJobs:
    """The worker's jobs for uploaded files."""

    targets: Mapping[str, Target]

    @property
    def kinds(self) -> Sequence[JobKind]:
        """The job kinds, for the task of jobs."""
        return JobKind(uploads.PREVIEW, self.preview), JobKind(uploads.RUN, self.run)

    async def preview(self, work: Work) -> JsonObject:
        """Determine the outcome of each row, as far as it does not depend on rows of other batches."""
        async with self._opened(work) as (upload, run, rows):

            async def tried(batch: Sequence[Row]) -> None:
                results: list[RowResult] = []
                try:
                    async with work.transaction() as session:
                        # The cache of a batch may contain a row that is rolled back.
                        results = await replace(run, warns=True).batch(session, batch)
                        raise _RolledBack
                except _RolledBack:
                    async with work.transaction() as session:
                        await uploads.note(session, upload.id, work.id, results)

            return await _each_batch(work, upload.id, rows, run.target.at_once, tried)

    async def run(self, work: Work) -> JsonObject:
        """Import the rows. Their outcomes are stored in the same transaction: a restart continues after them."""
        async with self._opened(work) as (upload, run, rows):
            async with work.transaction() as session:
                await run.note_use(session)

            async def imported(batch: Sequence[Row]) -> None:
                async with work.transaction() as session:
                    await uploads.note(session, upload.id, work.id, await run.batch(session, batch))

            return await _each_batch(work, upload.id, rows, run.target.at_once, imported)

    @asynccontextmanager
    async def _opened(self, work: Work) -> AsyncIterator[tuple[Upload, Import, ParsedRows]]:
        """The import of a job. Its files are copied to temporary files, because they are parsed more than once."""
        with TemporaryFile() as file, TemporaryFile() as lines:
            async with work.transaction() as session:
                upload = await uploads.by_id(session, UUID(work.arguments["import_id"]))
                await uploads.copy(session, upload, "file", file)
                await uploads.copy(session, upload, "lines", lines)
            target = self.targets[upload.target]
            rows = await asyncio.to_thread(uploads.parsed_rows, upload, target, file, lines)
            yield upload, Import(upload.target, target, upload.source, work.tenant, work.actor), rows


async def _each_batch(
    work: Work, import_id: UUID, parsed: ParsedRows, size: int, act: Callable[[Sequence[Row]], Awaitable[None]]
) -> JsonObject:
    """Run `act` on the rows without an outcome; returns the counts of all."""
    async with work.transaction() as session:
        done = sum((await uploads.counts(session, work.id, import_id)).values())
    rows = parsed.read()
    await asyncio.to_thread(deque, islice(rows, done), 0)
    while batch := await asyncio.to_thread(_next, rows, size):
        await work.progress(done, parsed.total)
        await act(batch)
        done += len(batch)
    await work.progress(parsed.total, parsed.total)
    async with work.transaction() as session:
        return {"rows": parsed.total, **await uploads.counts(session, work.id, import_id)}


def _next(rows: Iterator[Row], size: int) -> list[Row]:
    return list(islice(rows, size))
