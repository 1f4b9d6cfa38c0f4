"""The declaration of a record: its names, its shapes, its filters, and the checks before it is written."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, cast, get_args
from uuid import UUID

from chassis.announced import Announced
from chassis.auth import FieldScopes
from chassis.errors import Conflict
from chassis.pages import Column, Sorting
from chassis.replication import Kind
from pydantic import BaseModel
from pydantic.main import IncEx
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.interfaces import ORMOption
from typing_extensions import TypeVar

from records.duplicates import Alike
from records.filters import Meanings, Where

Row = TypeVar("Row")
"""A table's class. Its `blank` makes a row with defaults, its `change` sets validated JSON values."""
Row_co = TypeVar("Row_co", covariant=True)
Body = TypeVar("Body", bound=BaseModel, default=Any)
Out = TypeVar("Out", bound=BaseModel, default=Any)
Prepare = Callable[[AsyncSession, Any, dict[str, Any]], Awaitable[None]]
"""Validates and completes, in place, the JSON values of a whole body before they change the row."""
Check = Callable[[AsyncSession, Any], Awaitable[None]]
"""Checks a row with its new values, before it is announced."""
Needs = tuple[str, ...] | Callable[[Any], tuple[str, ...]]
"""The scopes that a verb needs beside the one to write; or those that it needs for a row."""
Show = Callable[[AsyncSession, Sequence[Any]], Awaitable[Sequence[Any]]]
"""Returns the answers for rows, in their order. Further data is read for all of them at once."""
Caller = Callable[[AsyncSession, str], Awaitable[UUID | None]]
"""The id of the record of the caller with this subject, if there is one."""
Verb = Literal["create", "list", "read", "change", "archive", "restore", "batch", "export"]
VERBS: tuple[Verb, ...] = get_args(Verb)
READ_ONLY: tuple[Verb, ...] = ("list", "read", "export")
LIST_ONLY: tuple[Verb, ...] = ("list", "export")


class ReferenceUnknown(Conflict):
    code = "reference-unknown"
    title = "The record refers to one that does not exist"
    detail = "There is no {kind} with the id {id} in this service."
    hint = "Look it up in its list; use `canonical_id` to find the record of another system's id."


async def no_preparation(_session: AsyncSession, _row: Any, _values: dict[str, Any]) -> None:
    """For records whose values need no preparation."""


async def unchecked(_session: AsyncSession, _row: Any) -> None:
    """For records without rules beyond those of their values."""


