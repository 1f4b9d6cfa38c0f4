"""CSV files: read by the names of their columns, and written so that a spreadsheet runs no cell as a formula."""

import csv
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import orjson
from localisation import Phrase
from pydantic import BaseModel
from records.cells import as_text, guarded, holds_many, part_of, unguarded

from importing.delimited import NotDelimited, Record, opened


class FileRefused(ValueError):
    """The file, or the declaration of its columns, is invalid; the text says what to do."""


@dataclass(frozen=True)
class Row:
    """One row: its line in the file, its key when a column contains one, its cells by the path they fill.

    `lines` are the cells of its rows in a second file: for example the lines of an order. `fault` is the reason why its
    cells cannot be separated.
    """

    line: int
    key: str | None
    values: dict[str, str]
    lines: list[dict[str, str]] = field(default_factory=list)
    fault: str = ""


@dataclass(frozen=True)
class Reading:
    """The options of parsing; an encoding or a delimiter that is not given is detected, and reported to `say`."""

    encoding: str | None = None
    delimiter: str | None = None
    say: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class Plan:
    """The mapping from the columns of a file to fields.

    `columns` is `company_name=name,city=billing_address.city`; without it, columns with the names of our fields are
    used. Two columns of one field are joined as lines. `key` is the column that identifies a row. `fixed` sets fields
    to the same value in every row.
    """

    columns: str | None = None
    key: str | None = None
    fixed: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = Reading()


def read(
    file: Path,
    columns: str | None,
    key: str | None,
    shape: type[BaseModel],
    fixed: Mapping[str, str] = MappingProxyType({}),
    reading: Reading = Reading(),
) -> list[Row]:
    """The rows of a file, by the arguments of a `Plan`. Raises `FileRefused`."""
    try:
        with file.open("rb") as content:
            return list(parse(str(file), content, Plan(columns, key, fixed, reading), shape))
    except OSError as error:
        raise FileRefused(Phrase("{file} cannot be read: {strerror}.", file=file, strerror=error.strerror)) from None


def parse(name: str, content: BinaryIO, plan: Plan, shape: type[BaseModel]) -> Iterator[Row]:
    """The rows of a file's content, one after another. Raises `FileRefused`."""
    header, mapping, records = _begun(name, content, plan, shape)
    try:
        for row in _rows(records, header, mapping, plan.key):
            yield replace(row, values={**row.values, **plan.fixed})
    except NotDelimited as error:
        raise FileRefused(Phrase("{name} cannot be read: {error}.", name=name, error=error)) from None


def fields_of(name: str, content: BinaryIO, plan: Plan, shape: type[BaseModel]) -> list[str]:
    """The fields that a file fills, by its header. Raises `FileRefused`."""
    _, mapping, _ = _begun(name, content, plan, shape)
    return sorted({path.partition(".")[0] for path in (*mapping.values(), *plan.fixed)})


def fixed_by(settings: Iterable[str]) -> dict[str, str]:
    """The fixed fields of texts like `currency=USD`. Raises `FileRefused`."""
    pairs = [setting.partition("=") for setting in settings]
    if unclear := [name for name, sign, _ in pairs if not sign]:
        raise FileRefused(Phrase("--set {unclear} has no value: write --set {unclear}=...", unclear=unclear[0]))
    return {name.strip(): value for name, _, value in pairs}


def _begun(
    name: str, content: BinaryIO, plan: Plan, shape: type[BaseModel]
) -> tuple[list[str], dict[str, str], Iterator[Record]]:
    """The header of a file, the mapping of its columns, and the remaining records."""
    try:
        found = opened(content, plan.reading.encoding, plan.reading.delimiter)
        records = found.records()
        first = next(records, None)
    except NotDelimited as error:
        raise FileRefused(Phrase("{name} cannot be read: {error}.", name=name, error=error)) from None
    plan.reading.say(f"{name} is read as {found.read_as}.")
    header = [each.strip() for each in first.cells] if first else []
    mapping = _mapping(header, plan.columns, shape, plan.fixed)
    if plan.key is not None and plan.key not in header:
        raise FileRefused(
            Phrase(
                "There is no column {key!r} to take as the key. The file has: {header}.",
                key=plan.key,
                header=", ".join(header),
            )
        )
    if twice := [each for each in (*mapping, plan.key) if each is not None and header.count(each) > 1]:
        raise FileRefused(Phrase("The file has several columns {twice!r}: rename all but one.", twice=twice[0]))
    return header, mapping, records


