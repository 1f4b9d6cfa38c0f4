"""The HTTP feed of each service, against what is published."""

from typing import Any

import pytest
from chassis.db import transaction
from chassis.outbox import OutboxRow
from chassis.relay import MOVE
from sqlalchemy import select, text

from .published import assert_valid
from .wire import System, exchange, read

pytestmark = pytest.mark.servers

CUSTOMER: dict[str, Any] = {"name": "Alfreds Futterkiste", "email": "info@alfreds.example", "tags": ["retail"]}
ROLE = text("select set_config('role', :role, true)")


async def relay(system: System) -> None:
    """Do what the relay does once the broker has acknowledged all that waits."""
    name = system.service.name
    async with transaction(system.sessions) as session:
        await session.execute(ROLE, {"role": f"{name}_worker"})
        ids = (await session.scalars(select(OutboxRow.id))).all()
        await MOVE.fetch(session, {"ids": ids})
        if name != "gateway":
            await session.execute(ROLE, {"role": f"{name}_app"})


@pytest.fixture
async def fed(systems: dict[str, System]) -> dict[str, System]:
    """Three services whose feeds hold events of an edit on both sides, and of a conflict."""
    entered = await systems["crm"].post("/v1/customers", CUSTOMER)
    await exchange(systems)
    copy = await systems["erp"].only("/v1/customers")
    await systems["crm"].patch(f"/v1/customers/{entered['id']}", {"phone": "030-1"})
    await systems["erp"].patch(f"/v1/customers/{copy['id']}", {"phone": "030-2"})
    await exchange(systems)
    for system in systems.values():
        await relay(system)
    return systems


@pytest.mark.parametrize("name", ["crm", "erp", "gateway"])
async def test_every_item_of_the_feed_is_a_cloudevent_as_published(fed: dict[str, System], name: str) -> None:
    page = await fed[name].get("/v1/events")
    assert page["items"]
    for item in page["items"]:
        assert_valid("cloudevent", item)
        assert_valid(item["dataschema"].removesuffix(".json"), item["data"])
    assert page["next"] == page["items"][-1]["position"]


@pytest.mark.parametrize("name", ["crm", "erp", "gateway"])
async def test_a_position_beyond_the_head_is_refused_and_the_head_named(fed: dict[str, System], name: str) -> None:
    head = (await fed[name].get("/v1/events"))["next"]
    refused = await fed[name].client.get("/v1/events", params={"after": head + 1})
    assert (refused.status_code, refused.json()["head"]) == (409, head)
    assert refused.json()["type"] == "/problems/position-beyond-head"
    at_head = read(await fed[name].client.get("/v1/events", params={"after": head}))
    assert at_head == {"items": [], "next": head, "complete_from": 0}
