"""Reading and writing the rows of a batch, in a few statements; rows that may change are locked, in one order.

The order is: advisory locks of match keys, records, deliveries. All transactions use it, so they cannot deadlock.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from adjustments.statements import Sent, Statement, in_turn
from sqlalchemy import ARRAY, Uuid, any_, bindparam, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.kinds import KINDS
from gateway.kinds.references import pending_references
from gateway.store import publish
from gateway.store.decisions import DecisionRow
from gateway.store.deliveries import DELIVERIES, Delivery, DeliveryRow
from gateway.store.known_decisions import under_known_ids
from gateway.store.links import LINKS, Link, LinkRow, MatchKey
from gateway.store.quarantine import replay_held
from gateway.store.records import RECORDS, Record, RecordRow
from gateway.store.rows import columns_of
from gateway.store.state import MOST_SHARED, LinkKey, State
from gateway.store.systems import note_behind, note_restored

LOCK_KEYS = Statement(
    "select pg_advisory_xact_lock(hashtextextended(key, 0)) from unnest(cast(:keys as text[])) as key"
)

ADD_KEYS = Statement("""
    insert into match_keys (tenant_id, kind, key, canonical_id)
    select * from unnest(cast(:tenants as uuid[]), cast(:kinds as text[]), cast(:keys as text[]), cast(:ids as uuid[]))
    on conflict do nothing
    """)


MatchKeyOf = tuple[UUID, str, str]
"""Tenant, kind, key."""

# Statements without lists of variable length: they are compiled and planned once.
IDS: Any = any_(bindparam("ids", type_=ARRAY(Uuid())))
RECORDS_OF = columns_of(RecordRow, Record).where(Record.canonical_id == IDS).order_by(Record.canonical_id)
OWNERS = select(Record.canonical_id, Record.tenant_id, Record.kind).where(Record.canonical_id == IDS)
DELIVERIES_OF = (
    columns_of(DeliveryRow, Delivery)
    .where(Delivery.canonical_id == IDS)
    .order_by(Delivery.canonical_id, Delivery.system)
)
READ_RECORDS, LOCKED_RECORDS = Statement(RECORDS_OF), Statement(RECORDS_OF.with_for_update())
READ_DELIVERIES, LOCKED_DELIVERIES = Statement(DELIVERIES_OF), Statement(DELIVERIES_OF.with_for_update())
OWN_LINKS = Statement(columns_of(LinkRow, Link).where(Link.canonical_id == IDS))
NAMED_LINKS = Statement(
    f"""
    select {", ".join(f"links.{name}" for name in LinkRow.COLUMNS)} from links
    join unnest(cast(:tenants as uuid[]), cast(:kinds as text[]), cast(:systems as text[]), cast(:local_ids as text[]))
        as n(tenant_id, kind, system, local_id)
    using (tenant_id, kind, system, local_id)
    """  # noqa: S608  (our names)
)
KEYS = select(MatchKey).from_statement(
    text("""
    select found.*
    from unnest(cast(:tenants as uuid[]), cast(:kinds as text[]), cast(:keys as text[])) as n(tenant_id, kind, key)
    cross join lateral (
        select * from match_keys as m where (m.tenant_id, m.kind, m.key) = (n.tenant_id, n.kind, n.key) limit :most
    ) as found
    """)
)


async def read_records(session: AsyncSession, state: State, wanted: Iterable[UUID], *, lock: bool = True) -> None:
    """Read records with their deliveries, links, and the links of their references; lock rows that may change.

    Without locks the links are read first: a value may be delivered with an earlier `seen_seq` than its own, and is
    then sent again, but never with a later one, which would overwrite an unseen edit.
    """
    ids = sorted(wanted)
    if not ids:
        return
    if not lock:
        await _read_own_links(session, state, ids)
    for found in await (LOCKED_RECORDS if lock else READ_RECORDS).fetch(session, {"ids": ids}):
        record = RecordRow.read(*found)
        state.records[record.canonical_id] = record
    for found in await (LOCKED_DELIVERIES if lock else READ_DELIVERIES).fetch(session, {"ids": ids}):
        delivery = DeliveryRow.read(*found)
        state.deliveries[(delivery.canonical_id, delivery.system)] = delivery
        if delivery.system not in state.systems:
            state.newer_systems.add(delivery.system)
    if lock:
        await _read_own_links(session, state, ids)
    await read_links(session, state, set(_pending(state)))


async def save(session: AsyncSession, state: State) -> None:
    """Write everything the pass has changed; what belongs together becomes visible together."""
    async with in_turn(session) as turn:
        for sent in _writes(state):
            await turn.send(sent)
    state.decisions = await under_known_ids(session, state.decisions)
    session.add_all(state.decisions)
    if state.closed:
        await _close(session, state)
    for system, because in sorted(state.restored.items()):
        await note_restored(session, system, because)
    for link in state.moved:
        await replay_held(session, link, "hub", link.linked_at)
    if state.behind is not None:
        await note_behind(session, *state.behind)
    await session.flush()
    await wake(session, state.woken)
    publish.decisions(session, state.decisions, state.causes)


def _writes(state: State) -> Iterator[Sent]:
    """Each statement is made while the server executes the one before: the longest beside the longest."""
    yield from RECORDS.writes(state.records.values())
    yield from publish.golden_records(state.golden.values(), state.causes, state.policies)
    yield from LINKS.writes(state.links.values())
    yield from DELIVERIES.writes(state.deliveries.values())
    if state.new_keys:
        tenants, kinds, keys, ids = zip(*sorted(state.new_keys, key=str), strict=True)
        yield ADD_KEYS, {"tenants": tenants, "kinds": kinds, "keys": keys, "ids": ids}


async def wake(session: AsyncSession, tokens: Iterable[str]) -> None:
    """Make deliveries due that waited for one of these."""
    if waiting := sorted(tokens):
        await session.execute(
            text(
                "update deliveries set state = 'pending', waiting_for = null, due_at = now(), revision = revision + 1"
                " where state = 'waiting' and waiting_for = any(:tokens)"
            ),
            {"tokens": waiting},
        )


async def _close(session: AsyncSession, state: State) -> None:
    """Close open decisions about groups that were decided again."""
    new = {row.id for row in state.decisions}
    found = await session.scalars(
        select(DecisionRow).where(
            tuple_(DecisionRow.canonical_id, DecisionRow.group_key).in_(sorted(state.closed)),
            DecisionRow.state == "open",
        )
    )
    for row in found:
        if row.id not in new:
            row.state = "superseded"
            state.decisions.append(row)


async def read_links(session: AsyncSession, state: State, keys: set[LinkKey]) -> None:
    """Read the links of these local records, unless they are read already."""
    missing = sorted(keys - state.links.keys(), key=str)
    if not missing:
        return
    tenants, kinds, systems, local_ids = zip(*missing, strict=True)
    wanted = {"tenants": tenants, "kinds": kinds, "systems": systems, "local_ids": local_ids}
    for found in await NAMED_LINKS.fetch(session, wanted):
        _put_link(state, LinkRow.read(*found))


async def _read_own_links(session: AsyncSession, state: State, ids: Sequence[UUID]) -> None:
    """Read again what was read before the lock: somebody else may have merged in between."""
    for found in await OWN_LINKS.fetch(session, {"ids": ids}):
        _put_link(state, LinkRow.read(*found))


def _put_link(state: State, link: LinkRow) -> None:
    state.links[(link.tenant_id, link.kind, link.system, link.local_id)] = link
    if link.retired_at is None:
        state.linked[(link.canonical_id, link.system)] = link


async def read_keys(session: AsyncSession, state: State, wanted: set[MatchKeyOf]) -> None:
    """Lock these match keys, then read their records, so that concurrent creates of the same record are serialised.

    Of a key that more than `MOST_SHARED` records have, one more than that is read.
    """
    if not wanted:
        return
    keys = sorted(wanted, key=str)
    await LOCK_KEYS.fetch(session, {"keys": [" ".join(map(str, key)) for key in keys]})
    tenants, kinds, names = zip(*keys, strict=True)
    wanted_of = {"tenants": tenants, "kinds": kinds, "keys": names, "most": MOST_SHARED + 1}
    for found in await session.scalars(KEYS, wanted_of):
        state.keys[(found.tenant_id, found.kind, found.key)].add(found.canonical_id)


async def owners(session: AsyncSession, ids: Sequence[UUID]) -> set[tuple[UUID, UUID, str]]:
    """The canonical id, tenant and kind of the existing ones of these records."""
    return {(row.canonical_id, row.tenant_id, row.kind) for row in await session.execute(OWNERS, {"ids": ids})}


def _pending(state: State) -> Iterator[LinkKey]:
    for record in state.records.values():
        for kind, system, local_id in pending_references(record.decoded, KINDS[record.kind]):
            yield (record.tenant_id, kind, system, local_id)
