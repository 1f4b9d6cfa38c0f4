"""What a port must do: one function for each rule, with the rule as its docstring."""

from collections.abc import Awaitable, Callable
from typing import Any

from contracts.conformance.port import BASE, Failed, Port, Record, expect, must, said
from contracts.conformance.samples import sample_of

Check = Callable[[Port], Awaitable[None]]
Edit = Callable[[str, str], Awaitable[str]]
"""Edits one group of a record in the system itself, as a user does: kind and local id; returns the group."""

LARGEST_BATCH = 200
NO_SUCH_GROUP = "conformance_no_such_group"


async def new_record(port: Port) -> None:
    """A new record is applied, and its outcome contains the local id, the row's number and an outcome per group."""
    sample = await sample_of(port)
    record = Record()
    (outcome,) = await port.deliver(record.item(sample.values, 1, references=sample.references))
    expect(outcome, "applied", "a new record", list(sample.values))
    must(bool(outcome.get("local_id")), "a local id", str(outcome))


async def created_once(port: Port) -> None:
    """A record is created once per canonical id, also when it is delivered again without its local id."""
    sample, record = await sample_of(port), Record()
    first = await port.create(record, sample.values)
    record.local_id = None
    (again,) = await port.deliver(record.item(sample.values, 1))
    expect(again, "already", "the same new record again")
    must(again["local_id"] == first["local_id"], f"the local id {first['local_id']}", str(again["local_id"]))


async def duplicate(port: Port) -> None:
    """A delivery that was applied is answered `already`, group by group."""
    sample, record = await sample_of(port), Record()
    await port.create(record, sample.values)
    (again,) = await port.deliver(record.item(sample.values, 1))
    expect(again, "already", "the same delivery again", list(sample.values))


async def old_delivery(port: Port) -> None:
    """A revision below the stored one changes nothing, and is answered `already`."""
    sample, record = await sample_of(port), Record()
    group, value = sample.changed
    await port.create(record, {**sample.values, group: value}, rev=5)
    (late,) = await port.deliver(record.item({group: None}, 3))
    expect(late, "already", "a late delivery", [group])


async def newer_value(port: Port) -> None:
    """A greater revision is applied; null empties a group."""
    sample, record = await sample_of(port), Record()
    await port.create(record, sample.values)
    group, value = sample.changed
    (changed,) = await port.deliver(record.item({group: value}, 2))
    expect(changed, "applied", "a new value", [group])
    (emptied,) = await port.deliver(record.item({group: None}, 3))
    expect(emptied, "applied", "an empty value", [group])


async def equal_value(port: Port) -> None:
    """A value that is stored already is applied too: the row takes over its revision."""
    sample, record = await sample_of(port), Record()
    group, value = sample.changed
    await port.create(record, {**sample.values, group: value})
    (same,) = await port.deliver(record.item({group: value}, 2))
    expect(same, "applied", "the same value at a new revision", [group])
    (again,) = await port.deliver(record.item({group: value}, 2))
    expect(again, "already", "that revision again", [group])


async def unknown_row(port: Port) -> None:
    """A record whose local id is unknown is `skipped` with a problem: the gateway delivers it whole, as a new one."""
    sample, gone = await sample_of(port), Record(local_id="00000000-0000-4000-8000-000000000000")
    (outcome,) = await port.deliver(gone.item(sample.values, 1))
    expect(outcome, "skipped", "a record whose row is gone")
    must(bool(outcome.get("problem")), "a problem that says that the row is gone", str(outcome))


async def refused_group(port: Port) -> None:
    """A group that cannot be stored is `rejected` with its problem, and the other groups are applied."""
    sample, record = await sample_of(port), Record()
    await port.create(record, sample.values)
    group, value = sample.changed
    (outcome,) = await port.deliver(record.item({group: value, NO_SUCH_GROUP: 1}, 2))
    must(outcome["outcome"] == "rejected", "the outcome of the item is rejected", str(outcome))
    groups = outcome["groups"]
    must(groups.get(NO_SUCH_GROUP) == "rejected", f"{NO_SUCH_GROUP} is rejected", str(groups))
    must(groups.get(group) == "applied", f"{group} is applied", str(groups))
    problem = outcome.get("problems", {}).get(NO_SUCH_GROUP) or {}
    must({"title", "type"} <= problem.keys(), "a problem document (RFC 9457) for the group", str(outcome))


async def incomplete(port: Port) -> None:
    """A new record without a required group is `rejected`, and no row is created."""
    sample, record = await sample_of(port), Record()
    group, value = sample.changed
    (outcome,) = await port.deliver(record.item({group: value}, 1))
    expect(outcome, "rejected", "a new record without its required groups")
    must(bool(outcome.get("problem")), "a problem that names the missing groups", str(outcome))
    must(outcome.get("local_id") is None, "no local id", str(outcome.get("local_id")))
    await port.create(record, sample.values, rev=2)


