"""Commands of imports over HTTP: store a file, run it as a job, read the outcomes of its rows."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import count
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Literal, cast
from uuid import UUID

from chassis.errors import Conflict, Malformed, NotFound
from jobs import Job, commands
from jobs.models import JobOver, JobState
from records.cells import part_of
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from importing import spreadsheet
from importing.models import Chunk, RowOutcome, Upload
from importing.run import RowResult, Target
from importing.spreadsheet import FileRefused, Lines, Plan, Reading, Row

Part = Literal["file", "lines"]
PREVIEW, RUN = "import-preview", "import"
CHUNK_BYTES = 1024 * 1024
READ_ROWS = 1000


class FileUnusable(Malformed):
    code = "file-unusable"
    title = "The file cannot be imported in this way"
    hint = "The parameters have the names and meanings of the options of the command `import`: --key id is `key=id`."


class ImportHasRun(Conflict):
    code = "import-has-run"
    title = "The import has run, or is running"
    detail = "Its job {job} is {state}."
    hint = "Upload the file again to import it again: unchanged rows change nothing."


class NotRun(Conflict):
    code = "import-not-run"
    title = "The import has no outcomes of that kind"
    hint = "Start it first: POST to its `run` address."


@dataclass(frozen=True)
class Options:
    """The options of the files of an import, as in the command."""

    columns: str | None = None
    key: str | None = None
    fixed: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    line_columns: str | None = None

    def plan(self, part: Part) -> Plan:
        """The plan of a part. Raises `FileRefused`."""
        reading = Reading(self.encoding, self.delimiter)
        if part == "lines":
            return Plan(self.line_columns, self.key, reading=reading)
        return Plan(self.columns, self.key, spreadsheet.fixed_by(self.fixed), reading)


@dataclass(frozen=True)
class Received:
    """A file as it was sent, on disk when it is larger than a chunk."""

    file: BinaryIO
    size_bytes: int
    sha256: str


@asynccontextmanager
async def received(pieces: AsyncIterable[bytes]) -> AsyncIterator[Received]:
    """Receive a file."""
    digest, size_bytes = sha256(), 0
    with SpooledTemporaryFile(CHUNK_BYTES) as file:
        async for piece in pieces:
            digest.update(piece)
            size_bytes += len(piece)
            file.write(piece)
        yield Received(cast(BinaryIO, file), size_bytes, digest.hexdigest())


async def upload(
    session: AsyncSession, name: str, target: Target, source: str, options: Options, content: Received, actor: str
) -> Upload:
    """Store a file and enqueue its preview. Raises `FileUnusable`."""
    fields = await _fields_of(content, lambda: (options.plan("file"), target.shape))
    row = Upload(
        target=name,
        source=source,
        options=asdict(options),
        fields=fields,
        size_bytes=content.size_bytes,
        sha256=content.sha256,
        created_by=actor,
    )
    session.add(row)
    await session.flush()
    await _keep(session, row.id, "file", content)
    return await _preview(session, row, actor)


async def add_lines(
    session: AsyncSession, row: Upload, target: Target, columns: str | None, content: Received, actor: str
) -> Upload:
    """Store the second file, with lines of the rows, and enqueue a new preview. Raises `FileUnusable`."""
    await _refuse_run(session, row)
    options = {**row.options, "line_columns": columns}
    await _fields_of(content, lambda: (_options(options).plan("lines"), _line_shape(target, options)))
    row.options = options
    if target.lines is not None:
        row.fields = sorted({*row.fields, target.lines})
    await session.execute(delete(Chunk).where(Chunk.import_id == row.id, Chunk.part == "lines"))
    await _keep(session, row.id, "lines", content)
    return await _preview(session, row, actor)


async def start(session: AsyncSession, row: Upload, actor: str) -> Upload:
    """Enqueue the run of an import; an active preview is cancelled. A failed or cancelled run may be repeated.

    Raises `ImportHasRun`.
    """
    await _refuse_run(session, row)
    await _end_preview(session, row)
    row.run_id = (await commands.enqueue(session, RUN, {"import_id": str(row.id)}, actor)).id
    await session.flush()
    return row


async def by_id(session: AsyncSession, import_id: UUID, *, lock: bool = False) -> Upload:
    """One import. Raises `NotFound`."""
    statement: Any = select(Upload).where(Upload.id == import_id)
    found: Upload | None = await session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound(id=import_id)
    return found


async def jobs_of(session: AsyncSession, rows: list[Upload]) -> Mapping[UUID, Job]:
    """The jobs of imports by their ids, without expired ones."""
    ids = [each for row in rows for each in (row.preview_id, row.run_id) if each]
    return {job.id: job for job in await session.scalars(select(Job).where(Job.id.in_(ids)))}


async def copy(session: AsyncSession, row: Upload, part: Part, into: BinaryIO) -> None:
    """Copy a part of an import to a file; nothing when there is no such part."""
    for number in count():
        data = await session.scalar(
            select(Chunk.data).where(Chunk.import_id == row.id, Chunk.part == part, Chunk.number == number)
        )
        if data is None:
            break
        into.write(data)


@dataclass(frozen=True)
class ParsedRows:
    """The rows of an import, all of which can be parsed; each call of `read` parses them from the first one on."""

    total: int
    read: Callable[[], Iterator[Row]]


def parsed_rows(row: Upload, target: Target, file: BinaryIO, lines: BinaryIO) -> ParsedRows:
    """The rows of an import, with their lines. Raises `FileUnusable`."""
    options = _options(row.options)

    def read() -> Iterator[Row]:
        return spreadsheet.parse("The file", file, options.plan("file"), target.shape)

    try:
        if not lines.tell():
            return ParsedRows(sum(1 for _ in read()), read)
        shape = _line_shape(target, row.options)
        beside = Lines(spreadsheet.parse("The file", lines, options.plan("lines"), shape))
        return ParsedRows(beside.check(read()), lambda: map(beside.added_to, read()))
    except FileRefused as refused:
        raise FileUnusable(detail=refused.args[0]) from None


async def note(session: AsyncSession, import_id: UUID, job_id: UUID, results: list[RowResult]) -> None:
    """Store the outcomes of rows."""
    values = [
        {
            "import_id": import_id,
            "job_id": job_id,
            "line": each.line,
            "key": each.key,
            "outcome": each.outcome,
            "record_id": each.id,
            "reason": each.reason,
        }
        for each in results
    ]
    await session.execute(insert(RowOutcome), values)


async def counts(session: AsyncSession, job_id: UUID, import_id: UUID) -> dict[str, int]:
    """The number of rows by outcome so far."""
    wanted = select(RowOutcome.outcome, func.count()).where(
        RowOutcome.import_id == import_id, RowOutcome.job_id == job_id
    )
    rows = (await session.execute(wanted.group_by(RowOutcome.outcome))).all()
    found = {row[0]: row[1] for row in rows}
    return {outcome: found.get(outcome, 0) for outcome in ("created", "updated", "unchanged", "rejected")}


async def outcomes(
    session: AsyncSession, import_id: UUID, job_id: UUID, outcome: str | None, after: int
) -> list[RowOutcome]:
    """Some outcomes after one of these ids, in the order of the rows."""
    wanted = select(RowOutcome).where(RowOutcome.import_id == import_id, RowOutcome.job_id == job_id)
    wanted = wanted if outcome is None else wanted.where(RowOutcome.outcome == outcome)
    return list(await session.scalars(wanted.where(RowOutcome.id > after).order_by(RowOutcome.id).limit(READ_ROWS)))


async def _preview(session: AsyncSession, row: Upload, actor: str) -> Upload:
    await _end_preview(session, row)
    row.preview_id = (await commands.enqueue(session, PREVIEW, {"import_id": str(row.id)}, actor)).id
    await session.flush()
    await session.refresh(row)
    return row


async def _end_preview(session: AsyncSession, row: Upload) -> None:
    job = (await jobs_of(session, [row])).get(row.preview_id) if row.preview_id else None
    if job is not None and not JobState(job.state).over:
        with suppress(JobOver):
            await commands.cancel(session, job.id)


async def _fields_of(content: Received, planned: Callable[[], tuple[Plan, Any]]) -> list[str]:
    """The fields that a file fills. Raises `FileUnusable`."""
    try:
        return await asyncio.to_thread(spreadsheet.fields_of, "The file", content.file, *planned())
    except FileRefused as refused:
        raise FileUnusable(detail=refused.args[0]) from None


async def _keep(session: AsyncSession, import_id: UUID, part: Part, content: Received) -> None:
    content.file.seek(0)
    for number, data in enumerate(iter(lambda: content.file.read(CHUNK_BYTES), b"")):
        values = {"import_id": import_id, "part": part, "number": number, "data": data}
        await session.execute(insert(Chunk).values(values))


def has_run(job: Job | None) -> bool:
    """Whether an import with this run has run, or is running; a failed or cancelled run may be repeated."""
    return job is not None and job.state not in (JobState.FAILED, JobState.CANCELLED)


async def _refuse_run(session: AsyncSession, row: Upload) -> None:
    job = (await jobs_of(session, [row])).get(row.run_id) if row.run_id else None
    if job is not None and has_run(job):
        raise ImportHasRun(job=job.id, state=job.state)


def _options(stored: Mapping[str, Any]) -> Options:
    return Options(**{**stored, "fixed": tuple(stored["fixed"])})


def _line_shape(target: Target, options: Mapping[str, Any]) -> Any:
    shape = target.lines and part_of(target.shape.model_fields[target.lines].annotation)
    if not shape:
        raise FileRefused("These rows have no lines.")
    if options["key"] is None:
        raise FileRefused("Name the column that joins both files: upload the first file with `key`.")
    return shape
