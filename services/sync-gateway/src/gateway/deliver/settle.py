"""Settling the answer to a delivery. Pure: the caller holds the rows and writes them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gateway.deliver.families import reached
from gateway.deliver.items import Item, Nothing, Waits
from gateway.deliver.told import told_of
from gateway.merge.rules import latest
from gateway.store.deliveries import DeliveryRow
from gateway.store.links import LinkRow
from gateway.store.records import RecordRow
from gateway.store.state import State

LOOK_AGAIN = timedelta(seconds=1)
"""A waiting record becomes due when the record it waits for is linked. A link that is created during this transaction
does not make it due, so it is checked again: after this time, and then at doubling intervals."""

ROW_GONE = "/problems/row-gone"
"""The answer of a system that does not have the row of a link."""

LONGEST_PAUSE = timedelta(seconds=30)
TWO_RECORDS = {
    "type": "/problems/two-records",
    "title": "The system has two local records for this one",
    "hint": "Archive one of the two in that system, then retry the delivery.",
}


def settle(state: State, item: Item, outcome: Mapping[str, Any], now: datetime) -> None:
    """Settle one item's outcome: acknowledged, skipped or refused groups, and the link of a new record.

    Only a system that has the record can acknowledge a group of it. A record that was not created waits until one of
    its groups changes, or until its next attempt: then all of it is sent.
    """
    delivery = state.deliveries[(item.delivery.canonical_id, item.delivery.system)]
    record = state.records[delivery.canonical_id]
    if (outcome.get("problem") or {}).get("type") == ROW_GONE:
        _make_again(state, record, delivery, item, now)
        return
    for group, rev in (outcome.get("ahead") or {}).items():
        state.note_behind(rev, latest(record.decoded, group), f"{group} of {record.kind} in {delivery.system}")
    by_group = outcome["groups"] or dict.fromkeys(item.revisions, outcome["outcome"])
    problem = outcome.get("problem")
    if (two := _link(state, record, item, outcome, now)) is not None:
        by_group, problem = dict.fromkeys(item.revisions, "rejected"), two
    linked = (record.canonical_id, delivery.system) in state.linked
    current = delivery.revision == item.revision
    if linked and (current or not delivery.comparing):  # An answer to a delivery from before a restore is ignored.
        delivery.acknowledge({g: rev for g, rev in item.revisions.items() if by_group.get(g) in ("applied", "already")})
        delivery.acknowledge(item.left_out)
        delivery.acknowledge(reached(item.body.get("floors", {}), {g: by_group.get(g, "") for g in item.revisions}))
    refused = [group for group in item.revisions if by_group.get(group) == "rejected"]
    if outcome["outcome"] == "rejected" and not linked:
        refused = refused or list(item.revisions)
    for group in refused:
        own = None if two else outcome.get("problems", {}).get(group)
        delivery.refuse(group, item.revisions[group], own or problem, now)
    if outcome["outcome"] == "rejected" and not item.revisions:
        settle_deferred(state, item, now)
        return
    delivery.told = item.told
    delivery.comparing = delivery.comparing and (outcome["outcome"] == "skipped" or not current)
    skipped = outcome["outcome"] == "skipped" or "skipped" in by_group.values()
    stuck = bool(refused) and not linked
    delivery.tries = delivery.tries + 1 if skipped and not stuck else 0
    _release(state, record, item, now, again=pause(delivery.tries) if delivery.tries else None, stuck=stuck)


def _make_again(state: State, record: RecordRow, delivery: DeliveryRow, item: Item, now: datetime) -> None:
    """The row went with a restore: the record gets a new one there, with all that it has."""
    link = state.linked.get((record.canonical_id, delivery.system))
    delivery.leased_until = None
    if link is None or link.local_id != item.body["local_id"]:
        delivery.touch(now, now)
        return
    state.retire_link(link, now)
    state.restored[delivery.system] = f"{record.kind} {link.local_id} no longer exists there"
    delivery.compare(now)


def settle_nothing(state: State, nothing: Nothing, now: datetime) -> None:
    """Nothing was due: the delivery becomes idle until a change."""
    delivery = state.deliveries[(nothing.delivery.canonical_id, nothing.delivery.system)]
    if delivery.revision == nothing.revision:
        delivery.acknowledge(nothing.left_out)
    _release(state, state.records[delivery.canonical_id], nothing, now)


def settle_waiting(state: State, waits: Waits, now: datetime) -> None:
    """The record waits for another; this does not count as an attempt."""
    delivery = state.deliveries[(waits.delivery.canonical_id, waits.delivery.system)]
    known = (delivery.state, delivery.waiting_for) == ("waiting", waits.token)
    waited = now - delivery.changed_at if known else timedelta(0)
    delivery.wait(waits.token, now + min(max(waited, LOOK_AGAIN), LONGEST_PAUSE), now)
    delivery.leased_until = None
    tell_others(state, state.records[delivery.canonical_id], delivery.system, now)


def settle_refused(state: State, item: Item, problem: dict[str, Any], now: datetime) -> None:
    """The system refused the item as a whole."""
    outcome = {"outcome": "rejected", "groups": {}, "problem": problem, "local_id": None}
    settle(state, item, outcome, now)


def settle_deferred(state: State, item: Item, now: datetime) -> None:
    """The outcome of the item is unknown: it is sent again, after others."""
    delivery = state.deliveries[(item.delivery.canonical_id, item.delivery.system)]
    delivery.tries += 1
    _release(state, state.records[delivery.canonical_id], item, now, again=pause(delivery.tries))


def pause(tries: int) -> timedelta:
    """Growing pauses: 0.1 s, 0.2 s, ... up to 30 s."""
    return min(timedelta(seconds=0.1 * 2 ** min(tries - 1, 10)), LONGEST_PAUSE)


def tell_others(state: State, record: RecordRow, system: str, now: datetime) -> None:
    """Systems that were told something else of this one hear of it soon."""
    for delivery in state.deliveries_of(record):
        other = delivery.system
        if other != system and delivery.state in ("idle", "rejected") and _has_news(state, record, delivery):
            delivery.touch(now, now)


def _has_news(state: State, record: RecordRow, delivery: DeliveryRow) -> bool:
    """Whether the system was told something else than what is so now."""
    linked = (record.canonical_id, delivery.system) in state.linked
    return linked and delivery.told != told_of(state, record, delivery.system)


def _release(
    state: State,
    record: RecordRow,
    done: Item | Nothing,
    now: datetime,
    *,
    again: timedelta | None = None,
    stuck: bool = False,
) -> None:
    """End the lease: due `again` after that time, at once for newer changes, or idle. `stuck`: nothing is newer."""
    delivery = state.deliveries[(done.delivery.canonical_id, done.delivery.system)]
    delivery.leased_until, delivery.changed_at = None, now
    if delivery.revision == done.revision:
        dirty = bool(delivery.dirty(record.decoded)) and not stuck
        if again is not None or dirty or _has_news(state, record, delivery):
            delivery.state, delivery.waiting_for, delivery.due_at = "pending", None, now + (again or timedelta(0))
        else:
            _rest(delivery, now)
    tell_others(state, record, delivery.system, now)


def _rest(delivery: DeliveryRow, now: datetime) -> None:
    delivery.state, delivery.waiting_for = "rejected" if delivery.refused else "idle", None
    if delivery.refused:
        # A refusal whose time has come and which is not sent because its group is parked is checked periodically.
        retry_at = delivery.retry_at()
        delivery.due_at = retry_at if retry_at > now else now + LONGEST_PAUSE


def _link(
    state: State, record: RecordRow, item: Item, outcome: Mapping[str, Any], now: datetime
) -> dict[str, Any] | None:
    """Link the local record that the answer names; the problem, when the system says that it has two of them.

    A system that was asked for one row and names another no longer has the first.
    """
    local_id, system = outcome.get("local_id"), item.delivery.system
    known = state.linked.get((record.canonical_id, system))
    if not local_id or (known is not None and known.local_id == local_id):
        return None
    named = state.links.get((record.tenant_id, record.kind, system, local_id))
    moved = known is None or known.local_id == item.body["local_id"]
    if not moved or (named is not None and (named.retired_at is None or named.canonical_id != record.canonical_id)):
        return {**TWO_RECORDS, "local_id": local_id}
    if known is not None:
        state.retire_link(known, now)
        state.restored[system] = f"{record.kind} {known.local_id} is {local_id} now"
    if named is not None:
        if known is not None:  # Only one link may be current at a time; the next answer restores it.
            state.deliveries[(record.canonical_id, system)].compare(now)
        else:
            state.revive_link(named)
        return None
    link = LinkRow(
        tenant_id=record.tenant_id,
        kind=record.kind,
        system=system,
        local_id=local_id,
        canonical_id=record.canonical_id,
        seen_seq=0,
        tier="created",
        reason="created there by the hub",
        linked_at=now,
    )
    state.add_link(link)
    if known is not None:
        state.moved.append(link)
    return None
