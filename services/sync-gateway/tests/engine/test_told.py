"""What systems are told of a record beside its values: refusals by field, parked groups, decisions."""

from typing import Any

import pytest
from chassis.db import Sessions, transaction
from gateway.resolve import conflicts as commands
from gateway.resolve.values import Named
from gateway.store.decisions import DecisionRow
from gateway.store.systems import register

from .hub import SYSTEMS, Answer, Hub, ScriptedSpoke, applied
from .test_deliver import ALFKI, NOW, deliver

pytestmark = pytest.mark.servers
MOST_ROUNDS = 10


@pytest.fixture
async def hub(sessions: Sessions) -> Hub:
    hub = Hub(sessions)
    await hub.with_status()
    return hub


async def settle(hub: Hub, answer: Answer = applied) -> dict[str, list[dict[str, Any]]]:
    """Deliver until nothing is due any more; answer what each system was sent."""
    spokes = {name: ScriptedSpoke(answer if name == "erp" else applied) for name in SYSTEMS}
    for _ in range(MOST_ROUNDS):
        if not sum([await deliver(hub, name, spoke) for name, spoke in spokes.items()]):
            return {name: spoke.items for name, spoke in spokes.items()}
    raise AssertionError(f"after {MOST_ROUNDS} rounds something is still due")


async def on_both(hub: Hub) -> str:
    """A customer that stands in both systems; its local id in the ERP."""
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    sent = await settle(hub)
    return f"new-{sent['erp'][0]['canonical_id']}"


async def edit_at_once(hub: Hub, there: str, **change: Any) -> None:
    """Both systems write these groups, neither having seen the other's value."""
    mine = {group: f"{value} of the CRM" for group, value in change.items()}
    theirs = {group: f"{value} of the ERP" for group, value in change.items()}
    await hub.ingest.handle([hub.event("crm", "c1", 2, mine), hub.event("erp", there, 1, theirs)])


async def test_a_parked_group_is_told_to_both_sides_and_no_more_when_it_is_resolved(hub: Hub) -> None:
    there = await on_both(hub)
    await edit_at_once(hub, there, notes="Text")
    sent = await settle(hub)

    decision = await hub.one(DecisionRow)
    for name, other in (("crm", "erp"), ("erp", "crm")):
        told = sent[name][-1]
        assert told["groups"] == []
        assert told["conflicts"] == [
            {
                "group": "notes",
                "rule": "manual",
                "since": decision.decided_at.isoformat(),
                "decision": str(decision.id),
                "path": f"/v1/decisions/{decision.id}",
            }
        ]
        assert told["peers"][other]["state"] == "conflict"
        assert [(each["group"], each["outcome"]) for each in told["decisions"]] == [("notes", "parked")]

    async with transaction(hub.sessions) as session:
        await register(session, list(SYSTEMS))
        await commands.resolve(session, decision.id, Named(origin="crm"), "a steward", NOW)
    sent = await settle(hub)

    for name, other in (("crm", "erp"), ("erp", "crm")):
        told = sent[name][-1]
        assert told["conflicts"] == []
        assert told["peers"][other]["state"] == "in_step"
    newest = {name: sent[name][-1]["decisions"][0] for name in SYSTEMS}
    assert {name: (each["winner"], each["outcome"]) for name, each in newest.items()} == {
        "crm": ("hub", "kept"),
        "erp": ("hub", "lost"),
    }


async def test_whose_value_lost_is_told_so(hub: Hub) -> None:
    there = await on_both(hub)
    await edit_at_once(hub, there, segment="Food")
    sent = await settle(hub)

    outcomes = {name: (each["rule"], each["winner"], each["outcome"]) for name in SYSTEMS for each in told(sent, name)}
    assert outcomes == {"crm": ("prefer:crm", "crm", "kept"), "erp": ("prefer:crm", "crm", "lost")}


async def test_only_the_newest_decisions_are_told(hub: Hub) -> None:
    there = await on_both(hub)
    groups = {f"custom:field_{n}": f"Text {n}" for n in range(7)}
    await edit_at_once(hub, there, **groups)
    sent = await settle(hub)

    newest = sorted((row.id for row in await hub.all(DecisionRow)), reverse=True)[:5]
    assert [each["id"] for each in told(sent, "crm")] == [str(each) for each in newest]


async def test_a_refusal_is_told_by_field_until_a_newer_value_is_on_its_way(hub: Hub) -> None:
    there = await on_both(hub)
    assert there
    refusals = {
        "email": {
            "type": "/problems/malformed",
            "title": "Malformed",
            "errors": [{"field": "email", "message": "no mail"}],
        },
        "phone": {"type": "/problems/not-unique", "title": "Taken", "detail": "By another."},
    }

    def refused(item: dict[str, Any]) -> dict[str, Any]:
        problems = {each["group"]: refusals[each["group"]] for each in item["groups"] if each["group"] in refusals}
        groups = {each["group"]: "rejected" if each["group"] in problems else "applied" for each in item["groups"]}
        outcome = "rejected" if problems else "applied"
        problem = next(iter(problems.values()), None)
        return {**applied(item), "outcome": outcome, "groups": groups, "problem": problem, "problems": problems}

    await hub.ingest.handle(
        [hub.event("crm", "c1", 2, {"email": "a@refused.example", "phone": "555 01"}, snapshot=ALFKI)]
    )
    sent = await settle(hub, refused)

    peer = sent["crm"][-1]["peers"]["erp"]
    assert (peer["state"], peer["reason"]) == ("rejected", "no mail Taken By another.")
    assert peer["fields"] == [
        {"group": "email", "field": "email", "code": "malformed", "message": "no mail"},
        {"group": "phone", "field": "phone", "code": "not-unique", "message": "Taken By another."},
    ]

    await hub.ingest.handle([hub.event("crm", "c1", 3, {"email": "a@b.example"}, snapshot=ALFKI)])
    crm = ScriptedSpoke()
    await deliver(hub, "crm", crm)
    assert crm.items[-1]["peers"]["erp"]["fields"] == peer["fields"][1:]

    await hub.ingest.handle([hub.event("crm", "c1", 4, {"phone": "555 02"}, snapshot=ALFKI)])
    await deliver(hub, "crm", crm)
    on_its_way: dict[str, Any] = {"state": "on_its_way", "reason": None, "fields": []}
    assert crm.items[-1]["peers"]["erp"] == on_its_way


def told(sent: dict[str, list[dict[str, Any]]], name: str) -> list[dict[str, Any]]:
    decisions: list[dict[str, Any]] = sent[name][-1]["decisions"]
    return decisions
