"""What a replicated record is: the columns that every one has, and its groups, the units of merge."""

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
PARTITIONS = 6
Step = Literal["already", "skipped", "write"]


class Replicated:
    """Columns of every replicated row.

    `sync` holds per group the `seq` of the last local edit, the `rev` of the hub that the row has, and the `hlc` of
    that edit with the time `at` which it was made, both in microseconds, and which edits are `seen` in that revision;
    members that are gone and settled stand there as one entry of their family (`replication.floors`). `seq` is gap-free
    per row, `hlc` is in microseconds, `merged_seq` is how far the hub has followed, `peers` what the hub last said of
    the other systems, `decided` what it said of the record itself: its open `conflicts` and its newest `decisions`.
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

    `read` answers the values that the row has, by full key; what is empty is left out or None. `write` sets one value
    and raises one of `chassis.errors` when the module's rules refuse it, leaving the row as it was. `reference` names
    the kind that the value is an id of.
    """

    name: str
    read: Callable[[Any], Mapping[str, Json]]
    write: Callable[[Any, str, Json], None]
    reference: str | None = None


class ReadOnly(RuntimeError):
    """A group without a `write` was written; a fault of ours."""


def _never(row: Any, _value: Json) -> NoReturn:
    raise ReadOnly(f"{type(row).__name__} {row.id} has a group that is only read")


def fields(name: str, read: Callable[[Any], Json], write: Callable[[Any, Json], None] = _never) -> Group:
    """A group whose one value is made of several columns. In a closed kind it needs no `write`."""
    return Group(name, lambda row: {name: read(row)}, lambda row, _key, value: write(row, value))


def family(name: str, read: Callable[[Any], Mapping[str, Json]], write: Callable[[Any, str, Json], None]) -> Group:
    """One register for each member; `read` and `write` speak of members without the family's name."""
    prefix = f"{name}:"
    return Group(
        name,
        lambda row: {prefix + member: value for member, value in read(row).items()},
        lambda row, key, value: write(row, key.removeprefix(prefix), value),
    )


def _read_life(row: Replicated) -> dict[str, Json]:
    return {LIFE: "dead" if row.archived_at else "live"}


def _write_life(row: Replicated, _key: str, value: Json) -> None:
    row.archived_at = clock.now() if value == "dead" else None


NoTwin = Callable[[AsyncSession, Mapping[str, Json]], Awaitable[bool]]
Rows = Callable[[AsyncSession, Sequence[UUID], Sequence[UUID]], Awaitable[Sequence[Any]]]


async def no_twin(_session: AsyncSession, _values: Mapping[str, Json]) -> bool:
    """For kinds that nobody enters twice."""
    return False


@dataclass(frozen=True)
class Kind:
    """A kind of record, as one system holds it.

    `rows` loads and locks rows by local or canonical id, in id order, with all that the groups read. `create` makes a
    new row from the first values it is sent. `twin` says whether an unlinked local record may be the very one that a
    delivery would create: then the delivery waits until the hub has seen it. `announced`: what happens to its rows is
    published, to a topic of so many `partitions`; a system that only reads a kind has nothing to say of it.
    `written` brings all values of a record into the form in which they are published; that of a group may depend on the
    groups `beside` it.
    """

    name: str
    system: str
    create: Callable[[Mapping[str, Json]], Any]
    rows: Rows
    groups: tuple[Group, ...]
    required: tuple[str, ...] = ()
    twin: NoTwin = no_twin
    announced: bool = True
    partitions: int = PARTITIONS
    written: Callable[[Mapping[str, Json]], dict[str, Json]] = dict
    beside: tuple[str, ...] = ()
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
        """The group that a key belongs to: `tag` for `tag:retail`; None for a key this kind does not have."""
        return self.by_name.get(key.partition(":")[0])


class Moment(NamedTuple):
    """When an event was written, by its author's clock, and its number: two may share a tick."""

    time_us: int
    seq: int


def guard(rev: int, own: Mapping[str, Any] | None, seen_seq: int, last: Moment | None = None) -> Step:
    """What to do with a delivered value: the three lines that make duplicates and disorder harmless.

    `own` is the row's `sync` of that group. A revision that the row has is `already` there; a local edit that the hub
    had not merged when it sent this is not overwritten (`skipped`): it is sent again. `last` is the last of the
    row's events that the hub had merged. Numbers tell when a clock was set back, times when a row was restored from a
    backup and gives its numbers a second time.
    """
    own = own or {}
    if rev <= own.get("rev", 0):
        return "already"
    if own.get("seq", 0) > seen_seq or (last is not None and edited(own) > last):
        return "skipped"
    return "write"


def edited(own: Mapping[str, Any]) -> Moment:
    """The last local edit of a group, as far as the row says; an edit of before rows kept its time has none."""
    return Moment(own.get("at", 0), own.get("seq", 0))
