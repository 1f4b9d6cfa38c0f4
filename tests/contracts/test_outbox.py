"""What the broker refuses is seen and released at each service, by its own tenant only."""

from datetime import UTC, datetime
from typing import Any

import pytest
from chassis.db import transaction
from chassis.outbox import OutboxRow
from chassis.testing import OTHER_TENANT, TENANT, caller
from sqlalchemy import select, text, update

from .test_feed import CUSTOMER
from .wire import System, exchange

pytestmark = pytest.mark.servers

REASON = "the message has 9000000 bytes; 8388608 are taken"
SERVICES = pytest.mark.parametrize("name", ["crm", "erp", "gateway"])


@pytest.fixture
async def parked(systems: dict[str, System]) -> dict[str, int]:
    """Three services whose oldest event is parked, as the relay does it; its id in each."""
    await systems["crm"].post("/v1/customers", CUSTOMER)
    await exchange(systems)
    return {name: await park_oldest(system) for name, system in systems.items()}


async def park_oldest(system: System) -> int:
    async with transaction(system.sessions, TENANT) as session:
        oldest = await session.scalar(select(OutboxRow.id).order_by(OutboxRow.id).limit(1))
        assert oldest is not None
        park = update(OutboxRow).where(OutboxRow.id == oldest)
        await session.execute(park.values(parked_at=datetime.now(UTC), error=REASON))
    return oldest


async def listed(system: System, state: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await system.get(f"/v1/outbox?state={state}"))["items"]
    return items


@SERVICES
async def test_a_parked_event_is_listed_with_the_reason_and_without_its_body(
    systems: dict[str, System], parked: dict[str, int], name: str
) -> None:
    (item,) = await listed(systems[name], "parked")
    assert (item["id"], item["state"], item["error"]) == (parked[name], "parked", REASON)
    assert item["topic"].endswith("customer.v1")
    assert item["bytes"] > 0
    assert "data" not in item
    assert parked[name] not in {each["id"] for each in await listed(systems[name], "waiting")}


@SERVICES
async def test_a_released_event_waits_for_the_broker_again(
    systems: dict[str, System], parked: dict[str, int], name: str
) -> None:
    released = await systems[name].post(f"/v1/outbox/{parked[name]}/release")
    assert (released["state"], released["error"], released["parked_at"]) == ("waiting", None, None)
    assert await listed(systems[name], "parked") == []
    assert (await listed(systems[name], "waiting"))[0]["id"] == parked[name]
    again = await systems[name].client.post(f"/v1/outbox/{parked[name]}/release")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/event-waits")
    unknown = await systems[name].client.post(f"/v1/outbox/{2**63 - 1}/release")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/no-such-event")


@SERVICES
async def test_another_tenant_neither_sees_nor_releases_it(
    systems: dict[str, System], parked: dict[str, int], name: str
) -> None:
    system = systems[name]
    async with caller(system.service, system.sessions, "outbox:read outbox:operate", OTHER_TENANT) as stranger:
        assert (await stranger.get("/v1/outbox")).json()["items"] == []
        assert (await stranger.post(f"/v1/outbox/{parked[name]}/release")).status_code == 404
    assert len(await listed(system, "parked")) == 1


async def test_the_status_of_the_hub_counts_what_is_parked_and_says_why(
    systems: dict[str, System], parked: dict[str, int]
) -> None:
    async with transaction(systems["gateway"].sessions) as session:  # A worker runs, and all is well with it.
        await session.execute(text("insert into worker_tasks (name, beat_at) values ('relay', clock_timestamp())"))
    status = await systems["gateway"].get("/v1/status")
    assert (status["outbox"]["parked"], status["outbox"]["parked_because"]) == (1, REASON)
    assert status["state"] == "attention"
    await systems["gateway"].post(f"/v1/outbox/{parked['gateway']}/release")
    status = await systems["gateway"].get("/v1/status")
    assert (status["outbox"]["parked"], status["outbox"]["parked_because"]) == (0, None)
