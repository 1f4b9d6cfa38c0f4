"""What a merge must know before it reads records, in one statement: logs, pauses, and registered systems."""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from adjustments.statements import Statement
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.store.registrations import NUMBER, Changes

# A pause may be deleted once its messages are merged; while it is locked, no message that is held back is missed.
CONDITIONS = Statement(f"""
    with number as materialized ({NUMBER.text}),
    kept as materialized (select tenant_id, system, resumed_at from pauses for share)
    select (select number from number) as number, (select policies from number) as policies,
        (select json_object_agg(topic, log_id) from topic_logs where topic = any(cast(:topics as text[]))) as logs,
        array(select name from systems where paused_at is not null) as paused,
        (select json_agg(json_build_array(tenant_id, system)) from kept) as kept_back
    """)  # noqa: S608  (constants only)


class Conditions(NamedTuple):
    """`changes` counts those that cannot happen until the transaction ends. `kept_back` are tenants and systems
    whose messages are held back, `paused` systems to which nothing is delivered."""

    changes: Changes
    logs: Mapping[str, UUID]
    paused: Collection[str]
    kept_back: Collection[tuple[UUID, str]]

    def delivers(self, tenant: UUID, system: str) -> bool:
        """Whether deliveries of this tenant to this system are not paused."""
        return system not in self.paused and (tenant, system) not in self.kept_back


async def conditions(session: AsyncSession, topics: Collection[str]) -> Conditions:
    """The conditions of this transaction; the caller has locked its positions, with which logs change."""
    [found] = await CONDITIONS.fetch(session, {"topics": sorted(topics)})
    logs = {topic: UUID(log_id) for topic, log_id in (found["logs"] or {}).items()}
    kept_back = {(UUID(tenant), system) for tenant, system in found["kept_back"] or ()}
    changes = Changes(found["number"] or 0, found["policies"] or 0)
    return Conditions(changes, logs, found["paused"], kept_back)