class Lines:
    """The lines of a second file by the key of their row, in a temporary file of SQLite."""

    def __init__(self, lines: Iterable[Row]) -> None:
        self._stored = sqlite3.connect("", check_same_thread=False)
        self._stored.execute("create table lines (number integer primary key, row_key text, line blob)")
        self._stored.execute("create table row_keys (row_key text primary key) without rowid")
        stored = ((each.key or "", orjson.dumps([each.line, each.values, each.fault])) for each in lines)
        self._stored.executemany("insert into lines (row_key, line) values (?, ?)", stored)
        self._stored.execute("create index lines_by_key on lines (row_key, number)")

    def check(self, rows: Iterable[Row]) -> int:
        """The number of the rows. Raises `FileRefused` when lines belong to none of them."""
        count = 0
        for row in rows:
            count += 1
            if row.key is not None:
                self._stored.execute("insert or ignore into row_keys values (?)", (row.key,))
        lost = "from (select row_key from lines except select row_key from row_keys)"
        (in_all,) = self._stored.execute(f"select count(*) {lost}").fetchone()
        if in_all:
            first = self._stored.execute(f"select row_key {lost} order by row_key limit 10")
            names = ", ".join(repr(key) for (key,) in first)
            raise FileRefused(
                Phrase("Lines belong to rows that do not exist, {lost} in all: {names}.", lost=in_all, names=names)
            )
        return count

    def added_to(self, row: Row) -> Row:
        """The row with the lines of its key, in their order."""
        found = self._stored.execute("select line from lines where row_key = ? order by number", (row.key,))
        lines = [orjson.loads(line) for (line,) in found]
        faults = [row.fault, *(f"line {line} of the file of lines: {fault}" for line, _, fault in lines if fault)]
        return replace(row, lines=[values for _, values, _ in lines], fault="; ".join(filter(None, faults)))


def joined(rows: Sequence[Row], lines: Sequence[Row]) -> list[Row]:
    """Each row with the lines of its key, in their order. Raises `FileRefused` when lines belong to no row."""
    beside = Lines(lines)
    beside.check(rows)
    return [beside.added_to(row) for row in rows]


def _rows(
    records: Iterable[Record], header: Sequence[str], mapping: Mapping[str, str], key: str | None
) -> Iterator[Row]:
    needed = max((number for number, name in enumerate(header, 1) if name), default=0)
    for record in records:
        cells = record.cells
        if not any(cell.strip() for cell in cells):
            continue
        named = dict(zip(header, map(unguarded, cells), strict=False))
        values: dict[str, str] = {}
        for column, path in mapping.items():
            values[path] = "\n".join(cell for cell in (values.get(path, ""), named.get(column, "")) if cell)
        fault = _fault(cells, header, needed)
        yield Row(
            record.line, (named.get(key, "").replace("\0", "").strip() or None) if key else None, values, fault=fault
        )


def _fault(cells: Sequence[str], header: Sequence[str], needed: int) -> str:
    """The reason why cells cannot be assigned to the columns of their header; empty when they can."""
    if len(cells) < needed or any(cell.strip() for cell in cells[len(header) :]):
        return f"it has {len(cells)} cells, and the header has {len(header)}"
    return "it contains a NUL character" if any("\0" in cell for cell in cells) else ""


def _mapping(
    header: Sequence[str], columns: str | None, shape: type[BaseModel], fixed: Mapping[str, str]
) -> dict[str, str]:
    known, has = paths(shape), f"The file has: {', '.join(header)}."
    if columns is None:
        mapping = {name: name for name in header if _fills(name, known)}
    else:
        pairs = [pair.partition("=") for pair in columns.split(",")]
        mapping = {column.strip(): path.strip() for column, _, path in pairs}
    if missing := [column for column in mapping if column not in header]:
        raise FileRefused(Phrase("There is no column {missing}. {has}", missing=", ".join(missing), has=has))
    if unknown := [path for path in (*mapping.values(), *fixed) if not _fills(path, known)]:
        raise FileRefused(
            Phrase(
                "There is no field {unknown}. Fields: {known}.",
                unknown=", ".join(map(repr, unknown)),
                known=", ".join(known),
            )
        )
    required = {name for name, info in shape.model_fields.items() if info.is_required()}
    if unfilled := sorted(required - {*mapping.values(), *fixed}):
        example = f"--columns {header[0] if header else 'title'}={unfilled[0]}"
        raise FileRefused(
            Phrase(
                "No column fills {unfilled}. Name one: {example}. {has}",
                unfilled=", ".join(unfilled),
                example=example,
                has=has,
            )
        )
    return mapping


def _fills(path: str, known: Sequence[str]) -> bool:
    parent, dot, _ = path.rpartition(".")
    return path in known or (bool(dot) and f"{parent}.*" in known)


def paths(shape: type[BaseModel]) -> list[str]:
    """The paths that a column may fill: fields, fields of parts (`billing_address.city`), custom names (`custom.*`).

    Lists of parts and custom names may also be in one cell, as JSON.
    """
    found: list[str] = []
    for name, info in shape.model_fields.items():
        if part := part_of(info.annotation):
            found += [f"{name}.{inner}" for inner in part.model_fields]
            found += [name] if holds_many(info.annotation) else []
        else:
            found += [f"{name}.*", name] if isinstance(info.default, dict) else [name]
    return found


def type_of(shape: type[BaseModel], path: str) -> Any:
    """The type of the field of a column; that of a custom name is any."""
    name, _, inner = path.partition(".")
    part = part_of(shape.model_fields[name].annotation) if inner else shape
    named = inner or name
    return part.model_fields[named].annotation if part is not None and named in part.model_fields else Any


def write(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a new CSV file without formulas for spreadsheets. Raises `FileExistsError`."""
    with file.open("x", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows([guarded(as_text(cell)) for cell in row] for row in rows)