async def isolation(port: Port) -> None:
    """A failing item of a batch refuses no other item."""
    first, second = await sample_of(port), await sample_of(port)
    good, bad, better = Record(), Record(), Record()
    outcomes = await port.deliver(
        good.item(first.values, 1, references=first.references),
        bad.item({NO_SUCH_GROUP: 1}, 1),
        better.item(second.values, 1, references=second.references),
    )
    found = [outcome["outcome"] for outcome in outcomes]
    must(found == ["applied", "rejected", "applied"], "applied, rejected, applied", ", ".join(found))


async def comparison(port: Port) -> None:
    """A comparison sends all records again, in full batches: what is equal is answered `already`, in order."""
    samples = [await sample_of(port) for _ in range(3)]
    records = [Record() for _ in samples]
    for record, sample in zip(records, samples, strict=True):
        await port.create(record, sample.values)
    items = [r.item(s.values, 1) for r, s in zip(records, samples, strict=True)] * (LARGEST_BATCH // len(records))
    outcomes = await port.deliver(*items)
    found = {outcome["outcome"] for outcome in outcomes}
    must(found == {"already"}, "already for every item", ", ".join(sorted(found)))
    must(await port.deliver() == [], "no outcomes for a batch without items", "some")


async def larger_batch(port: Port) -> None:
    """A batch above the limit of 200 items is refused as a whole with 413 or 422."""
    item = Record().item({"life": "live"}, 1)
    response = await port.send({"items": [item] * (LARGEST_BATCH + 1)})
    must(response.status_code in (413, 422), "413 or 422", said(response))


async def archiving(port: Port) -> None:
    """`life` archives a record and takes it into use again; its row stays."""
    sample, record = await sample_of(port), Record()
    first = await port.create(record, sample.values)
    for rev, life in ((2, "dead"), (3, "live"), (4, "dead")):
        (outcome,) = await port.deliver(record.item({"life": life}, rev))
        expect(outcome, "applied", f"life {life}", ["life"])
        must(outcome["local_id"] == first["local_id"], "the same local id", str(outcome))


async def unknown_fields(port: Port) -> None:
    """What is only for display is accepted: states of other systems, conflicts, decisions, marks of what was seen."""
    sample, record = await sample_of(port), Record()
    shown: dict[str, Any] = {
        "peers": {"other": {"state": "waiting", "reason": "it waits", "fields": []}},
        "conflicts": [],
        "decisions": [],
        "floors": {},
        "seen": {"other": [1, 1]},
        "last_merged": None,
        "correlation_id": "conformance",
    }
    (outcome,) = await port.deliver(record.item(sample.values, 1, references=sample.references, **shown))
    expect(outcome, "applied", "an item with reports")


async def unknown_kind(port: Port) -> None:
    """A kind that the system does not hold is answered with 404, so that only this kind waits."""
    response = await port.send({"items": []}, kind="conformance_no_such_kind")
    must(response.status_code == 404, "404", said(response))


async def status(port: Port) -> None:
    """`GET /replication/v1/status` names the kinds, the incarnation, the newest position and the clock."""
    first = await port.client.get(f"{BASE}/status")
    must(first.status_code == 200, "200", said(first))
    answer = first.json()
    must(port.kind in answer.get("kinds", ()), f"{port.kind} among the kinds", str(answer))
    must(isinstance(answer.get("incarnation"), str), "an incarnation", str(answer))
    must(isinstance(answer.get("position"), int), "a position", str(answer))
    sample = await sample_of(port)
    await port.create(Record(), sample.values)
    later = (await port.client.get(f"{BASE}/status")).json()
    must(later["incarnation"] == answer["incarnation"], "the same incarnation", str(later))
    must(later["position"] >= answer["position"], "a position that does not decrease", str(later))


async def needs_a_token(port: Port) -> None:
    """A call without a valid token is answered with 401 or 403."""
    response = await port.send({"items": []}, headers={"Authorization": "Bearer conformance"})
    must(response.status_code in (401, 403), "401 or 403", said(response))


async def local_edit(port: Port, edit: Edit) -> None:
    """A group that a user has edited since is `skipped`, until the gateway has merged the edit."""
    sample, record = await sample_of(port), Record()
    first = await port.create(record, sample.values)
    group = await edit(port.kind, str(record.local_id))
    value = sample.values.get(group, sample.changed[1])
    (outcome,) = await port.deliver(record.item({group: value}, 2, seen_seq=first["seq"]))
    expect(outcome, "skipped", "a value for a group with an unmerged edit", [group])
    must(outcome["seq"] > first["seq"], f"a number above {first['seq']}", str(outcome["seq"]))
    (outcome,) = await port.deliver(record.item({group: value}, 3, seen_seq=outcome["seq"]))
    expect(outcome, "applied", "a value after the edit was merged", [group])


CHECKS: tuple[Check, ...] = (
    new_record,
    created_once,
    duplicate,
    old_delivery,
    newer_value,
    equal_value,
    unknown_row,
    refused_group,
    incomplete,
    isolation,
    comparison,
    larger_batch,
    archiving,
    unknown_fields,
    unknown_kind,
    status,
    needs_a_token,
)

__all__ = ["CHECKS", "Check", "Edit", "Failed", "local_edit"]
