"""`GET /v1/<records>:export`: all rows that match a list's filters, as one file.

Rows are read in chunks by keyset, each in a transaction of its own: a slow client holds neither a connection nor a
snapshot, and memory does not grow with the file. A CSV file can be imported unchanged by the key `id`.
"""

import asyncio
import csv
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from io import StringIO
from typing import IO, Annotated, Any, Literal
from uuid import UUID

from audit import exporting
from chassis import clock
from chassis.auth import Principal, requires
from chassis.db import Sessions, acting_for, transaction
from chassis.errors import Conflict
from chassis.pages import Key, behind
from contracts.custom import FieldType
from custom_fields.queries import all_declarations
from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse
from localisation import Phrase
from pydantic import BaseModel
from xlsxwriter import Workbook

from records import own_filters, reads, untracked
from records.cells import Column, as_text, columns_of
from records.listing import filters_of
from records.own_filters import OwnFilters
from records.record import Record

Format = Literal["csv", "xlsx", "jsonl"]
Chunks = AsyncIterator[list[Any]]
MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl",
}
CHUNK_ROWS = 200
PIECE_BYTES = 64 * 1024
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767
EXACT_DIGITS = 15
"""A spreadsheet stores numbers as floats: one with more digits is written as text."""

DESCRIBED = {
    200: {
        "description": "The file, with its name in `Content-Disposition`.",
        "content": {each: {"schema": {"type": "string", "format": "binary"}} for each in MEDIA_TYPES.values()},
    }
}


class TooLargeForXlsx(Conflict):
    code = "too-large-for-xlsx"
    title = "The records do not fit into one sheet of a spreadsheet"
    detail = "{excess}"
    hint = "Export `csv` or `jsonl`, which have no such limit, or narrow the filters."


NUMBERS = (FieldType.INTEGER, FieldType.DECIMAL)


class Wanted:
    """The parameters of an export beside the filters."""

    def __init__(
        self,
        as_format: Annotated[
            Format,
            Query(alias="format", description="Nested values have dotted columns in csv and xlsx; jsonl is complete."),
        ] = "csv",
        sort: Annotated[str | None, Query(max_length=200, examples=["-updated_at,name"])] = None,
    ) -> None:
        self.format, self.sort = as_format, sort


