"""Import of CSV files through a module's own commands: every row is validated, announced and stored as imported.

A row is identified by its source and its key (a column, or its contents), so a second run creates nothing twice: an
unchanged row changes nothing, a changed row changes the record that it created. The keys are stored until their source
was not imported from for `RETENTION_DAYS`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple, Protocol, Self
from uuid import UUID

import orjson
from access.options import check_module
from chassis.auth import Principal
from chassis.db import Base, Sessions, transaction, unique
from chassis.edge import refusal
from chassis.errors import Conflict, Problem
from chassis.patch import parsed
from chassis.replication import Kind, creating
from chassis.retention import Expiry
from custom_fields.queries import declarations
from localisation import Phrase
from pydantic import BaseModel
from records import Record, writes
from records.cells import read_cell
from records.duplicates import candidates
from records.own_filters import FIELD, read_text
from sqlalchemy import BigInteger, Identity, Index, Text, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from importing.spreadsheet import Row, type_of

BATCH = 100
Outcome = Literal["created", "updated", "unchanged", "rejected"]


class ImportKey(Base):
    """The record of an imported row: `key` identifies the row within its `source`, `digest` its contents.

    `used_at` of the newest key of a source is the time of the last import from it.
    """

    __tablename__ = "import_keys"
    __table_args__ = (
        unique("target", "source", "key"),
        Index("ix_import_keys_source", "tenant_id", "source", "used_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    target: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    imported_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())


IMPORT_KEYS = Expiry(
    "import_keys",
    """
    with gone as (
        delete from import_keys where id in (
            select id from import_keys old
            where used_at < :before and not exists (
                select from import_keys newer
                where newer.tenant_id = old.tenant_id and newer.source = old.source and newer.used_at >= :before
            )
            limit :batch
        ) returning id
    )
    select count(*) as removed, case when count(*) = :batch then 0 end as next from gone
    """,
)
"""Keys of a source expire together: a file of changes, or of orders, refers to rows that it does not repeat."""


class UnknownReference(Conflict):
    code = "unknown-reference"
    title = "The row refers to a record that does not exist"
    detail = "Nothing with the key {key} was imported into {target} from {source}, and no other lookup finds it."
    hint = "Import {target} first, with the same --source and --key."


Lookup = Callable[[AsyncSession, str], Awaitable[UUID | None]]


class Imported(Protocol):
    """The record of a row; `version` is updated when the row changes it."""

    @property
    def id(self) -> UUID: ...
    @property
    def version(self) -> int: ...


@dataclass(frozen=True)
class Target:
    """A target of imports. `cells` parse a text cell by its path; `references` are paths that contain the id of a
    record of another target, or the key of a row imported there, or a key of its entry in `lookups`.

    `lines` is the field with the list that the rows of a second file fill, one member for each row. `kind` is None if
    the record is not replicated. `at_once` rows share a transaction and its locks. A row whose key is the id of a row
    of `record` changes that one, whether it was imported or not: so exported files can be imported. `scope` is the stem
    of the scope that writes the records (`orders`); that of a `record` is its own. `module` is the
    optional module that has the records.
    """

    kind: Kind | None
    shape: type[BaseModel]
    create: Callable[[AsyncSession, Any, str], Awaitable[Imported]]
    change: Callable[[AsyncSession, UUID, Mapping[str, Any], str, Callable[[Any], None]], Awaitable[Imported]]
    cells: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    lines: str | None = None
    at_once: int = BATCH
    scope: str = ""
    module: str | None = None
    record: Record[Any, Any, Any] | None = None

    @classmethod
    def of(cls, record: Record[Any, Any, Any], **more: Any) -> Self:
        """The target of a plain record; references to other records are those that it declares."""
        create, change = writes.plain(record)
        plain = {"kind": record.kind, "shape": record.body, "create": create, "change": change}
        references = {name: referred.plural for name, referred in record.refers.items()}
        return cls(**{**plain, "references": references, "record": record, "scope": record.scope, **more})

    def authorise(self, caller: Principal, fields: Sequence[str]) -> None:
        """Raises `ScopeMissing` unless the caller may write such records, and these fields of them; `ModuleOff`."""
        check_module(caller, self.module)
        caller.require(f"{self.scope}:write")
        if self.record is not None and self.record.field_scopes is not None:
            self.record.field_scopes.check(caller, fields)

    def document(self, values: Mapping[str, str], lines: Sequence[Mapping[str, str]] = ()) -> dict[str, Any]:
        """The merge patch of a row, from cells by path; an empty cell sets its field to null."""
        document: dict[str, Any] = {}
        for path, cell in values.items():
            value = self._value(path, cell.strip()) if cell.strip() else None
            parent, _, name = path.rpartition(".")
            (document.setdefault(parent, {}) if parent else document)[name] = value
        document = {name: self._whole(name, value) for name, value in document.items()}
        return document | ({self.lines: [self._line(cells) for cells in lines]} if self.lines and lines else {})

    def _value(self, path: str, cell: str) -> Any:
        """A cell parsed by its type, and if the result is a text, by the target's own parser."""
        read = read_cell(type_of(self.shape, path), cell)
        return self.cells[path](read) if path in self.cells and isinstance(read, str) else read

    def _line(self, cells: Mapping[str, str]) -> dict[str, Any]:
        return {
            name: self.cells.get(f"{self.lines}.{name}", str)(cell.strip())
            for name, cell in cells.items()
            if cell.strip()
        }

    def _whole(self, name: str, value: Any) -> Any:
        """A part without any content is None; a part of a list is its only member."""
        if not isinstance(value, dict) or isinstance(self.shape.model_fields[name].default, dict):
            return value
        if all(each is None for each in value.values()):
            return None
        return [value] if isinstance(self.shape.model_fields[name].default, list) else value


