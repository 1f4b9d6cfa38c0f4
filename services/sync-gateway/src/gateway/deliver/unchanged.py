"""Settling answers without reading again: on the rows of which the items were made, unless one of them has changed.

One statement locks the deliveries of these records, compares them with what is known, and writes. A record of which
another system's delivery has changed too is left to the caller, who reads it again under its lock.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from adjustments.statements import Statement
from chassis.db import Sessions

from gateway.deliver.items import Item
from gateway.deliver.settle import settle
from gateway.store.deliveries import DELIVERIES, DeliveryRow
from gateway.store.state import State

# A settled answer that a crash of the server loses is asked for again: its commit need not wait for the disk.
SAME = """
    with known as (
        select * from unnest(cast(:ids as uuid[]), cast(:systems as text[]), cast(:revisions as bigint[]),
            cast(:times as timestamptz[])) as known(canonical_id, system, revision, changed_at)
    ), present as (
        select canonical_id, system, revision, changed_at from deliveries
        where canonical_id = any(cast(:ids as uuid[])) and set_config('synchronous_commit', 'off', true) is not null
        order by canonical_id, system for update
    ), same as (
        select canonical_id from present left join known using (canonical_id, system) group by canonical_id
        having bool_and((present.revision, present.changed_at) is not distinct from (known.revision, known.changed_at))
    )
    """


@cache
def _statement() -> Statement:
    """Made when first needed, as the update of the rows is."""
    condition = "n.canonical_id in (select canonical_id from same)"
    return Statement(f"{SAME} {DELIVERIES.updating} and {condition} returning n.canonical_id")


async def settle_unchanged(
    sessions: Sessions,
    made_of: Mapping[UUID, State],
    items: Sequence[Item],
    outcomes: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> tuple[set[UUID], State]:
    """Settle what is applied and changes nothing but deliveries; returns the records that are settled, and their state
    after it."""
    view = State(systems={})
    settled: list[Item] = []
    for item in items:
        state = made_of[item.delivery.canonical_id]
        if _is_plain(state, item, outcomes[item.body["canonical_id"]]):
            _copy(state, item.delivery.canonical_id, view)
            settled.append(item)
    known = [_known(row) for row in view.deliveries.values()]
    for item in settled:
        settle(view, item, outcomes[item.body["canonical_id"]], now)
    if not settled or view.restored or view.behind:
        return set(), view
    ids, systems, revisions, times = zip(*known, strict=True)
    values: dict[str, Any] = {"ids": ids, "systems": systems, "revisions": revisions, "times": times}
    values |= DELIVERIES.changes(view.deliveries.values())
    written = await _statement().fetch_alone(sessions, values)
    return {row["canonical_id"] for row in written}, view


def _copy(state: State, canonical_id: UUID, view: State) -> None:
    """Put what settling reads of a record into `view`: with rows of its own, which settling changes."""
    record = view.records[canonical_id] = state.records[canonical_id]
    view.systems = {**view.systems, **state.systems}
    view.decided[canonical_id] = state.decided[canonical_id]
    for row in state.deliveries_of(record):
        view.deliveries[(canonical_id, row.system)] = DELIVERIES.copied(row)
        if (link := state.linked.get((canonical_id, row.system))) is not None:
            view.linked[(canonical_id, row.system)] = link


def _is_plain(state: State, item: Item, outcome: Mapping[str, Any]) -> bool:
    """Whether an answer is about the row that was asked for, and contains nothing but acknowledgements."""
    delivery = item.delivery
    link = state.linked.get((delivery.canonical_id, delivery.system))
    return (
        outcome["outcome"] in ("applied", "already")
        and link is not None
        and link.local_id == outcome.get("local_id")
        and not (outcome.get("problem") or outcome.get("ahead") or delivery.comparing)
    )


def _known(row: DeliveryRow) -> tuple[UUID, str, int, datetime]:
    return row.canonical_id, row.system, row.revision, row.changed_at
