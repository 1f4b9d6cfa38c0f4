"""A replicated record: the columns of every such row, and its groups, the units of merge."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, NoReturn
from uuid import UUID

from sqlalchemy import BigInteger, func, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis import clock
from chassis.db import JsonObject, uuid7

Json = Any
LIFE = "life"
DEAD = "dead"
PARTITIONS = 6
Step = Literal["already", "skipped", "write"]


class Replicated:
    """Columns of every replicated row.

    `sync` stores per group the `seq` of the last local edit, the hub's `rev` that the row has, the `hlc` of that edit
    and its time `at`, both in microseconds, and the edits that are `seen` in that revision; acknowledged removed
    members are one entry of their family (`replication.floors`). `seq` is gap-free per row, `hlc` is in microseconds,
    `merged_seq` is the last edit that the hub has merged, `peers` the states of the other systems as last reported by
    the hub, `decided` the hub's report on the record: its open `conflicts` and its newest `decisions`.
    """

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    canonical_id: Mapped[UUID | None] = mapped_column(unique=True)
    version: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), default=0)
    hlc: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), default=0)
    merged_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), default=0)
    sync: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"), default=dict)
    peers: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"), default=dict)
    decided: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"), default=dict)
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


@dataclass(frozen=True)
class Group:
    """One unit of merge, or a family of them (`tag` stands for `tag:retail`, `tag:vip`, ...).

    `read` returns the values of the row, by full key; an empty value is omitted or None. `write` sets one value. It
    raises one of `chassis.errors` when the module's rules refuse the value, and then leaves the row unchanged.
    `reference` names the kind of which the value is an id.
    """

    name: str
    read: Callable[[Any], Mapping[str, Json]]
    write: Callable[[Any, str, Json], None]
    reference: str | None = None


class ReadOnly(RuntimeError):
    """A group without a `write` was written; this is a bug."""


def _never(row: Any, _value: Json) -> NoReturn:
    raise ReadOnly(f"{type(row).__name__} {row.id} has a group that is read-only")


def fields(name: str, read: Callable[[Any], Json], write: Callable[[Any, Json], None] = _never) -> Group:
    """A group whose value consists of several columns. In a closed kind it needs no `write`."""
    return Group(name, lambda row: {name: read(row)}, lambda row, _key, value: write(row, value))


def family(name: str, read: Callable[[Any], Mapping[str, Json]], write: Callable[[Any, str, Json], None]) -> Group:
    """One register for each member; `read` and `write` get members without the family's name."""
    prefix = f"{name}:"
    return Group(
        name,
        lambda row: {prefix + member: value for member, value in read(row).items()},
        lambda row, key, value: write(row, key.removeprefix(prefix), value),
    )


def _read_life(row: Replicated) -> dict[str, Json]:
    return {LIFE: DEAD if row.archived_at else "live"}


def _write_life(row: Replicated, _key: str, value: Json) -> None:
    row.archived_at = clock.now() if value == DEAD else None


NoTwin = Callable[[AsyncSession, Mapping[str, Json]], Awaitable[bool]]
Complete = Callable[[AsyncSession, Sequence[Any]], Awaitable[None]]
Unlinked = Callable[[AsyncSession], Awaitable[bool]]
Show = Callable[[Any], Mapping[str, Json]]
Rows = Callable[[AsyncSession, Sequence[UUID], Sequence[UUID]], Awaitable[Sequence[Any]]]


async def no_twin(_session: AsyncSession, _values: Mapping[str, Json]) -> bool:
    """For kinds whose records cannot be entered twice."""
    return False


async def may_be_unlinked(_session: AsyncSession) -> bool:
    """For kinds whose unlinked records are not counted."""
    return True


async def complete_already(_session: AsyncSession, _rows: Sequence[Any]) -> None:
    """For kinds whose rows the system gives nothing."""


def _nothing(_row: Any) -> Mapping[str, Json]:
    return {}


@dataclass(frozen=True)
class Kind:
    """A kind of record, as one system holds it.

    `rows` loads and locks rows by local or canonical id, in id order, with all columns that the groups read. `create`
    makes a new row from the first delivered values. `twin` returns whether an unlinked local record may be the same as
    the one that a delivery would create: then the delivery waits until the hub has merged it; without an `unlinked`
    record there is none. `announced`: changes are
    published to a topic with this number of `partitions`; a system that only reads a kind publishes nothing. `history`:
    changes are recorded (`chassis.history`). `complete` assigns to rows what they lack and the system itself gives,
    numbers for example, before they are announced. `show` returns what events carry beside the groups: values that
    follow from the groups, or that never change. `written` converts all values to their published form;
    the form of a group may depend on the groups `beside` it. `applied` does what follows from a delivery, in its
    transaction, with the rows that the system had before.
    """

    name: str
    system: str
    create: Callable[[Mapping[str, Json]], Any]
    rows: Rows
    groups: tuple[Group, ...]
    required: tuple[str, ...] = ()
    twin: NoTwin = no_twin
    unlinked: Unlinked = may_be_unlinked
    announced: bool = True
    partitions: int = PARTITIONS
    written: Callable[[Mapping[str, Json]], dict[str, Json]] = dict
    beside: tuple[str, ...] = ()
    history: bool = True
    complete: Complete = complete_already
    applied: Complete = complete_already
    show: Show = _nothing
    by_name: dict[str, Group] = field(init=False)

    def __post_init__(self) -> None:
        life = Group(LIFE, _read_life, _write_life)
        object.__setattr__(self, "groups", (*self.groups, life))
        object.__setattr__(self, "by_name", {group.name: group for group in self.groups})

    @property
    def topic(self) -> str:
        """`crm.customer.v1`."""
        return f"{self.system}.{self.name}.v1"

    def read(self, row: Any) -> dict[str, Json]:
        """Every group's value, without the empty ones."""
        values: dict[str, Json] = {}
        for group in self.groups:
            values.update({key: value for key, value in group.read(row).items() if value not in (None, "")})
        return self.written(values)

    def holds(self, row: Any, key: str, value: Json) -> bool:
        """Whether the row has this value in this group, however it is written."""
        group = self.by_name[key.partition(":")[0]]
        beside = {key: found for name in self.beside for key, found in self.by_name[name].read(row).items()}
        present = self.written({**beside, **group.read(row)})
        return bool(present.get(key) == self.written({**beside, key: value})[key])

    def group(self, key: str) -> Group | None:
        """The group of a key: `tag` for `tag:retail`; None for a key that this kind does not have."""
        return self.by_name.get(key.partition(":")[0])


class Moment(NamedTuple):
    """The time of an event by its author's clock, and its number; two events may have the same time."""

    time_us: int
    seq: int


def guard(rev: int, own: Mapping[str, Any] | None, seen_seq: int, last: Moment | None = None) -> Step:
    """Decides on a delivered value; these guards make duplicates and wrong order harmless.

    `own` is the row's `sync` of that group. A revision that the row has is answered `already`; a local edit that the
    hub had not merged when it sent this is not overwritten (`skipped`), and the item is sent again. `last` is the last
    of the row's events that the hub had merged. Numbers detect a clock that was set back; times detect a row that was
    restored from a backup and assigns its numbers a second time.
    """
    own = own or {}
    if rev <= own.get("rev", 0):
        return "already"
    if own.get("seq", 0) > seen_seq or (last is not None and edited(own) > last):
        return "skipped"
    return "write"


def edited(own: Mapping[str, Any]) -> Moment:
    """The last local edit of a group, as stored in the row; an older edit has no time."""
    return Moment(own.get("at", 0), own.get("seq", 0))
