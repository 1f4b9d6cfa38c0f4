"""HTTP of imports: upload a file, read its preview, run it, read the outcome of each row."""

import csv
from collections.abc import AsyncIterator, Mapping, Sequence
from io import StringIO
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from access.options import ModuleOff
from chassis.auth import Principal, ScopeMissing, requires
from chassis.db import Session, Sessions, caller_of, transaction
from chassis.edge import BodyLimit, Takes
from chassis.errors import Malformed
from chassis.pages import Page, Paging, Sorting
from chassis.preconditions import ClaimsLater, IdempotentRoute
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from localisation import Phrase
from records.cells import as_text, guarded
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from importing import uploads
from importing.models import RowOutcome, Upload
from importing.run import Outcome, Target
from importing.schemas import ImportOut, ImportParameters

PATH = "/v1/imports"
SORTING = Sorting({"created_at": Upload.created_at}, Upload.id, "-created_at")
BINARY = {"schema": {"type": "string", "format": "binary"}}
A_FILE: dict[str, Any] = {"requestBody": {"required": True, "content": {"text/csv": BINARY}}}
OUTCOMES: dict[int | str, dict[str, Any]] = {
    200: {"description": "One line for each row.", "content": {"text/csv": BINARY, "application/jsonl": BINARY}}
}
HEADER = ("line", "key", "outcome", "id", "reason")
UploadRequest = Annotated[
    Request, Takes(lambda settings: BodyLimit(settings.upload_limit_bytes, settings.upload_seconds))
]
Reader = Annotated[Principal, requires("jobs:read")]
Writer = Annotated[Principal, requires("jobs:write")]


def routes(targets: Mapping[str, Target]) -> APIRouter:
    """The routes of imports into these targets. Each also needs the scope that writes the target's records."""
    router = APIRouter(prefix=PATH, tags=["imports"], route_class=IdempotentRoute)
    _add_uploads(router, targets)
    _add_reads(router, targets)
    _add_run(router, targets)
    return router


def _add_uploads(router: APIRouter, targets: Mapping[str, Target]) -> None:
    @router.post("", status_code=201, openapi_extra=A_FILE)
    async def upload_import(
        request: UploadRequest,
        wanted: Annotated[ImportParameters, Query()],
        session: Session,
        caller: Writer,
        keyed: ClaimsLater,
    ) -> ImportOut:
        """Upload a CSV file. Its preview begins at once; `run` imports it. Needs the scope to write the records."""
        if wanted.target not in targets:
            raise Malformed(
                errors=[{"field": "target", "message": Phrase("one of: {targets}", targets=", ".join(targets))}]
            )
        target = targets[wanted.target]
        target.authorise(caller, ())
        async with uploads.received(request.stream()) as content:
            await keyed.claim(content.sha256)
            row = await uploads.upload(
                session, wanted.target, target, wanted.source_of_keys, wanted.options, content, caller.subject
            )
        target.authorise(caller, row.fields)
        return await _shown(session, targets, row)

    @router.put("/{import_id}/lines", openapi_extra=A_FILE)
    async def upload_lines(
        request: UploadRequest,
        import_id: UUID,
        session: Session,
        caller: Writer,
        columns: Annotated[str | None, Query(max_length=4000, description="As for the first file.")] = None,
    ) -> ImportOut:
        """Upload a second CSV file with the lines of the rows (for example of orders); both have the column `key`."""
        row = await uploads.by_id(session, import_id, lock=True)
        targets[row.target].authorise(caller, row.fields)
        async with uploads.received(request.stream()) as content:
            row = await uploads.add_lines(session, row, targets[row.target], columns, content, caller.subject)
        return await _shown(session, targets, row)


def _add_reads(router: APIRouter, targets: Mapping[str, Target]) -> None:
    @router.get("", dependencies=[requires("jobs:read")])
    async def list_imports(session: Session, paging: Paging) -> Page[ImportOut]:
        """Imports in pages, the newest first."""
        page: Page[Any] = await paging.page(session, select(Upload), SORTING, lambda row: row[0])
        shown = await _all_shown(session, targets, page.items)
        return page.model_copy(update={"items": [shown[row.id] for row in page.items]})

    @router.get("/{import_id}", dependencies=[requires("jobs:read")])
    async def read_import(import_id: UUID, session: Session) -> ImportOut:
        """One import, with the progress and the counts of its preview and of its run."""
        return await _shown(session, targets, await uploads.by_id(session, import_id))


