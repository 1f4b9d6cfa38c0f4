"""What retention removes and what it keeps, on a real database; and how readers of large tables find their rows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis import outbox
from chassis.counting import MOST
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.health import watched
from chassis.outbox import NEWEST_AGAIN, OutboxRow, SentRow, feed, head
from chassis.relay import MOVE
from chassis.retention import SENT, Expiry, keeping
from chassis.testing import OTHER_TENANT, TENANT
from sqlalchemy import event, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from .notes import enter
from .observed import count, wait_until, write

pytestmark = pytest.mark.servers
NOW = datetime.now(UTC)
MONTH = NOW - timedelta(days=30)
TOPIC = "notebook.note.v1"


@pytest.fixture
async def as_app(notebook: str, emptied: Sessions) -> AsyncIterator[Sessions]:
    """Sessions of requests, on what the worker has committed."""
    engine = create_engine(notebook, "notebook", "app")
    yield session_factory(engine)
    await engine.dispose()


def sent(position: int, key: str, days_ago: int, tenant: UUID = TENANT, topic: str = TOPIC) -> dict[str, Any]:
    moment = NOW - timedelta(days=days_ago)
    message = {"topic": topic, "key": key, "attributes": {}, "data": b"{}", "event_id": uuid4()}
    return {"position": position, "tenant_id": tenant, "created_at": moment, "sent_at": moment, **message}


async def hold(sessions: Sessions, *rows: dict[str, Any]) -> None:
    async with transaction(sessions) as session:
        await session.execute(insert(SentRow), list(rows))


async def positions(sessions: Sessions, tenant: UUID | None = None) -> list[int]:
    async with transaction(sessions, tenant) as session:
        return list((await session.scalars(select(SentRow.position).order_by(SentRow.position))).all())


async def test_what_is_old_and_superseded_goes_and_the_newest_of_each_record_stays(emptied: Sessions) -> None:
    other_topic = sent(4, "a", 70, topic="notebook.other.v1")
    await hold(emptied, sent(1, "a", 90), sent(2, "b", 80), sent(3, "a", 75), other_topic)
    await hold(emptied, sent(5, "a", 60, OTHER_TENANT), sent(6, "a", 20), sent(7, "a", 10), sent(8, "c", 5))
    assert await SENT.remove(emptied, MONTH, asyncio.Event(), batch=2) == 2
    assert await positions(emptied) == [2, 4, 5, 6, 7, 8]
    assert await SENT.remove(emptied, NOW + timedelta(days=1), asyncio.Event()) == 1
    assert await positions(emptied) == [2, 4, 5, 7, 8]


async def test_positions_go_on_although_everything_is_old(emptied: Sessions) -> None:
    await hold(emptied, sent(1, "a", 90), sent(2, "b", 80), sent(3, "b", 70))
    await SENT.remove(emptied, MONTH, asyncio.Event())
    await write(emptied, TOPIC, "c", range(1))
    async with transaction(emptied) as session:
        await MOVE.fetch(session, {"ids": list(await session.scalars(select(OutboxRow.id)))})
    assert await positions(emptied) == [1, 3, 4]


async def test_each_tenant_has_its_own_head_and_its_own_beginning_of_the_complete_feed(
    emptied: Sessions, as_app: Sessions
) -> None:
    """The few events of one tenant are older than all of the other's."""
    await hold(emptied, sent(1, "a", 90, OTHER_TENANT), sent(2, "a", 90), sent(3, "a", 80), sent(4, "b", 1))
    before = [await _ends(as_app, tenant) for tenant in (TENANT, OTHER_TENANT)]
    await SENT.remove(emptied, MONTH, asyncio.Event())
    assert before == [(4, 0), (1, 0)]
    assert [await _ends(as_app, tenant) for tenant in (TENANT, OTHER_TENANT)] == [(4, 2), (1, 0)]
    assert await positions(as_app, TENANT) == [3, 4]


async def _ends(sessions: Sessions, tenant: UUID) -> tuple[int, int]:
    async with transaction(sessions, tenant) as session:
        return await head(session), await outbox.complete_from(session)


