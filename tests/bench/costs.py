"""What one piece of work costs each process: processor time, statements, transactions, messages and requests.

The statements are counted in PostgreSQL's log, which costs time itself: count them in a run of its own.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import psutil
from stack.services import Stack

from . import measure, show
from .chains import database

SESSIONS = "select pid, application_name from pg_stat_activity where application_name like any ($1)"
TRANSACTIONS = "select datname, xact_commit + xact_rollback from pg_stat_database where datname = any ($1)"
MESSAGES = "select topic, count(*) from outbox_sent group by topic"
SERVICES = ("crm", "erp", "gateway")
REPORTED_SECONDS = 1.2
"""A session of PostgreSQL reports its transactions once a second."""

REQUESTS = re.compile(r"^http_request_seconds_count\{.*\} (\S+)$", re.MULTILINE)
STARTED = re.compile(r"^@@(\S*)@@ LOG:  (?:execute [^:]*|statement): ", re.MULTILINE)
LOGGED = ("log_line_prefix = '@@%a@@ '", "log_statement = 'all'")
UNLOGGED = ("log_line_prefix", "log_statement")


async def note(stack: Stack) -> dict[str, float]:
    """What has been used and written so far, by name."""
    await asyncio.sleep(REPORTED_SECONDS)
    found = {f"ms {name}": 1000 * each for name, each in measure.processor_seconds(stack).items()}
    admin = await asyncpg.connect(stack.admin_url)
    for pid, name in await admin.fetch(SESSIONS, [f"{service}-%" for service in SERVICES]):
        used = 1000 * measure.used_by(pid) if psutil.pid_exists(pid) else 0
        found[f"ms sessions of {name}"] = found.get(f"ms sessions of {name}", 0) + used
    for name, transactions in await admin.fetch(TRANSACTIONS, list(SERVICES)):
        found[f"transactions {name}"] = transactions
    await admin.close()
    for service in SERVICES:
        connection = await asyncpg.connect(database(stack, service))
        for topic, messages in await connection.fetch(MESSAGES):
            found[f"messages {topic}"] = messages
        await connection.close()
        answer = await asyncio.to_thread(httpx.get, f"{stack.urls[service]}/metrics")
        found[f"requests {service}"] = sum(int(float(count)) for count in REQUESTS.findall(answer.text))
    return found


@asynccontextmanager
async def statements(stack: Stack, found: Counter[str]) -> AsyncIterator[None]:
    """Count the statements of the block, by the name of the session, into `found`."""
    log, admin = stack.logs / "postgres.log", await asyncpg.connect(stack.admin_url)
    for setting in LOGGED:
        await admin.execute(f"alter system set {setting}")
    await admin.execute("select pg_reload_conf()")
    await asyncio.sleep(REPORTED_SECONDS)
    begins_at = log.stat().st_size
    yield
    found.update(f"statements {name}" for name in _logged(log, begins_at))
    for name in UNLOGGED:
        await admin.execute(f"alter system reset {name}")
    await admin.execute("select pg_reload_conf()")
    await admin.close()


def table(title: str, before: Mapping[str, float], after: Mapping[str, float], count: int) -> None:
    """Print what was used in between, for each of `count` pieces of work."""
    each = {name: (used - before.get(name, 0)) / count for name, used in sorted(after.items())}
    rows = [(name, f"{value:.2f}") for name, value in each.items() if value >= 0.01]
    show.table(title, ("", "each"), rows, "ms: milliseconds of processor time", each)


def _logged(log: Path, begins_at: int) -> Iterator[str]:
    with log.open(encoding="utf-8", errors="replace") as lines:
        lines.seek(begins_at)
        for line in lines:
            if (started := STARTED.match(line)) and started[1].startswith(SERVICES):
                yield started[1]