@dataclass(frozen=True, eq=False)
class Record(Generic[Row_co, Body, Out]):
    """One record of a module, in the database and over HTTP.

    `name` is its singular, in snake case; `path` its address, `/v1/price-lists` for a `price_list` unless given;
    `scope` the stem of its scopes (`contacts:read`, `contacts:write`), the last part of the path unless given, `writes`
    the scope to write when it is another one; `tag` its chapter in the API's document; `kind` None when it is not
    replicated, `announced` what is published of it then. A filter that is called like a column is compared with it;
    `where` holds the meaning of all others, and `codes` what `q` finds beside words. `sort` names columns; the first is
    the default order unless `order` says another, and the unique column `ties` settles ties. `refers` names columns
    that hold the id of another record; `callers` columns that hold the caller when a client does not name them, and
    that filters compare with `me`; `kept_by` fields that another system owns, `kept_once_linked` those that it owns
    from when other systems know the record; `shown_only` derived values inside of fields, which no client writes.
    `loads` are relations that every read loads. `expands` names fields of answers that hold ids of other records,
    beside those of `refers`: `expand` shows these records there. Inside of a list they are `lines.product_id`.

    `actions` are verbs beyond the plain ones, each with its route `{verb}_{name}` and the scopes that it needs beside
    the one to write. `allows` says which verbs the state of a row allows, plain ones among them; without it, all.

    `body` is what a client may write, `new` what it sends to create one, when that is another shape; `out` is an
    answer. When answers need more than the row, `shown` makes them, and `bare` is what the row alone says. `listed` is
    the shape of a row in lists, when it is a smaller one: lists then load no relations. `items` makes it where the
    filters have a say in what is shown. `among` selects the rows that
    lists are about, when it is not all of them, and joins what `sort_by` names: columns of other tables that lists may
    be sorted by. Records that are read one by one are `annotated` with tags, notes, files and a timeline, unless they
    are derived from others; with `own_timeline` a module serves the timeline. Exports of `personal` data are limited
    per day and role. `alike` finds the records that a new one may be a duplicate of.
    """

    name: str
    row: type[Row_co]
    out: type[Out]
    filters: type[BaseModel]
    sort: tuple[str, ...]
    path: str = ""
    scope: str = ""
    body: type[Body] = field(default=cast(Any, BaseModel))
    new: type[BaseModel] | None = None
    bare: type[BaseModel] | None = None
    listed: type[BaseModel] | None = None
    shown: Show | None = None
    items: Callable[[Any, Any], BaseModel] | None = None
    among: Select[Any] | None = None
    sort_by: Mapping[str, Column] = field(default_factory=dict)
    verbs: Collection[Verb] = VERBS
    writes: str | None = None
    kind: Kind | None = None
    announced: Announced | None = None
    order: str | None = None
    ties: str = "id"
    tag: str | None = None
    codes: Where | None = None
    where: Meanings = field(default_factory=dict)
    refers: Mapping[str, "Record[Any, Any, Any]"] = field(default_factory=dict)
    callers: Mapping[str, Caller] = field(default_factory=dict)
    expands: Mapping[str, "Record[Any, Any, Any]"] = field(default_factory=dict)
    actions: Mapping[str, Needs] = field(default_factory=dict)
    allows: Callable[[Any], Collection[str]] | None = None
    kept_by: Mapping[str, str] = field(default_factory=dict)
    kept_once_linked: Mapping[str, str] = field(default_factory=dict)
    field_scopes: FieldScopes | None = None
    shown_only: IncEx | None = None
    loads: tuple[ORMOption, ...] = ()
    prepare: Prepare = no_preparation
    check: Check = unchecked
    before_archive: Check = unchecked
    annotated: bool = True
    own_timeline: bool = False
    personal: bool = False
    alike: Alike | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", self.path or f"/v1/{self.name.replace('_', '-')}s")
        object.__setattr__(self, "scope", self.scope or self.path.rpartition("/")[2])
        derived = self.kind is not None and not self.kind.history
        object.__setattr__(self, "annotated", self.annotated and not derived and "read" in self.verbs)

    @property
    def write_scope(self) -> str:
        """The scope that every verb which changes a row needs."""
        return self.writes or f"{self.scope}:write"

    @property
    def plural(self) -> str:
        """`price_lists`, from the path `/v1/price-lists`."""
        return self.path.rpartition("/")[2].replace("-", "_")

    @property
    def sorting(self) -> Sorting:
        """The sort options of lists."""
        row: Any = self.row
        columns = {name: self.sort_by[name] if name in self.sort_by else getattr(row, name) for name in self.sort}
        return Sorting(columns, getattr(row, self.ties), self.order or self.sort[0])

    def show(self, row: Any) -> Any:
        """The answer from the row alone."""
        return _shaped(self.bare or self.out, row)

    async def answers(self, session: AsyncSession, rows: Sequence[Any]) -> Sequence[Out]:
        """The answers for rows."""
        if self.shown is not None:
            return await self.shown(session, rows)
        return [self.show(row) for row in rows]

    async def answer(self, session: AsyncSession, row: Any) -> Out:
        """The answer for one row."""
        (shown,) = await self.answers(session, [row])
        return shown

    async def listing(
        self, session: AsyncSession, rows: Sequence[Any], filters: BaseModel | None = None
    ) -> Sequence[Any]:
        """The items of a page, which the filters have found."""
        if self.items is not None and filters is not None:
            return [self.items(row, filters) for row in rows]
        if self.listed is None:
            return await self.answers(session, rows)
        return [_shaped(self.listed, row) for row in rows]

    def written(self, row: Any) -> dict[str, Any]:
        """The row in the form of a client's body, as the base of a merge patch."""
        shown: BaseModel = self.show(row)
        return shown.model_dump(mode="json", include=set(self.body.model_fields), exclude=self.shown_only)


def _shaped(shape: Any, row: Any) -> Any:
    return shape.of(row) if hasattr(shape, "of") else shape.model_validate(row)
