"""What can be promised is announced, rarely however often it changes, and follows nothing but the stock."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from chassis import outbox
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.service import Running
from chassis.testing import OTHER_TENANT, act_for
from erp.settings import Settings
from erp.warehouse.stock import commands
from erp.warehouse.stock.commands.announce import announce_changes
from erp.warehouse.stock.handlers import ANNOUNCED_EVERY_SECONDS, tasks
from erp.warehouse.stock.models import AvailabilityRow, StockChange
from erp.wiring import SERVICE
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import DAY, kit, product, received, shipment, want

pytestmark = pytest.mark.servers


async def events(session: AsyncSession) -> Sequence[dict[str, Any]]:
    """What was announced of availability, oldest first."""
    told = select(outbox.OutboxRow.data).where(outbox.OutboxRow.topic == "erp.availability.v1")
    return [orjson.loads(data) for data in await session.scalars(told.order_by(outbox.OutboxRow.id))]


async def last(session: AsyncSession) -> dict[str, Any]:
    value: dict[str, Any] = (await events(session))[-1]["snapshot"]
    return value


async def test_a_thousand_moves_cost_one_event(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 1000)
    lines = [want(tea, 1) for _ in range(500)]
    await commands.reserve(session, lines)
    for start in range(0, 500, 50):
        await commands.issue(session, lines[start : start + 50], on=DAY, source=shipment(), actor="anna")
        await commands.take_back(session, lines[start : start + 50], on=DAY, source=shipment(), actor="anna")
    assert await announce_changes(session) > 1
    assert len(await events(session)) == 1
    assert await last(session) == {
        "product": str(tea),
        "availability": {"on_hand": "1000", "reserved": "0", "available": "1000"},
        "life": "live",
    }
    assert await session.scalar(select(func.count()).select_from(StockChange)) == 0


async def test_what_is_reserved_cannot_be_promised(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 10)
    await announce_changes(session)
    await commands.reserve(session, [want(tea, "2.5"), want(tea, 1)])
    await announce_changes(session)
    assert (await last(session))["availability"] == {"on_hand": "10", "reserved": "3.5", "available": "6.5"}
    assert [event["seq"] for event in await events(session)] == [1, 2]


async def test_a_kit_can_be_promised_as_often_as_its_scarcest_component(session: AsyncSession) -> None:
    tea, cup, advice = await product(session), await product(session), await product(session, product_kind="service")
    for each, quantity in ((tea, 10), (cup, 4)):
        await received(session, each, quantity)
    await announce_changes(session)
    box = await kit(session, tea=(tea, "3"), cup=(cup, "1"), advice=(advice, "1"))
    await announce_changes(session)
    assert await last(session) == {
        "product": str(box),
        "availability": {"on_hand": "3", "reserved": "0", "available": "3"},
        "life": "live",
    }
    await commands.reserve(session, [want(tea, 2)])
    await announce_changes(session)
    snapshots = [event["snapshot"] for event in await events(session)]
    boxes = {event["product"]: event["availability"] for event in snapshots}
    assert boxes[str(box)] == {"on_hand": "3", "reserved": "1", "available": "2"}


async def test_what_is_as_it_was_is_not_announced_again(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 10)
    await announce_changes(session)
    line = want(tea, 3)
    await commands.reserve(session, [line])
    await commands.release(session, [line.line_id])
    assert await announce_changes(session) == 2
    assert await announce_changes(session) == 0
    assert len(await events(session)) == 1


async def test_nobody_but_the_stock_says_what_can_be_promised(api: httpx.AsyncClient, session: AsyncSession) -> None:
    await received(session, await product(session), 10)
    await announce_changes(session)
    row = (await session.scalars(select(AvailabilityRow))).one()
    await session.commit()
    wrong = {"on_hand": "99", "reserved": "0", "available": "99"}
    item = {
        "canonical_id": str(uuid4()),
        "local_id": str(row.id),
        "seen_seq": 1,
        "groups": [{"group": "availability", "value": wrong, "rev": 2}],
    }
    answer = await api.post("/replication/v1/availability", json={"items": [item]})
    (outcome,) = answer.json()["items"]
    assert (outcome["outcome"], outcome["problem"]["type"]) == ("rejected", "/problems/follows-stock")
    item["groups"] = [{"group": "availability", "value": (await last(session))["availability"], "rev": 2}]
    assert (await api.post("/replication/v1/availability", json={"items": [item]})).json()["items"][0][
        "outcome"
    ] == "applied"


@pytest.fixture
async def running(committed: str) -> AsyncIterator[Running]:
    """What the tasks of the worker are given."""
    engine = create_engine(committed, SERVICE.name, "worker", pool_size=4)
    yield Running(Settings(database_url=committed), engine, session_factory(engine))
    await engine.dispose()


async def test_the_worker_announces_for_every_tenant_and_at_its_own_pace(committed: str, running: Running) -> None:
    app = create_engine(committed, SERVICE.name, "app", pool_size=4)
    sessions, stop = session_factory(app), asyncio.Event()
    clock = asyncio.get_running_loop().time
    began, tenants = clock(), [uuid4(), OTHER_TENANT]
    announcing = asyncio.ensure_future(tasks(running)["availability"](stop))
    goods = await asyncio.gather(*(_busy(sessions, tenant) for tenant in tenants))
    for tenant in tenants:
        async with transaction(sessions, tenant) as session:
            await _until_announced(session)
    stop.set()
    await announcing
    rounds = (clock() - began) / ANNOUNCED_EVERY_SECONDS + 1
    for tenant, tea in zip(tenants, goods, strict=True):
        async with transaction(sessions, tenant) as session:
            assert 1 <= len(await events(session)) <= rounds
            assert await last(session) == {
                "product": str(tea),
                "availability": {"on_hand": "20", "reserved": "0", "available": "20"},
                "life": "live",
            }
    await app.dispose()


async def _busy(sessions: Sessions, tenant: UUID) -> UUID:
    """Twenty receipts, each committed."""
    async with transaction(sessions, tenant) as session:
        tea = await product(session)
    for _ in range(20):
        async with transaction(sessions, tenant) as session:
            await received(session, tea, 1)
    return tea


async def _until_announced(session: AsyncSession) -> None:
    for _ in range(500):
        if not await session.scalar(select(StockChange.id).limit(1)):
            return
        await asyncio.sleep(0.02)
    raise TimeoutError("changes are still not announced")


async def test_another_tenants_changes_are_left_alone(session: AsyncSession) -> None:
    await received(session, await product(session), 10)
    await act_for(session, OTHER_TENANT)
    assert await announce_changes(session) == 0