async def test_each_batch_is_short_and_a_stop_ends_after_one(emptied: Sessions, engine: AsyncEngine) -> None:
    await hold(emptied, *(sent(position, "a", 90) for position in range(1, 1001)))
    stop = asyncio.Event()
    event.listen(engine.sync_engine, "commit", lambda _: stop.set(), once=True)
    assert await SENT.remove(emptied, MONTH, stop, batch=100) == 100
    assert await SENT.remove(emptied, MONTH, asyncio.Event(), batch=100) == 899
    assert await positions(emptied) == [1000]


async def test_a_table_that_fails_does_not_stop_the_others(emptied: Sessions) -> None:
    await hold(emptied, sent(1, "a", 90), sent(2, "a", 1))
    broken = Expiry("nowhere", "select count(*) as removed, null as next from nowhere")
    last = Expiry("notes", "with gone as (delete from notes returning 1) select 1 as removed, null as next from gone")
    async with transaction(emptied, TENANT) as session:
        enter(session)
    stop = asyncio.Event()
    watched("retention")
    task = asyncio.ensure_future(keeping(emptied, (broken, last), 30)(stop))
    await wait_until(lambda: _no_note_left(emptied))
    stop.set()
    await task
    assert await positions(emptied) == [2]


async def _no_note_left(sessions: Sessions) -> bool:
    return await count(sessions, "notes") == 0


@pytest.fixture
async def many(notebook: str, emptied: Sessions) -> None:
    """100,000 events of one tenant, few of another, and 100,000 that wait, with statistics."""
    columns = "tenant_id, event_id, topic, key, attributes, data"
    event = f"'{TENANT}', gen_random_uuid(), '{TOPIC}', n % 20000, '{{}}', '' from generate_series(1, 100000) n"
    await hold(emptied, *(sent(200_000 + number, "few", 1, OTHER_TENANT) for number in range(3)))
    owner = create_engine(notebook, "notebook", "owner")
    async with owner.begin() as connection:
        await connection.execute(text(f"insert into outbox ({columns}) select {event}"))
        await connection.execute(text(f"insert into outbox_sent (position, {columns}) select n, {event}"))
        await connection.execute(text("analyze outbox, outbox_sent"))
    await owner.dispose()


FEW = 20
READ = text("select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = :table")


async def rows_read(session: AsyncSession, table: str, doing: Awaitable[object]) -> int:
    """How many rows of a table are read by it, whichever way."""
    before: int = await session.scalar(READ, {"table": table}) or 0
    await doing
    return (await session.scalar(READ, {"table": table}) or 0) - before


@pytest.mark.usefixtures("many")
async def test_a_page_of_the_feed_reads_its_own_rows(as_app: Sessions) -> None:
    async with transaction(as_app, OTHER_TENANT) as session:
        assert await head(session) == 200_002
        assert await rows_read(session, "outbox_sent", head(session)) <= FEW
        page = partial(feed, session, 0, 200_002, 100, [TOPIC])
        assert len(await page()) == 3
        assert await rows_read(session, "outbox_sent", page()) <= FEW


@pytest.mark.usefixtures("many")
async def test_a_parked_event_that_is_released_finds_the_newest_of_its_key(as_app: Sessions) -> None:
    released = {"topic": TOPIC, "key": "17", "created_at": NOW - timedelta(days=1)}
    async with transaction(as_app, TENANT) as session:
        await session.execute(text("delete from outbox where key = '17'"))
        assert await rows_read(session, "outbox_sent", session.execute(NEWEST_AGAIN, released)) <= FEW
        assert (await session.scalars(select(OutboxRow.key).where(OutboxRow.key == "17"))).all() == ["17"]


@pytest.mark.usefixtures("many")
async def test_gauges_of_the_outbox_read_up_to_a_bound(emptied: Sessions) -> None:
    async with transaction(emptied) as session:
        assert await rows_read(session, "outbox", outbox.observe(session)) <= MOST + 1


@pytest.mark.usefixtures("many")
async def test_a_batch_of_retention_reads_its_own_rows(emptied: Sessions) -> None:
    limits = {"before": NOW + timedelta(days=1), "batch": 100, "after": 0}
    async with transaction(emptied) as session:
        assert await rows_read(session, "outbox_sent", session.execute(text(SENT.statement), limits)) <= 600
