"""Sending again, on real servers: in order, stored once, and by itself when the broker has a new log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
import typer
from aiokafka.admin import AIOKafkaAdminClient
from chassis.bus import Producer, Reach
from chassis.db import Sessions, transaction
from chassis.outbox import OutboxRow, release
from chassis.relay import Relay
from chassis.resend import TOPIC_LOGS, Resend, request, resend_to_new_logs
from chassis.resend_verb import add_resend
from chassis.settings import Settings
from chassis.testing import OTHER_TENANT, TENANT
from chassis.topics import Logs, Topics, ensure_topics, watch
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from stack.kafka import Kafka
from typer.testing import CliRunner

from .observed import count, wait_until, write
from .test_relay import CrashingProducer, drained, numbers_by_key, relaying

pytestmark = pytest.mark.servers


@pytest.fixture
async def requests(emptied: Sessions) -> AsyncIterator[Sessions]:
    yield emptied
    async with transaction(emptied) as session:
        await session.execute(delete(Resend))
        await session.execute(delete(TOPIC_LOGS))


async def finished(sessions: Sessions) -> bool:
    return await count(sessions, "outbox_resends", "finished_at is null") == 0


async def ask(sessions: Sessions, topics: list[str] | None = None, **limits: datetime | UUID) -> int:
    async with transaction(sessions) as session:
        since, tenant = limits.get("since"), limits.get("tenant")
        assert since is None or isinstance(since, datetime)
        assert tenant is None or isinstance(tenant, UUID)
        return (await request(session, "somebody asked", topics, since, tenant)).id


async def sent_before(kafka: Kafka, engine: AsyncEngine, sessions: Sessions, topic: str, numbers: range) -> None:
    await write(sessions, topic, "note", numbers)
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await wait_until(lambda: drained(sessions))


async def test_what_was_sent_is_sent_again_in_order_and_stored_once(
    kafka: Kafka, topic: str, engine: AsyncEngine, requests: Sessions
) -> None:
    other = f"{topic}.other"
    await ensure_topics(kafka.bootstrap_servers, [other])
    await sent_before(kafka, engine, requests, other, range(3))
    await sent_before(kafka, engine, requests, topic, range(30))
    asked = await ask(requests, [topic])
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await wait_until(lambda: finished(requests))
    assert (await numbers_by_key(kafka, topic))["note"] == [*range(30), *range(30)]
    assert (await numbers_by_key(kafka, other))["note"] == [*range(3)]
    assert (await count(requests, "outbox_sent"), await count(requests, "outbox")) == (33, 0)
    assert await count(requests, "outbox_resends", f"id = {asked} and sent = 30 and position = 33") == 1


async def test_a_request_takes_only_its_tenant_and_what_is_not_older(
    kafka: Kafka, topic: str, engine: AsyncEngine, requests: Sessions
) -> None:
    await sent_before(kafka, engine, requests, topic, range(5))
    since = datetime.now(UTC)
    await sent_before(kafka, engine, requests, topic, range(5, 8))
    await ask(requests, tenant=OTHER_TENANT)
    await ask(requests, since=since, tenant=TENANT)
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await wait_until(lambda: finished(requests))
    assert (await numbers_by_key(kafka, topic))["note"] == [*range(8), *range(5, 8)]


async def test_the_log_ends_with_the_newest_event_when_people_write_meanwhile(
    kafka: Kafka, topic: str, engine: AsyncEngine, requests: Sessions
) -> None:
    await sent_before(kafka, engine, requests, topic, range(1200))
    await ask(requests)
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await write(requests, topic, "note", range(1200, 1300))
        await wait_until(lambda: finished(requests))
        await wait_until(lambda: drained(requests))
    numbers = (await numbers_by_key(kafka, topic))["note"]
    assert (set(numbers), numbers[-1]) == (set(range(1300)), 1299)
    assert await count(requests, "outbox_sent") == 1300


async def test_a_crash_in_the_middle_goes_on_where_it_was(
    kafka: Kafka, topic: str, engine: AsyncEngine, requests: Sessions
) -> None:
    await sent_before(kafka, engine, requests, topic, range(700))
    await ask(requests)
    with pytest.raises(RuntimeError, match="power"):
        await Relay(engine, CrashingProducer(kafka.bootstrap_servers)).run(asyncio.Event())
    assert not await finished(requests)
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await wait_until(lambda: finished(requests))
    numbers = (await numbers_by_key(kafka, topic))["note"]
    assert (set(numbers), numbers[-1]) == (set(range(700)), 699)


async def test_a_topic_that_was_deleted_is_made_again_and_filled_again(
    kafka: Kafka, topic: str, engine: AsyncEngine, requests: Sessions
) -> None:
    async with looked_after(kafka, topic, requests):
        await wait_until(lambda: known(requests, topic))
        await sent_before(kafka, engine, requests, topic, range(40))
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        await admin.start()
        await admin.delete_topics([topic])
        await admin.close()
        await wait_until(lambda: asked_for(requests, topic))
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await wait_until(lambda: finished(requests))
    assert (await numbers_by_key(kafka, topic))["note"] == list(range(40))


@asynccontextmanager
async def looked_after(kafka: Kafka, topic: str, sessions: Sessions) -> AsyncIterator[None]:
    """What the worker's relay does beside sending."""

    async def found(logs: Logs) -> None:
        async with transaction(sessions) as session:
            await resend_to_new_logs(session, logs)

    stop = asyncio.Event()
    watching = asyncio.create_task(watch(Topics(kafka.bootstrap_servers, {topic: 6}), Reach("test"), found, stop))
    yield
    stop.set()
    await watching


