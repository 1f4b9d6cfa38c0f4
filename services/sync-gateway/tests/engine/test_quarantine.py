"""Holding a message never fails, whatever its bytes are, and its replay is the message that came."""

from dataclasses import replace
from typing import Any

import pytest
from chassis.bus import Headers, Message
from chassis.db import Sessions, storable
from chassis.testing import OTHER_TENANT
from gateway.store.quarantine import Quarantined
from gateway.store.records import Record
from sqlalchemy import delete, update
from structlog.testing import capture_logs

from .hub import Hub

pytestmark = pytest.mark.servers
NAME: dict[str, Any] = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}
HEADERS: list[Headers] = [
    (("ce_id", None),),
    (("x", b"\x00"),),
    (("x\x00y", b"z"),),
    (("x", b"\xff\xfe"),),
    (("x\udcff", b"1"),),
    (("x", b"1"), ("x", b"2"), ("X", None)),
]


@pytest.fixture
def hub(sessions: Sessions) -> Hub:
    return Hub(sessions)


async def forget_positions(hub: Hub) -> None:
    async with hub.sessions() as session, session.begin():
        await session.execute(delete(Record.metadata.tables["positions"]))


@pytest.mark.parametrize("headers", HEADERS)
async def test_a_message_with_any_headers_is_held_exactly_and_the_next_go_on(hub: Hub, headers: Headers) -> None:
    bad = hub.message("crm.customer.v1", b"{no json", headers)

    await hub.ingest.handle([bad, hub.event("crm", "c1", 1, NAME)])

    assert (await hub.one(Quarantined)).message() == bad
    assert (await hub.one(Record)).values() == NAME


@pytest.mark.parametrize("attribute", ["ce_correlationid", "ce_subject"])
async def test_an_event_with_a_nul_in_an_attribute_holds_up_nobody(hub: Hub, attribute: str) -> None:
    good = hub.event("crm", "c1", 1, NAME)
    bad = replace(hub.event("erp", "e1", 1, {**NAME, "phone": "+49 30 1234567"}, tenant=OTHER_TENANT), value=b"{\x00")
    bad = replace(bad, headers=tuple((n, b"a\x00b" if n == attribute else v) for n, v in bad.headers))

    await hub.ingest.handle([good, bad])

    assert (await hub.one(Record)).values() == NAME
    assert (await hub.one(Quarantined)).message() == bad


async def test_a_number_that_the_database_cannot_hold_is_held_instead_of_read_for_ever(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 2**63, NAME), hub.event("crm", "c2", 1, NAME)])

    assert (await hub.one(Quarantined)).message().offset == 0
    assert (await hub.one(Record)).values() == NAME


async def test_a_message_that_is_held_already_is_held_once(hub: Hub) -> None:
    batch = [hub.message("crm.customer.v1", b"{no json"), hub.event("crm", "c1", 1, NAME)]
    await hub.ingest.handle(batch)
    await forget_positions(hub)

    await hub.ingest.handle(batch)

    assert (await hub.one(Quarantined)).state == "held"
    assert len(await hub.all(Record)) == 1


@pytest.mark.parametrize(
    ("before", "after"), [("dropped", "dropped"), ("replaying", "replaying"), ("replayed", "held")]
)
async def test_what_a_person_said_about_a_message_stands_when_it_is_read_again(
    hub: Hub, before: str, after: str
) -> None:
    bad = hub.message("crm.customer.v1", b"{no json")
    await hub.ingest.handle([bad])
    async with hub.sessions() as session, session.begin():
        await session.execute(update(Quarantined).values(state=before))
    await forget_positions(hub)

    await hub.ingest.handle([bad])

    assert (await hub.one(Quarantined)).state == after


async def test_another_message_at_the_same_place_of_a_new_log_is_held_too(hub: Hub) -> None:
    first = hub.message("crm.customer.v1", b"{no json")
    second = replace(first, value=b"{neither")
    await hub.ingest.handle([first])
    await forget_positions(hub)

    await hub.ingest.handle([second])

    assert {held.message() for held in await hub.all(Quarantined)} == {first, second}


async def test_a_replay_that_fails_with_an_unprintable_reason_stays_held(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_known: object) -> None:
        raise ValueError("\ud800 and \x00")

    monkeypatch.setattr("gateway.ingest.fold.merge_event", fail)
    await hub.ingest.handle([hub.event("crm", "c1", 1, NAME)])
    async with hub.sessions() as session, session.begin():
        await session.execute(update(Quarantined).values(state="replaying"))

    assert await hub.ingest.replay() == 0

    held = await hub.one(Quarantined)
    assert (held.state, held.error) == ("held", "\\ud800 and \\x00")


async def test_a_message_that_fails_for_an_unknown_reason_is_logged_with_its_trace(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_known: object) -> None:
        raise KeyError("nobody thought of it")

    monkeypatch.setattr("gateway.ingest.fold.merge_event", fail)
    with capture_logs() as lines:
        await hub.ingest.handle([hub.event("crm", "c1", 1, NAME)])
        await hub.ingest.handle([hub.message("crm.customer.v1", b"{no json")])
        async with hub.sessions() as session, session.begin():
            await session.execute(update(Quarantined).where(Quarantined.log_offset == 0).values(state="replaying"))
        await hub.ingest.replay()

    traces = [(line["event"], type(line["exc_info"])) for line in lines if "exc_info" in line]
    assert traces == [
        ("message_quarantined", KeyError), ("message_quarantined", type(None)), ("replay_failed", KeyError)
    ]  # fmt: skip


def test_a_text_is_made_storable_without_losing_what_it_said() -> None:
    assert storable("Zoë \x00 \udcff") == "Zoë \\x00 \\udcff"


async def test_the_message_is_shown_readably(hub: Hub) -> None:
    await hub.ingest.handle([Message("crm.customer.v1", None, b"\xff{", (("ce_x", b"a\x00"), ("y", None)), 0, 0)])

    shown = (await hub.one(Quarantined)).shown_in_full()

    assert (shown["value"], shown["headers"]) == ("\ufffd{", {"ce_x": "a\\x00", "y": None})
    assert shown["raw_headers"] == [{"name": "ce_x", "base64": "YQA="}, {"name": "y", "base64": None}]
