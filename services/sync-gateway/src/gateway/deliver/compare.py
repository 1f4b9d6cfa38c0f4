"""The comparison of a system: every group of every record that it holds becomes due there, in batches, beside edits.

A system is compared after it was restored, and when it joins or begins to hold a kind.

The progress is stored in the system's row, so a restarted worker continues from it. A record that a fork marks for
comparison meanwhile counts as open too, whether the comparison has passed it or not. A record that is equal costs a
delivery that is answered with `already`. After a restore of the hub itself every register first gets a new revision,
because systems may have a later one of the hub's lost life, with another value.
"""

from collections.abc import Container, Sequence
from datetime import datetime
from uuid import UUID

from chassis import clock
from chassis.db import Sessions, transaction
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.kinds.holders import tenants_of
from gateway.store import policies
from gateway.store.deliveries import DERIVED, Delivery
from gateway.store.holding import stored
from gateway.store.load import read_records, save
from gateway.store.records import Record, RecordRow
from gateway.store.state import State
from gateway.store.systems import SYSTEMS, renewed_from

BATCH = 400
"""The number of records that are compared at once: an edit waits behind few of them."""

BEGIN = text("""
    with batch as (
        select tenant_id, canonical_id, kind from records where canonical_id > :after and kind = any(:kinds)
            and (cast(:tenants as uuid[]) is null or tenant_id = any(:tenants))
        order by canonical_id limit :batch for update),
    begun as (
        insert into deliveries (tenant_id, canonical_id, kind, system, state, acked, refused, told, revision, due_at,
            tries, changed_at, comparing, later)
        select tenant_id, canonical_id, kind, :system, 'pending', '{}', '{}', '{}', 1, now(), 0, now(), true,
            kind = any(:derived) from batch
        on conflict (canonical_id, system) do update set acked = '{}', refused = '{}', comparing = true,
            state = 'pending', waiting_for = null, tries = 0, due_at = now(), changed_at = now(),
            revision = deliveries.revision + 1)
    select count(*) as records, max(canonical_id::text)::uuid as last from batch
    """)


NEXT = text(
    "select canonical_id from records where kind = any(:kinds) and canonical_id > :after order by 1 limit :batch"
)


async def step(sessions: Sessions, system: str) -> bool:
    """Begin the next batch once the last one is nearly complete; returns whether the comparison continues."""
    await _renew_next(sessions, system)
    async with transaction(sessions) as session:
        found = select(SYSTEMS).where(SYSTEMS.c.name == system, SYSTEMS.c.restored_at.is_not(None))
        row = (await session.execute(found)).one_or_none()
        if row is None:
            return False
        begun, after = row.compare_begun, row.compare_after
        held = (await stored(session)).get(system, {})
        kinds, tenants = sorted(held), _listed(held)
        total = row.compare_total if begun else await _all(session, kinds, tenants)
        open_ = await _open(session, system, after)
        if after is not None and open_ < BATCH / 4:
            which = {"system": system, "kinds": kinds, "tenants": tenants, "after": after}
            which |= {"derived": sorted(DERIVED), "batch": BATCH}
            batch = (await session.execute(BEGIN, which)).one()
            begun, after, open_ = begun + batch.records, batch.last, open_ + batch.records
        over = {"restored_at": None, "restored_because": None, "joining": False} if after is None and open_ == 0 else {}
        progress = {"compare_after": after, "compare_begun": begun, "compare_total": max(begun, total)}
        values = {**progress, "compare_done": max(row.compare_done, begun - open_), **over}
        # The system's row is locked last, as in ingest; nothing is stored if another restore was detected meanwhile.
        same = SYSTEMS.c.name == system, SYSTEMS.c.restored_at == row.restored_at
        await session.execute(update(SYSTEMS).where(*same).values(values))
        return not over


async def _renew_next(sessions: Sessions, system: str) -> None:
    """Renew the revisions of the next batch's records. Records are locked before deliveries, as in ingest."""
    async with transaction(sessions) as session:
        first = await renewed_from(session)
        after = await session.scalar(select(SYSTEMS.c.compare_after).where(SYSTEMS.c.name == system))
        if first == 0 or after is None:
            return
        holdings = await stored(session)
        which = {"kinds": sorted(holdings.get(system, {})), "after": after, "batch": BATCH}
        ids: Sequence[UUID] = (await session.scalars(NEXT, which)).all()
        state, now = State(holdings, await policies.current(session)), clock.now()
        await read_records(session, state, ids)
        for record in state.records.values():
            renew(state, record, first, now)
        await save(session, state)


def renew(state: State, record: RecordRow, first: int, now: datetime) -> None:
    """Give every register below the revision `first` a new one, above all others and in their order; all is due."""
    known = record.decoded
    old = sorted((register.rev, group) for group, register in known.items() if register.rev < first)
    if not old:
        return
    above = max(first, *(register.rev + 1 for register in known.values()))
    renewed = {group: known[group]._replace(rev=rev) for rev, (_, group) in enumerate(old, start=above)}
    record.put(renewed, now)
    for delivery in state.deliveries_of(record):
        delivery.compare(now)


async def _open(session: AsyncSession, system: str, after: UUID | None) -> int:
    """The number of begun records without an answer; records after the position may be compared because of a fork.

    A waiting record does not count: it may wait for one of a later batch.
    """
    sent = Delivery.system == system, Delivery.comparing, Delivery.state != "waiting"
    comparing = select(func.count()).where(*sent)
    begun = comparing if after is None else comparing.where(Delivery.canonical_id <= after)
    return await session.scalar(begun) or 0


async def _all(session: AsyncSession, kinds: Sequence[str], tenants: list[UUID] | None) -> int:
    """The number of records to compare. Counted once, at the beginning, because it scans the table."""
    counted = select(func.count()).where(Record.kind.in_(kinds))
    return await session.scalar(counted if tenants is None else counted.where(Record.tenant_id.in_(tenants))) or 0


def _listed(held: Container[str]) -> list[UUID] | None:
    """The tenants of a system; None is all."""
    tenants = tenants_of(held)
    return None if tenants is None else sorted(tenants)