async def known(sessions: Sessions, topic: str) -> bool:
    return await count(sessions, "topic_logs", f"topic = '{topic}'") == 1


async def asked_for(sessions: Sessions, topic: str) -> bool:
    return await count(sessions, "outbox_resends", f"topics = array['{topic}']") == 1


async def test_behind_a_released_event_the_newest_of_its_record_is_sent_again(
    kafka: Kafka, topic: str, engine: AsyncEngine, requests: Sessions
) -> None:
    await write(requests, topic, "note", range(3))
    async with transaction(requests) as session:
        first = await session.scalar(select(OutboxRow.id).order_by(OutboxRow.id).limit(1))
        parked = update(OutboxRow).where(OutboxRow.id == first)
        await session.execute(parked.values(parked_at=datetime.now(UTC), error="too large"))
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await wait_until(lambda: drained(requests))
        async with transaction(requests) as session:
            await release(session, await session.get_one(OutboxRow, first))
        await wait_until(lambda: nothing_waits(requests))
    assert (await numbers_by_key(kafka, topic))["note"] == [1, 2, 0, 2]


async def nothing_waits(sessions: Sessions) -> bool:
    return await count(sessions, "outbox") == 0


async def test_the_verb_sends_one_kind_again_and_waits_until_it_is_sent(
    kafka: Kafka, topic: str, engine: AsyncEngine, requests: Sessions, notebook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent_before(kafka, engine, requests, topic, range(12))
    verbs = typer.Typer()
    add_resend(verbs, "notebook", Settings, [topic, "notebook.note.v1"])
    monkeypatch.setenv("DATABASE_URL", notebook)
    kind = topic.split(".")[1]
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        done = await asyncio.to_thread(CliRunner().invoke, verbs, ["--kind", kind, "--since", "2000-01-01"])
    assert (done.exit_code, "12 events were resent." in done.output) == (0, True), done.output
    assert (await numbers_by_key(kafka, topic))["note"] == [*range(12), *range(12)]
    refused = await asyncio.to_thread(CliRunner().invoke, verbs, ["--kind", "ghost"])
    assert f"The kinds are: {', '.join(sorted([kind, 'note']))}." in str(refused.exception)


async def test_the_verb_without_a_kind_leaves_out_topics_of_an_earlier_version(
    kafka: Kafka, topic: str, engine: AsyncEngine, requests: Sessions, notebook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = f"{topic}.former"
    await ensure_topics(kafka.bootstrap_servers, [former])
    await sent_before(kafka, engine, requests, former, range(3))
    await sent_before(kafka, engine, requests, topic, range(12))
    verbs = typer.Typer()
    add_resend(verbs, "notebook", Settings, [topic])
    monkeypatch.setenv("DATABASE_URL", notebook)
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        done = await asyncio.to_thread(CliRunner().invoke, verbs, [])
    assert (done.exit_code, "12 events were resent." in done.output) == (0, True), done.output
    assert (await numbers_by_key(kafka, former))["note"] == [*range(3)]
