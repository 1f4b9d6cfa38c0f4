"""One look tells the worker all that people have asked of it."""

import pytest
from chassis.db import Sessions, create_engine, transaction
from gateway.store import systems
from gateway.worker.poll import Poll
from sqlalchemy import text

from .hub import SYSTEMS, Hub

pytestmark = pytest.mark.servers


async def test_a_look_finds_pauses_comparisons_and_what_is_to_be_merged(sessions: Sessions, hub_url: str) -> None:
    hub, poll = Hub(sessions), Poll(SYSTEMS)
    engine = create_engine(hub_url, "gateway", "worker")
    await hub.with_status()
    assert await poll.look(engine) is False
    assert not (poll.replaying.is_set() or poll.resumed.is_set() or poll.paused or poll.pauses_changed.is_set())
    await hub.ingest.handle([hub.message("crm.customer.v1", b"no event")])
    async with transaction(sessions) as session:
        await systems.pause(session, "erp", "anna")
        await systems.note_restored(session, "crm", "a test")
        await session.execute(text("update quarantine set state = 'replaying'"))
    assert await poll.look(engine) is True
    assert poll.replaying.is_set() and poll.pauses_changed.is_set()
    assert poll.paused == {"erp"}
    assert (poll.restored["crm"].is_set(), poll.restored["erp"].is_set()) == (True, False)
    await engine.dispose()


async def test_a_look_names_the_systems_with_something_due_unless_they_are_paused(
    sessions: Sessions, hub_url: str
) -> None:
    overdue: list[str] = []
    hub, poll = Hub(sessions), Poll(SYSTEMS, overdue.append)
    engine = create_engine(hub_url, "gateway", "worker")
    await hub.with_status()
    await poll.look(engine)
    assert overdue == []
    values = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}
    await hub.ingest.handle([hub.event("crm", "1", 1, values)])
    await poll.look(engine)
    assert overdue == ["erp"]
    async with transaction(sessions) as session:
        await systems.pause(session, "erp", "anna")
    await poll.look(engine)
    assert overdue == ["erp"]
    await engine.dispose()
