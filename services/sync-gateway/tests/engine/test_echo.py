"""Echoes of deliveries change nothing, and nothing is read for them; an author's acknowledgement may be late."""

from datetime import timedelta
from typing import Any

import pytest
from chassis.bus import Message
from chassis.db import Sessions
from gateway.deliver.loop import Delivering
from gateway.ingest import consume
from gateway.ingest.consume import Ingest
from gateway.ingest.fold import fold
from gateway.ingest.incoming import Incoming
from gateway.store.deliveries import Delivery
from gateway.store.links import Link
from gateway.store.records import Record
from gateway.store.sent import Sent

from .hub import SYSTEMS, Hub, ScriptedSpoke

pytestmark = pytest.mark.servers
ALFKI: dict[str, Any] = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}


@pytest.fixture
def merged(monkeypatch: pytest.MonkeyPatch) -> list[Incoming]:
    """The events that a record was read for."""
    seen: list[Incoming] = []

    def note(state: Any, batch: list[Incoming], now: Any) -> None:
        seen.extend(batch)
        fold(state, batch, now)

    monkeypatch.setattr(consume, "fold", note)
    return seen


@pytest.fixture
async def hub(sessions: Sessions) -> Hub:
    """A hub that has delivered a customer of the CRM to the ERP."""
    hub, sent = Hub(sessions), Sent()
    await hub.with_status()
    hub.ingest = Ingest(sessions, SYSTEMS, sent=sent)
    hub.delivering = {name: Delivering(sessions, name, SYSTEMS, sent) for name in SYSTEMS}
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    await hub.delivering["erp"].step(ScriptedSpoke())
    return hub


async def echo(hub: Hub, stored: dict[str, Any], seq: int = 1) -> Message:
    record = await hub.one(Record)
    marks = {group: {"seq": 0, "rev": register["rev"], "hlc": 0} for group, register in record.registers.items()}
    there, known = f"new-{record.canonical_id}", record.canonical_id
    return hub.event("erp", there, seq, stored, sync=marks, origin="gateway", canonical_id=known)


async def followed(hub: Hub) -> int:
    seen: dict[str, int] = {link.system: link.seen_seq for link in await hub.all(Link)}
    return seen["erp"]


async def test_an_echo_moves_its_link_on_and_no_record_is_read_for_it(hub: Hub, merged: list[Incoming]) -> None:
    await hub.ingest.handle([await echo(hub, ALFKI)])
    assert (merged, await followed(hub)) == ([], 1)


async def test_an_echo_that_comes_twice_is_a_duplicate(hub: Hub, merged: list[Incoming]) -> None:
    await hub.ingest.handle([await echo(hub, ALFKI)])
    await hub.ingest.handle([await echo(hub, ALFKI)])
    assert (len(merged), await followed(hub)) == (1, 1)


async def test_what_a_system_stored_otherwise_is_merged(hub: Hub, merged: list[Incoming]) -> None:
    other = {**ALFKI, "name": {"name": "Alfreds", "kind": "company"}}
    await hub.ingest.handle([await echo(hub, other)])
    assert (len(merged), (await hub.one(Record)).values()["name"]["name"]) == (1, "Alfreds")


async def test_an_echo_behind_a_gap_is_merged(hub: Hub, merged: list[Incoming]) -> None:
    await hub.ingest.handle([await echo(hub, ALFKI, seq=2)])
    assert (len(merged), await followed(hub)) == (1, 2)


async def test_a_worker_that_did_not_send_merges_the_echo(hub: Hub, merged: list[Incoming]) -> None:
    await Ingest(hub.sessions, SYSTEMS).handle([await echo(hub, ALFKI)])
    assert (len(merged), await followed(hub)) == (1, 1)


async def waits(hub: Hub, system: str) -> timedelta:
    pauses: dict[str, timedelta] = {each.system: each.due_at - each.changed_at for each in await hub.all(Delivery)}
    return pauses[system]


async def test_an_author_whose_values_stand_is_told_a_second_later_and_the_others_at_once(hub: Hub) -> None:
    await hub.ingest.handle([await echo(hub, ALFKI)])
    await hub.delivering["crm"].step(ScriptedSpoke())
    await hub.ingest.handle(
        [hub.event("crm", "c1", 2, {"email": "a@example.com"}, snapshot={"email": "a@example.com"})]
    )
    assert await waits(hub, "erp") <= timedelta(0)
    assert timedelta(0) < await waits(hub, "crm") <= timedelta(seconds=1)


async def test_a_correction_is_not_late(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 2, {"payment_terms": {"days": 30}})])
    assert await waits(hub, "crm") <= timedelta(0)
