"""What statements read: each is run once more with EXPLAIN ANALYZE, and the rows that its plan touches are counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from chassis.db import Sessions, transaction
from sqlalchemy import event, text
from sqlalchemy.engine import Connection

Statement = tuple[str, Any]


@contextmanager
def executed(sessions: Sessions) -> Iterator[list[Statement]]:
    """The statements that run meanwhile, with their parameters."""
    found: list[Statement] = []
    connection: Connection = sessions.kw["bind"].sync_connection

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "set ")):
            found.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    yield found
    event.remove(connection, "before_cursor_execute", note)


async def most_read(sessions: Sessions, statement: Statement) -> int:
    """The most rows that one step of a statement's plan reads."""
    sql, parameters = statement
    async with transaction(sessions) as session:
        # A test's tables are small: reading all pages, or all entries of an index first, is estimated to cost less.
        await session.execute(text("set local enable_seqscan = off"))
        await session.execute(text("set local enable_bitmapscan = off"))
        connection = await session.connection()
        answer = await connection.exec_driver_sql(f"explain (analyze, format json) {sql}", parameters)
        plan = answer.scalar_one()
    parsed = orjson.loads(plan) if isinstance(plan, str) else plan
    return max(map(_read, _steps(parsed[0]["Plan"])))


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _steps(inner)


def _read(step: dict[str, Any]) -> int:
    removed = sum(step.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck", "Join Filter"))
    return int((step["Actual Rows"] + removed) * step["Actual Loops"])
