"""Leases of what is due in one system, in turn by tenant. A lease that a dead worker held ends by itself."""

from collections.abc import Sequence
from uuid import UUID

from adjustments.statements import Statement
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.store.deliveries import UNSETTLED

BATCH = 400
SHARE = 200
"""Of one tenant at a time: no tenant waits for all that another has due."""

LEASE = "15 seconds"
"""A little more than a call may take: after a crash, what the dead worker held goes on then. Twice does no harm."""

# A lease that a crash of the server loses costs nothing: its commit need not wait for the disk.
LEASED = Statement(
    f"""
    with recursive tenants as (
        (select tenant_id from deliveries where system = :system and {UNSETTLED} and tenant_id > :after
         order by tenant_id limit 1)
        union all
        select (select next.tenant_id from deliveries as next
                where next.system = :system and {UNSETTLED} and next.tenant_id > tenants.tenant_id
                order by next.tenant_id limit 1)
        from tenants where tenants.tenant_id is not null
    ), due as (
        select mine.canonical_id, mine.system from tenants cross join lateral (
            select canonical_id, system from deliveries
            where tenant_id = tenants.tenant_id and system = :system and {UNSETTLED} and due_at <= now()
              and (leased_until is null or leased_until < now())
              and not exists (select from refused_kinds as refused
                  where (refused.tenant_id, refused.system, refused.kind)
                      = (deliveries.tenant_id, deliveries.system, deliveries.kind) and refused.again_at > now())
            order by later, due_at limit {SHARE} for update skip locked) as mine
        where set_config('synchronous_commit', 'off', true) is not null
          and not exists (select from systems where name = :system and paused_at is not null)
          and not exists (select from pauses as pause where pause.resumed_at is null
              and (pause.tenant_id, pause.system) = (tenants.tenant_id, :system))
        limit {BATCH}
    )
    update deliveries set leased_until = now() + interval '{LEASE}' from due
    where (deliveries.canonical_id, deliveries.system) = (due.canonical_id, due.system)
    returning deliveries.canonical_id, deliveries.tenant_id
    """  # noqa: S608  (constants only)
)
NEXT_DUE = Statement(
    f"""
    select (
        select extract(epoch from due_at - now()) from deliveries
        where system = :system and {UNSETTLED} and due_at > now() order by due_at limit 1
    ) as seconds, exists (
        select from deliveries where system = :system and {UNSETTLED} and due_at <= now()
            and (leased_until is null or leased_until < now())
    ) as overdue
    """  # noqa: S608  (constants only)
)
FIRST = UUID(int=0)
RELEASE = Statement("update deliveries set leased_until = null where system = :system and canonical_id = any(:ids)")


class Leases:
    """The leases of one worker on one system. Once nothing could be leased, `next_due_seconds` is when something is
    due, and `overdue` whether something has been due that nobody has leased: it is locked, or its delivery is paused.
    """

    def __init__(self, system: str) -> None:
        self.system = system
        self.next_due_seconds = float("inf")
        self.overdue = False
        self._after = FIRST

    async def take(self, session: AsyncSession) -> list[UUID]:
        """The next records that are due, of one tenant after another; tenants that had no turn begin the next one."""
        for after in dict.fromkeys((self._after, FIRST)):
            rows = await LEASED.fetch(session, {"system": self.system, "after": after})
            self._after = max(row["tenant_id"] for row in rows) if len(rows) >= BATCH else FIRST
            if rows:
                return [row["canonical_id"] for row in rows]
        [found] = await NEXT_DUE.fetch(session, {"system": self.system})
        self.next_due_seconds = float("inf") if found["seconds"] is None else float(found["seconds"])
        self.overdue = found["overdue"]
        return []

    async def give_back(self, session: AsyncSession, ids: Sequence[UUID]) -> None:
        """End leases of records that were not delivered."""
        await RELEASE.fetch(session, {"system": self.system, "ids": list(ids)})