@dataclass(frozen=True)
class RowResult:
    """The outcome of one row; `reason` is the reason of a rejection, or a warning in a preview."""

    line: int
    key: str
    outcome: Outcome
    id: UUID | None = None
    reason: str = ""


class Known(NamedTuple):
    """The digest of a row at its last import, and the record that it created."""

    digest: str
    record_id: UUID


@dataclass(frozen=True)
class Import:
    """One run: rows of `source` are imported into `target`, for `tenant`."""

    name: str
    target: Target
    source: str
    tenant: UUID
    actor: str
    warns: bool = False
    """Whether the reason of a created row names records that it may be a duplicate of; a preview warns."""
    _found: dict[tuple[str, str], UUID] = field(default_factory=dict, init=False, repr=False, compare=False)

    async def run(
        self, sessions: Sessions, rows: Sequence[Row], progress: Callable[[int], None] = lambda _: None
    ) -> list[RowResult]:
        """Import the rows in batches, one transaction each; an interrupted run continues where it stopped."""
        results: list[RowResult] = []
        async with transaction(sessions, self.tenant) as session:
            await self.note_use(session)
        for start in range(0, len(rows), self.target.at_once):
            async with transaction(sessions, self.tenant) as session:
                done = await self.batch(session, rows[start : start + self.target.at_once])
            results += done
            progress(len(done))
        return results

    async def batch(self, session: AsyncSession, rows: Sequence[Row]) -> list[RowResult]:
        """Import some rows, at most `at_once` of the target, in the session's transaction."""
        session.info["actor"] = self.actor
        if self.target.kind is not None:
            await creating(session, self.target.kind)
        keys = [_key(row) for row in rows]
        known = await self._present(session, keys) | await self._known(session, self.name, keys)
        return [await self._row(session, row, known) for row in rows]

    async def note_use(self, session: AsyncSession) -> None:
        """Extend the retention of the source's keys, also when no row is new."""
        newest = select(ImportKey.id).where(ImportKey.source == self.source).order_by(ImportKey.used_at.desc()).limit(1)
        used = update(ImportKey).where(ImportKey.id == newest.scalar_subquery()).values(used_at=func.now())
        await session.execute(used)

    async def _row(self, session: AsyncSession, row: Row, known: dict[str, Known]) -> RowResult:
        key, digest = _key(row), _digest(row)
        if row.fault:
            return RowResult(
                row.line, key, "rejected", reason=Phrase("The cells of the row are unclear: {fault}.", fault=row.fault)
            )
        present = known.get(key)
        if present is not None and present.digest == digest:
            return RowResult(row.line, key, "unchanged", present.record_id)
        try:
            document = self.target.document(row.values, row.lines)
            async with session.begin_nested():
                outcome, record_id, warning = await self._write(session, key, digest, present, document)
        except (Problem, DBAPIError) as error:
            return RowResult(row.line, key, "rejected", reason=_reason(refusal(error)))
        known[key] = Known(digest, record_id)
        return RowResult(row.line, key, outcome, record_id, warning)

    async def _write(
        self, session: AsyncSession, key: str, digest: str, present: Known | None, document: dict[str, Any]
    ) -> tuple[Outcome, UUID, str]:
        for path, target in self.target.references.items():
            for part, name in _places(document, path):
                part[name] = str(await self._referred(session, target, part[name]))
        if isinstance(document.get(FIELD), dict):
            document[FIELD] = await self._own(session, document[FIELD])
        if present is None:
            filled = _filled({name: _filled(value) if name == FIELD else value for name, value in document.items()})
            body = parsed(self.target.shape, filled)
            warning = await self._warning(session, body)
            row = await self.target.create(session, body, self.actor)
            named = {"target": self.name, "source": self.source, "key": key, "digest": digest, "record_id": row.id}
            await session.execute(insert(ImportKey).values(named))
            return "created", row.id, warning
        before: list[int] = []
        row = await self.target.change(
            session, present.record_id, document, self.actor, lambda found: before.append(found.version)
        )
        await session.execute(
            update(ImportKey)
            .where(ImportKey.target == self.name, ImportKey.source == self.source, ImportKey.key == key)
            .values(digest=digest)
        )
        return "unchanged" if row.version in before else "updated", row.id, ""

    async def _warning(self, session: AsyncSession, body: BaseModel) -> str:
        """The records that a new one may be a duplicate of; imports are never refused for them."""
        record = self.target.record
        if not self.warns or record is None or record.alike is None:
            return ""
        found = await candidates(session, record, body)
        alike = "; ".join(f"{each.name} ({each.id}): {', '.join(each.fields)}" for each in found)
        return f"May be a duplicate of {alike}" if found else ""

    async def _present(self, session: AsyncSession, keys: Sequence[str]) -> dict[str, Known]:
        """Records that are given by their own id; their previous contents are unknown."""
        named = {found: key for key in keys if (found := _uuid(key))}
        if self.target.record is None or not named:
            return {}
        row: Any = self.target.record.row
        return {named[each]: Known("", each) for each in await session.scalars(select(row.id).where(row.id.in_(named)))}

    async def _known(self, session: AsyncSession, target: str, keys: Sequence[str]) -> dict[str, Known]:
        found = await session.execute(
            select(ImportKey.key, ImportKey.digest, ImportKey.record_id).where(
                ImportKey.target == target, ImportKey.source == self.source, ImportKey.key.in_(keys)
            )
        )
        return {key: Known(digest, record_id) for key, digest, record_id in found}

    async def _own(self, session: AsyncSession, custom: Mapping[str, Any]) -> dict[str, Any]:
        """The values of custom fields, cells read by the declared types."""
        record = self.target.kind or self.target.record
        declared = {each.key: each.field for each in await declarations(session, record.name if record else "")}
        return {
            key: read_text(declared[key], value) if isinstance(value, str) and key in declared else value
            for key, value in custom.items()
        }

    async def _referred(self, session: AsyncSession, target: str, cell: str) -> UUID:
        if (target, cell) not in self._found:
            self._found[target, cell] = await self._look_up(session, target, cell)
        return self._found[target, cell]

    async def _look_up(self, session: AsyncSession, target: str, cell: str) -> UUID:
        if (given := _uuid(cell)) is not None:
            return given
        known = (await self._known(session, target, [cell])).get(cell)
        lookup = self.target.lookups.get(target)
        found = known.record_id if known else await lookup(session, cell) if lookup else None
        if found is None:
            raise UnknownReference(key=cell, target=target, source=self.source)
        return found


def _filled(document: Any) -> Any:
    """An object without its empty values."""
    if not isinstance(document, dict):
        return document
    return {name: value for name, value in document.items() if value is not None}


def _key(row: Row) -> str:
    return row.key or _digest(row)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _digest(row: Row) -> str:
    said = [row.values, row.lines] if row.lines else row.values
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _places(document: dict[str, Any], path: str) -> list[tuple[dict[str, Any], str]]:
    """The places of a path in a document: one, or one in each member of a list."""
    parent, _, name = path.rpartition(".")
    part = document.get(parent) if parent else document
    return [(each, name) for each in (part if isinstance(part, list) else [part]) if each and each.get(name)]


def _reason(problem: Problem) -> str:
    document = problem.document()
    errors = [f"{each['field']}: {each['message']}" for each in document.get("errors", [])]
    return "; ".join(errors) or " ".join(
        text for text in (document["title"] + ".", document.get("detail"), document["hint"]) if text
    )