def endpoint(record: Record[Any, Any, Any]) -> Callable[..., Any]:
    """The route's function. An error before the first byte is answered as a problem; a later one aborts the answer."""
    Filters: Any = Annotated[filters_of(record), Query()]
    Reader = Annotated[Principal, requires(f"{record.scope}:read")]

    async def export(
        request: Request, caller: Reader, wanted: Annotated[Wanted, Depends()], filters: Filters, own: OwnFilters
    ) -> StreamingResponse:
        keys = record.sorting.keys(wanted.sort)
        facts = {"format": wanted.format, "filters": sorted(request.query_params.keys() - {"format", "sort"})}
        await exporting(request, caller, record.plural, personal=record.personal, facts=facts)
        sessions = request.app.state.sessions
        columns = await _columns(sessions, caller.tenant, record)
        found = await _begun(chunks(sessions, caller, record, filters, keys, own))
        name = f"{record.plural.replace('_', '-')}-{clock.today().isoformat()}.{wanted.format}"
        return StreamingResponse(
            await _pieces(record, columns, wanted.format, found),
            media_type=MEDIA_TYPES[wanted.format],
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return export


async def chunks(
    sessions: Sessions,
    caller: Principal,
    record: Record[Any, Any, Any],
    filters: BaseModel,
    keys: Sequence[Key],
    own: own_filters.Wanted = own_filters.NOTHING,
) -> Chunks:
    """The answers for all rows that match the filters, in the order of the keys, some hundred at a time."""
    labelled = [key.column.label(f"_key_{number}") for number, key in enumerate(keys)]
    async with acting_for(sessions, caller) as session:
        found = await reads.search(session, record, filters, own)
    read = untracked.whole(record)
    statement = read.among(found).add_columns(*labelled).order_by(*(key.order() for key in keys))
    following, complete = statement, False
    while not complete:
        async with acting_for(sessions, caller) as session:
            rows = (await session.execute(following.limit(CHUNK_ROWS))).all()
            shown = list(await record.answers(session, [read.made(row) for row in rows]))
        complete = len(rows) < CHUNK_ROWS
        if rows:
            following = statement.where(behind(keys, list(rows[-1])[-len(keys) :]))
            yield shown


async def _begun(found: Chunks) -> Chunks:
    """The same chunks, after reading the first one."""
    first: list[Any] = await anext(found, [])

    async def all_of_them() -> Chunks:
        yield first
        async for chunk in found:
            yield chunk

    return all_of_them()


async def _pieces(
    record: Record[Any, Any, Any], columns: Sequence[Column], as_format: Format, found: Chunks
) -> AsyncIterator[bytes]:
    match as_format:
        case "csv":
            return _csv(record, columns, found)
        case "jsonl":
            return _jsonl(found)
        case "xlsx":
            return _file(await _workbook(record, columns, found))


async def _jsonl(found: Chunks) -> AsyncIterator[bytes]:
    async for chunk in found:
        yield "".join(f"{shown.model_dump_json(by_alias=True)}\n" for shown in chunk).encode()


async def _columns(sessions: Sessions, tenant: UUID, record: Record[Any, Any, Any]) -> Sequence[Column]:
    """The columns of a record's answers; custom fields have one each, `custom.<key>`."""
    columns = columns_of(record.out)
    if not own_filters.has_own_fields(record):
        return columns
    async with transaction(sessions, tenant) as session:
        declared = await all_declarations(session, record.name)
    own = [Column(f"{own_filters.FIELD}.{each.key}", each.type in NUMBERS) for each in declared]
    return [*(each for each in columns if each.path != own_filters.FIELD), *own]


async def _csv(record: Record[Any, Any, Any], columns: Sequence[Column], found: Chunks) -> AsyncIterator[bytes]:
    """With a byte order mark, because spreadsheets do not detect UTF-8 without it."""
    yield _lines([[column.path for column in columns]]).encode("utf-8-sig")
    async for chunk in found:
        documents = _documents(record, chunk)
        yield _lines([[column.text(each) for column in columns] for each in documents]).encode()


def _lines(rows: Sequence[Sequence[str]]) -> str:
    written = StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _documents(record: Record[Any, Any, Any], chunk: Sequence[BaseModel]) -> list[dict[str, Any]]:
    """The answers in JSON form, without the derived values inside fields."""
    return [shown.model_dump(mode="json", exclude=record.shown_only) for shown in chunk]


async def _workbook(record: Record[Any, Any, Any], columns: Sequence[Column], found: Chunks) -> IO[bytes]:
    """A temporary file with one sheet. Raises `TooLargeForXlsx`."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed by whoever sends it)
    # Only one row is in memory; the others are in temporary files.
    book = Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet(record.plural.replace("_", " ")[:31])
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.path)
    row = 1
    async for chunk in found:
        await asyncio.to_thread(_fill, sheet, row, columns, _documents(record, chunk))
        row += len(chunk)
    await asyncio.to_thread(book.close)
    file.seek(0)
    return file


def _fill(sheet: Any, row: int, columns: Sequence[Column], documents: Sequence[Mapping[str, Any]]) -> None:
    if row + len(documents) > SHEET_ROWS:
        raise TooLargeForXlsx(
            excess=Phrase("A sheet has at most {sheet_rows} records, and there are more.", sheet_rows=SHEET_ROWS - 1)
        )
    for number, document in enumerate(documents, row):
        for place, column in enumerate(columns):
            _fill_cell(sheet, number, place, column, column.value(document))


def _fill_cell(sheet: Any, row: int, place: int, column: Column, value: Any) -> None:
    """Write texts as texts, so that a spreadsheet runs none as a formula."""
    text = as_text(value)
    if len(text) > CELL_CHARACTERS:
        raise TooLargeForXlsx(
            excess=Phrase(
                "{path} in row {row} has more than {cell_characters} characters.",
                path=column.path,
                row=row + 1,
                cell_characters=CELL_CHARACTERS,
            )
        )
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif text and column.number and sum(each.isdigit() for each in text) <= EXACT_DIGITS:
        sheet.write_number(row, place, float(text))
    elif text:
        sheet.write_string(row, place, text)


async def _file(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece
