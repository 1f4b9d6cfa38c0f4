"""A topic whose log is another one is read from its start, and nothing that came before is merged twice."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.db import Sessions, transaction
from gateway.ingest.consume import LogReplaced
from gateway.store.positions import begin_anew, logs, positions
from gateway.store.records import Record

from .hub import Hub

pytestmark = pytest.mark.servers
TOPIC = "crm.customer.v1"
ALFKI: dict[str, Any] = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}


@pytest.fixture
def hub(sessions: Sessions) -> Hub:
    return Hub(sessions)


async def see(hub: Hub, log_id: UUID) -> None:
    """What the worker does when it looks at the broker's topics."""
    async with transaction(hub.sessions) as session:
        await begin_anew(session, {TOPIC: log_id})


async def rewind(hub: Hub) -> int:
    """What the consumer does before it reads; answer where it goes on."""
    async with transaction(hub.sessions) as session:
        hub.ingest.logs = await logs(session)
        return (await positions(session)).get((TOPIC, 0), 0)


async def test_a_new_log_is_read_from_its_start_and_known_events_change_nothing(hub: Hub) -> None:
    first, second = hub.event("crm", "c1", 1, ALFKI), hub.event("crm", "c1", 2, {"email": "a@alfki.de"})
    await see(hub, uuid4())
    assert await rewind(hub) == 0
    await hub.ingest.handle([first, second])
    assert await rewind(hub) == 2

    await see(hub, uuid4())

    assert await rewind(hub) == 0
    newer = replace(hub.event("crm", "c1", 3, {"email": "b@alfki.de"}), offset=2)
    before = (await hub.one(Record)).registers
    await hub.ingest.handle([first, second])
    assert (await hub.one(Record)).registers == before
    await hub.ingest.handle([newer])
    assert (await hub.one(Record)).values()["email"] == "b@alfki.de"
    assert await rewind(hub) == 3


async def test_a_batch_of_a_log_that_was_replaced_moves_no_position(hub: Hub) -> None:
    await see(hub, uuid4())
    await rewind(hub)
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    await see(hub, uuid4())

    with pytest.raises(LogReplaced):
        await hub.ingest.handle([hub.event("crm", "c1", 2, {"email": "a@alfki.de"})])

    assert await rewind(hub) == 0
    assert "email" not in (await hub.one(Record)).values()


async def test_the_same_log_seen_again_leaves_the_position(hub: Hub) -> None:
    log_id = uuid4()
    await see(hub, log_id)
    await rewind(hub)
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    await see(hub, log_id)
    assert await rewind(hub) == 1
