"""What a record shows beside its values: how far all others are, open conflicts, the newest decisions."""

from typing import Any
from uuid import uuid4

import pytest
from chassis.replication import edit, sync_state
from sqlalchemy.ext.asyncio import AsyncSession

from .notes import NOTE
from .test_port import note, one

pytestmark = pytest.mark.servers


async def test_conflicts_and_decisions_are_shown_until_the_hub_says_otherwise(
    session: AsyncSession,
) -> None:
    created = await one(session, title="Plans", peers={"shop": {"state": "conflict"}}, **told("text"))
    state = sync_state(await note(session, created))
    assert (state["state"], state["systems"]["shop"]["state"]) == ("conflict", "conflict")
    assert [each["group"] for each in state["conflicts"]] == ["text"]
    assert [(each["group"], each["outcome"]) for each in state["decisions"]] == [("text", "lost")]

    await one(session, canonical_id=created.canonical_id, rev=2, title="Plans B")
    assert sync_state(await note(session, created))["state"] == "conflict"

    peers = {"shop": {"state": "in_step"}}
    await one(session, canonical_id=created.canonical_id, rev=3, title="Plans", peers=peers, conflicts=[])
    state = sync_state(await note(session, created))
    assert (state["state"], state["conflicts"]) == ("in_step", [])
    assert len(state["decisions"]) == 1


async def test_being_told_moves_neither_version_nor_events(session: AsyncSession) -> None:
    created = await one(session, title="Plans")
    row = await note(session, created)
    before = (row.version, row.seq)
    await one(session, canonical_id=created.canonical_id, **told("text"))
    row = await note(session, created)
    assert (row.version, row.seq) == before
    assert sync_state(row)["state"] == "conflict"


@pytest.mark.parametrize("state", ["rejected", "conflict"])
async def test_the_mending_edit_is_on_its_way_at_once_and_another_edit_mends_nothing(
    session: AsyncSession, state: str
) -> None:
    refused = {"group": "text", "field": "text", "message": "no room"}
    peers = {"shop": {"state": state, "reason": "no room", "fields": [refused] if state == "rejected" else []}}
    conflicts = told("text") if state == "conflict" else {}
    created = await one(session, title="Plans", text="Long", peers=peers, **conflicts)
    row = await note(session, created)
    with edit(session, NOTE, row, "anna"):
        row.title = "Plans B"
    assert (sync_state(row)["state"], sync_state(row)["systems"]["shop"]["state"]) == (state, state)

    with edit(session, NOTE, row, "anna"):
        row.text = "Short"

    shown = sync_state(row)
    assert (shown["state"], shown["conflicts"]) == ("on_its_way", [])
    assert shown["systems"]["shop"] == {"state": "on_its_way", "reason": None, "fields": []}


async def test_a_refusal_told_by_an_older_version_counts_as_mended_by_any_edit(session: AsyncSession) -> None:
    created = await one(session, title="Plans")
    row = await note(session, created)
    row.peers = {"shop": {"state": "rejected", "reason": "no room"}}
    assert sync_state(row)["systems"]["shop"]["reason"] == "no room"
    with edit(session, NOTE, row, "anna"):
        row.title = "Plans B"
    assert sync_state(row)["state"] == "on_its_way"


async def test_each_refused_group_has_its_own_problem(session: AsyncSession) -> None:
    created = await one(session, title="Plans")
    outcome = await one(session, canonical_id=created.canonical_id, rev=2, title="T" * 41, colour="red")
    assert {group: problem["type"] for group, problem in outcome.problems.items()} == {
        "title": "/problems/title-too-long",
        "colour": "/problems/unknown-group",
    }
    assert outcome.problem == outcome.problems["title"]


def told(group: str) -> dict[str, Any]:
    """A parked group, and the decision about it."""
    decision = uuid4()
    path = f"/v1/decisions/{decision}"
    at = "2026-11-22T09:30:00Z"
    return {
        "conflicts": [{"group": group, "rule": "manual", "since": at, "decision": decision, "path": path}],
        "decisions": [
            {
                "id": decision,
                "group": group,
                "rule": "newest",
                "winner": "shop",
                "at": at,
                "state": "decided",
                "outcome": "lost",
                "path": path,
            }
        ],
    }
