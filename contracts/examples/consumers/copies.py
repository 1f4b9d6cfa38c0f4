"""The copy that the three consumers keep: one row for each customer, and how far the source was read."""

import json
import sqlite3
from typing import Any

TABLES = """
    create table if not exists customers (id text primary key, sequence integer, archived integer, content text);
    create table if not exists positions (source text primary key, position integer);
"""


def opened(file: str) -> sqlite3.Connection:
    """The database of a consumer; delete the file to rebuild the copy from nothing."""
    database = sqlite3.connect(file, isolation_level=None)
    database.executescript(TABLES)
    return database


def take(database: sqlite3.Connection, data: dict[str, Any]) -> bool:
    """Store the state of a record; whether it is news. A duplicate or an older event changes nothing."""
    row = data["local_id"], data["seq"], data["snapshot"]["life"] == "dead", json.dumps(data["snapshot"])
    newer = "where excluded.sequence > customers.sequence"
    columns = "sequence = excluded.sequence, archived = excluded.archived, content = excluded.content"
    statement = f"insert into customers values (?, ?, ?, ?) on conflict (id) do update set {columns} {newer}"  # noqa: S608  (constants only)
    return database.execute(statement, row).rowcount == 1


def position(database: sqlite3.Connection, source: str) -> int:
    """Where to continue; 0 is the beginning."""
    found = database.execute("select position from positions where source = ?", [source]).fetchone()
    return found[0] if found else 0


def reached(database: sqlite3.Connection, source: str, place: int) -> None:
    """Store the position, in the transaction of the events before it."""
    database.execute("insert or replace into positions values (?, ?)", [source, place])
