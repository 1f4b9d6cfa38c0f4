"""Rows, marks and events of the shop, in SQLite: `seq`, `hlc`, `rev`, `seen` as services/JOIN.md explains them."""

import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Json = Any
GROUPS = {
    "customer": "name stage email phone website language currency owner owner_employee segment source notes "
    "billing_address shipping_address payment_terms credit life tag legal custom",
    "product": "name description category sku gtin product_kind units tax_class list_price dimensions life custom",
    "order": "state customer currency dates submitted_at sales_number number reference shipping_address whole notes "
    "reason request answer life line custom charge",
}
REQUIRED = {
    "customer": ("name", "life"),
    "product": ("name", "life"),
    "order": ("state", "customer", "currency", "dates", "life"),
}
TABLES = """
    create table if not exists shop (incarnation text not null);
    create table if not exists rows (
        local_id text primary key, kind text not null, canonical_id text unique, seq integer not null,
        hlc integer not null, content text not null, sync text not null, peers text not null);
    create table if not exists outbox (
        position integer primary key autoincrement, event text not null, state text not null, reason text);
"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Row:
    """One record with its marks: `sync` has one for each group."""

    kind: str
    local_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    canonical_id: str | None = None
    seq: int = 0
    hlc: int = 0
    content: dict[str, Json] = field(default_factory=dict)
    sync: dict[str, dict[str, Json]] = field(default_factory=dict)
    peers: dict[str, Json] = field(default_factory=dict)

    def mark(self, group: str) -> dict[str, Json]:
        """The mark of a group; a member without one has that of its family."""
        return self.sync.get(group) or self.sync.get(group.partition(":")[0]) or {}

    def shown(self) -> dict[str, Json]:
        """The record as the shop's own API shows it."""
        return {"id": self.local_id, "canonical_id": self.canonical_id, **self.content, "peers": self.peers}


def knows(kind: str, group: str) -> bool:
    """Whether the shop keeps this group."""
    return group.partition(":")[0] in GROUPS[kind].split()


class Store:
    """The database of one tenant. Each `transaction` locks it for writing, so that events leave in order."""

    def __init__(self, file: Path, tenant: str) -> None:
        self.file = file
        self.tenant = tenant
        with self._connected() as database:
            database.executescript(TABLES)
            if database.execute("select 1 from shop").fetchone() is None:
                database.execute("insert into shop values (?)", [uuid.uuid4().hex])

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """Commits at the end, or rolls back."""
        with self._connected() as database:
            database.execute("begin immediate")
            try:
                yield Transaction(database, self.tenant)
            except BaseException:
                database.execute("rollback")
                raise
            database.execute("commit")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self.file, isolation_level=None, timeout=30)
        try:
            yield database
        finally:
            database.close()


class Transaction:
    """Reads and writes of one transaction."""

    def __init__(self, database: sqlite3.Connection, tenant: str) -> None:
        self.database = database
        self.tenant = tenant

    def find(self, kind: str, column: str, value: str) -> Row | None:
        """The row with this `local_id` or `canonical_id`."""
        return next(iter(self.rows(kind, f"{column} = ?", value)), None)

    def rows(self, kind: str, condition: str = "1 = 1", *values: str) -> list[Row]:
        """The rows of a kind under a condition."""
        columns = "kind, local_id, canonical_id, seq, hlc, content, sync, peers"
        query = f"select {columns} from rows where kind = ? and {condition} order by rowid"  # noqa: S608  (our texts only)
        found = self.database.execute(query, [kind, *values])
        return [Row(*each[:5], *(json.loads(text) for text in each[5:])) for each in found]

    def edit(self, row: Row, changes: dict[str, Json], actor: str) -> None:
        """What a user enters: the row with new marks, and its event. It always contains `life`."""
        changes = {"life": row.content.get("life", "live"), **changes}
        before = dict(row.content)
        row.hlc = max(time.time_ns() // 1000, row.hlc + 1)
        told = []
        for group, new in changes.items():
            mark = row.mark(group)
            told.append(
                {
                    "group": group,
                    "old": before.get(group),
                    "new": new,
                    "ctx": mark.get("rev", 0),
                    "after": mark.get("seq", 0),
                    "seen": mark.get("seen"),
                }
            )
            _put(row, group, new)
        self.announce(row, told, "user", actor)

    def announce(self, row: Row, changes: list[dict[str, Json]], origin: str, actor: str) -> None:
        """Count the change and write its event, with the whole record and all marks."""
        now_us = time.time_ns() // 1000
        row.seq += 1
        if origin == "user":
            for change in changes:
                kept = {"rev": change["ctx"], "seen": change["seen"]}
                row.sync[change["group"]] = {**kept, "seq": row.seq, "hlc": row.hlc, "at": now_us}
        data = {
            "kind": row.kind,
            "local_id": row.local_id,
            "canonical_id": row.canonical_id,
            "seq": row.seq,
            "hlc": row.hlc,
            "origin": origin,
            "actor": actor,
            "changes": changes,
            "snapshot": row.content,
            "sync": row.sync,
        }
        event = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "/shop",
            "type": f"shop.{row.kind}.changed.v1",
            "subject": row.local_id,
            "time": (EPOCH + timedelta(microseconds=now_us)).isoformat(timespec="microseconds"),
            "tenant": self.tenant,
            "data": data,
        }
        self.database.execute("insert into outbox (event, state) values (?, 'waiting')", [json.dumps(event)])
        self.save(row)

    def store(self, row: Row, group: str, value: Json, rev: int, seen: Json) -> None:
        """A delivered value, with its revision; the numbers of local edits stay."""
        own = {"seq": 0, "hlc": 0, **row.mark(group)}
        row.sync[group] = {**own, "rev": rev, "seen": seen or None}
        _put(row, group, value)

    def save(self, row: Row) -> None:
        """Write the row."""
        texts = [json.dumps(each) for each in (row.content, row.sync, row.peers)]
        values = [row.local_id, row.kind, row.canonical_id, row.seq, row.hlc, *texts]
        self.database.execute("insert or replace into rows values (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def waiting(self, most: int) -> list[tuple[int, dict[str, Json]]]:
        """The oldest events that are not sent yet, with their positions."""
        query = "select position, event from outbox where state = 'waiting' order by position limit ?"
        return [(position, json.loads(event)) for position, event in self.database.execute(query, [most])]

    def settle(self, position: int, state: str, reason: str | None) -> None:
        """An event is `sent`, or `refused` with the reason: then it waits for a person."""
        self.database.execute("update outbox set state = ?, reason = ? where position = ?", [state, reason, position])

    def status(self) -> tuple[str, int]:
        """The incarnation of the database, and the position of its newest event."""
        (incarnation,) = self.database.execute("select incarnation from shop").fetchone()
        (position,) = self.database.execute("select coalesce(max(position), 0) from outbox").fetchone()
        return f"sqlite/{incarnation}", position


def _put(row: Row, group: str, value: Json) -> None:
    if value is None:
        row.content.pop(group, None)
    else:
        row.content[group] = value
