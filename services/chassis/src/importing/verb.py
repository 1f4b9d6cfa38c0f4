"""The verb `import`: imports a file with a progress bar, and writes the outcome of each row to a file beside it."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from chassis import clock
from chassis.db import create_engine, place, session_factory
from chassis.settings import Settings, load
from records.cells import part_of
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from importing import spreadsheet
from importing.run import Import, RowResult, Target
from importing.spreadsheet import Reading

FIRST_TENANT = UUID("00000000-0000-7000-8000-000000000001")
COLUMNS_HELP = "The column of each field: company_name=name,city=billing_address.city"
KEY_HELP = "The column that identifies a row permanently; default: the row's contents."
LINES_HELP = "A second CSV file with lines of the rows (for example of orders); it has the same --key column."
LINE_COLUMNS_HELP = "The same as --columns, for the file of --lines."
ENCODING_HELP = "Of the files; default: UTF-8, UTF-16 or else Windows-1252, which is reported."
DELIMITER_HELP = "The character between cells; default: the comma, semicolon, tab or bar that fits the file."
SET_HELP = "A field with the same value in every row: currency=USD. May be given several times."


def add_import(verbs: typer.Typer, service: str, settings_type: type[Settings], targets: Mapping[str, Target]) -> None:
    """Give a service the verb."""

    @verbs.command("import", help=f"Import a CSV file into: {', '.join(targets)}.")
    def import_file(
        into: Annotated[str, typer.Argument(help=f"One of: {', '.join(targets)}.")],
        file: Annotated[Path, typer.Argument(help="A CSV file with a header.")],
        columns: Annotated[str | None, typer.Option(help=COLUMNS_HELP)] = None,
        key: Annotated[str | None, typer.Option(help=KEY_HELP)] = None,
        source: Annotated[str | None, typer.Option(help="The source of keys; default: the file's name.")] = None,
        tenant: Annotated[UUID, typer.Option(help="The tenant of the records.")] = FIRST_TENANT,
        lines: Annotated[Path | None, typer.Option(help=LINES_HELP)] = None,
        line_columns: Annotated[str | None, typer.Option(help=LINE_COLUMNS_HELP)] = None,
        fixed: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP)] = None,
        encoding: Annotated[str | None, typer.Option(help=ENCODING_HELP)] = None,
        delimiter: Annotated[str | None, typer.Option(help=DELIMITER_HELP)] = None,
    ) -> None:
        if into not in targets:
            raise SystemExit(f"{into!r} is not a target of imports. The targets are: {', '.join(targets)}.")
        target, console = targets[into], Console(highlight=False, soft_wrap=True)
        try:
            reading = Reading(encoding, _one_character(delimiter), lambda said: console.print(said, markup=False))
            rows = spreadsheet.read(file, columns, key, target.shape, spreadsheet.fixed_by(fixed or []), reading)
            if lines is not None:
                rows = spreadsheet.joined(rows, _lines(target, lines, line_columns, key, reading))
        except spreadsheet.FileRefused as refusal:
            raise SystemExit(str(refusal)) from None
        settings = load(settings_type, service)
        clock.use(settings.zone)
        console.print(f"{file} goes into {into} of the database {place(settings.database_url)}.", markup=False)
        run = Import(into, target, source or file.stem, tenant, f"import:{file.name}")
        results = asyncio.run(_run(settings, service, run, rows))
        _report(results, console)
        try:
            outcomes = _write_outcomes(results, file.with_name(f"{file.stem}.{service}-{into}.result.csv"))
        except OSError as error:
            raise SystemExit(f"The import is done, but its outcomes cannot be written: {error}.") from None
        console.print(f"Row by row: {outcomes}", markup=False)


def _one_character(delimiter: str | None) -> str | None:
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise spreadsheet.FileRefused(
            f"--delimiter {delimiter!r} is not one character between cells: write for example ';'."
        )
    return delimiter


def _lines(target: Target, file: Path, columns: str | None, key: str | None, reading: Reading) -> list[spreadsheet.Row]:
    shape = target.lines and part_of(target.shape.model_fields[target.lines].annotation)
    if not shape:
        raise spreadsheet.FileRefused("These rows have no lines: omit --lines.")
    if key is None:
        raise spreadsheet.FileRefused("Name the column that joins both files: --key order_id.")
    return spreadsheet.read(file, columns, key, shape, reading=reading)


async def _run(settings: Settings, service: str, run: Import, rows: list[spreadsheet.Row]) -> list[RowResult]:
    engine = create_engine(settings.database_url, service, "app", pool_size=1)
    bar = Progress(TextColumn(run.name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with bar:
            task = bar.add_task(run.name, total=len(rows))
            return await run.run(session_factory(engine), rows, lambda done: bar.advance(task, done))
    finally:
        await engine.dispose()


def _report(results: list[RowResult], console: Console) -> None:
    counts = Counter(result.outcome for result in results)
    console.print(
        f"{len(results)} rows: {counts['created']} created, {counts['updated']} updated, "
        f"{counts['unchanged']} unchanged, {counts['rejected']} rejected."
    )
    rejected = [result for result in results if result.outcome == "rejected"]
    for result in rejected[:10]:
        console.print(f"  line {result.line}: {result.reason}", markup=False)
    if len(rejected) > 10:
        console.print(f"  and {len(rejected) - 10} more.")


def _write_outcomes(results: list[RowResult], file: Path) -> Path:
    """Write the outcome of each row to a new file: `file`, or with a number if that exists."""
    header = ("line", "key", "outcome", "id", "reason")
    rows = [(each.line, each.key, each.outcome, each.id, each.reason) for each in results]
    named = file
    for number in count(2):
        try:
            spreadsheet.write(named, header, rows)
        except FileExistsError:
            named = file.with_suffix(f".{number}{file.suffix}")
        else:
            break
    return named