def _add_run(router: APIRouter, targets: Mapping[str, Target]) -> None:
    @router.post("/{import_id}/run")
    async def run_import(import_id: UUID, session: Session, caller: Writer) -> ImportOut:
        """Import the file; its preview ends. Unchanged rows change nothing; each row succeeds or fails alone."""
        row = await uploads.by_id(session, import_id, lock=True)
        targets[row.target].authorise(caller, row.fields)
        return await _shown(session, targets, await uploads.start(session, row, caller.subject))

    @router.get("/{import_id}/outcomes", responses=OUTCOMES, response_class=StreamingResponse)
    async def read_outcomes(
        request: Request,
        import_id: UUID,
        session: Session,
        caller: Reader,
        of: Annotated[
            Literal["preview", "run"] | None, Query(description="Default: the run, or the preview if there is no run.")
        ] = None,
        outcome: Outcome | None = None,
        as_format: Annotated[Literal["csv", "jsonl"], Query(alias="format")] = "csv",
    ) -> StreamingResponse:
        """The outcome of each row so far, as a file; `outcome=rejected` is the file of errors, with their reasons."""
        row = await uploads.by_id(session, import_id)
        targets[row.target].authorise(caller, row.fields)
        job_id = {"preview": row.preview_id, "run": row.run_id, None: row.run_id or row.preview_id}[of]
        if job_id is None:
            raise uploads.NotRun()
        found = _outcomes(request.app.state.sessions, caller.tenant, row.id, job_id, outcome)
        pieces, media_type = (_csv(found), "text/csv") if as_format == "csv" else (_jsonl(found), "application/jsonl")
        name = f'attachment; filename="{row.target}-outcomes.{as_format}"'
        return StreamingResponse(pieces, media_type=media_type, headers={"Content-Disposition": name})


async def _shown(session: AsyncSession, targets: Mapping[str, Target], row: Upload) -> ImportOut:
    return (await _all_shown(session, targets, [row]))[row.id]


async def _all_shown(session: AsyncSession, targets: Mapping[str, Target], rows: list[Upload]) -> dict[UUID, ImportOut]:
    jobs, caller = await uploads.jobs_of(session, rows), caller_of(session)

    def job(job_id: UUID | None) -> Any:
        return jobs.get(job_id) if job_id else None

    return {
        row.id: ImportOut.of(
            row, job(row.preview_id), job(row.run_id), caller, _verbs(targets.get(row.target), row, caller)
        )
        for row in rows
    }


def _verbs(target: Target | None, row: Upload, caller: Principal) -> Sequence[str]:
    """What the caller may do with an import that has not run."""
    try:
        caller.require("jobs:write")
        if target is None:
            return ()
        target.authorise(caller, row.fields)
    except (ModuleOff, ScopeMissing):
        return ()
    return ("lines", "run") if target.lines else ("run",)


async def _outcomes(
    sessions: Sessions, tenant: UUID, import_id: UUID, job_id: UUID, outcome: str | None
) -> AsyncIterator[Sequence[RowOutcome]]:
    after = 0
    while True:
        async with transaction(sessions, tenant) as session:
            found = await uploads.outcomes(session, import_id, job_id, outcome, after)
        if not found:
            return
        yield found
        after = found[-1].id


def _cells(row: RowOutcome) -> tuple[Any, ...]:
    return row.line, row.key, row.outcome, row.record_id, row.reason


async def _csv(found: AsyncIterator[Sequence[RowOutcome]]) -> AsyncIterator[bytes]:
    yield _lines([HEADER]).encode("utf-8-sig")
    async for rows in found:
        yield _lines([[guarded(as_text(cell)) for cell in _cells(row)] for row in rows]).encode()


def _lines(rows: Sequence[Sequence[str]]) -> str:
    written = StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue()


async def _jsonl(found: AsyncIterator[Sequence[RowOutcome]]) -> AsyncIterator[bytes]:
    async for rows in found:
        documents = (dict(zip(HEADER, _cells(row), strict=True)) for row in rows)
        yield b"".join(orjson.dumps(document, default=str) + b"\n" for document in documents)
