"""Writing what a batch has changed: one statement for all rows, however many. The caller holds their locks."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.store.deliveries import Delivery
from gateway.store.links import Link
from gateway.store.records import Record

CHANGE = text("""
    with changed_records as (
        update records set registers = cast(n.registers as jsonb), changed_at = n.changed_at
        from unnest(cast(:record_ids as uuid[]), cast(:registers as text[]), cast(:records_changed_at as timestamptz[]))
            as n(canonical_id, registers, changed_at)
        where records.canonical_id = n.canonical_id
    ), changed_links as (
        update links set seen_seq = n.seen_seq, last_time_us = n.last_time_us, last_seq = n.last_seq,
            retired_at = n.retired_at
        from unnest(cast(:link_tenants as uuid[]), cast(:link_kinds as text[]), cast(:link_systems as text[]),
                    cast(:local_ids as text[]), cast(:seen_seqs as bigint[]), cast(:last_times_us as bigint[]),
                    cast(:last_seqs as bigint[]), cast(:retired_at as timestamptz[]))
            as n(tenant_id, kind, system, local_id, seen_seq, last_time_us, last_seq, retired_at)
        where (links.tenant_id, links.kind, links.system, links.local_id)
            = (n.tenant_id, n.kind, n.system, n.local_id)
    )
    update deliveries set state = n.state, acked = cast(n.acked as jsonb), refused = cast(n.refused as jsonb),
        told = cast(n.told as jsonb), revision = n.revision, due_at = n.due_at, leased_until = n.leased_until,
        waiting_for = n.waiting_for, tries = n.tries, changed_at = n.changed_at, comparing = n.comparing,
        correlation_id = n.correlation_id
    from unnest(cast(:delivery_ids as uuid[]), cast(:delivery_systems as text[]), cast(:states as text[]),
                cast(:acked as text[]), cast(:refused as text[]), cast(:told as text[]), cast(:revisions as bigint[]),
                cast(:due_at as timestamptz[]), cast(:leased_until as timestamptz[]), cast(:waiting_for as text[]),
                cast(:tries as int[]), cast(:deliveries_changed_at as timestamptz[]), cast(:comparing as boolean[]),
                cast(:correlation_ids as text[]))
        as n(canonical_id, system, state, acked, refused, told, revision, due_at, leased_until, waiting_for, tries,
             changed_at, comparing, correlation_id)
    where (deliveries.canonical_id, deliveries.system) = (n.canonical_id, n.system)
    """)


async def write_changes(session: AsyncSession) -> None:
    """Write every record, link and delivery of the session that is not as it was read. They leave the session."""
    changed = [row for row in session.dirty if isinstance(row, Record | Link | Delivery) and session.is_modified(row)]
    if not changed:
        return
    records = [row for row in changed if isinstance(row, Record)]
    links = [row for row in changed if isinstance(row, Link)]
    deliveries = [row for row in changed if isinstance(row, Delivery)]
    await session.execute(CHANGE, {**_records(records), **_links(links), **_deliveries(deliveries)})
    for row in changed:
        session.expunge(row)


def _records(rows: Sequence[Record]) -> dict[str, Any]:
    return {
        "record_ids": [row.canonical_id for row in rows],
        "registers": [_json(row.registers) for row in rows],
        "records_changed_at": [row.changed_at for row in rows],
    }


def _links(rows: Sequence[Link]) -> dict[str, Any]:
    return {
        "link_tenants": [row.tenant_id for row in rows],
        "link_kinds": [row.kind for row in rows],
        "link_systems": [row.system for row in rows],
        "local_ids": [row.local_id for row in rows],
        "seen_seqs": [row.seen_seq for row in rows],
        "last_times_us": [row.last_time_us for row in rows],
        "last_seqs": [row.last_seq for row in rows],
        "retired_at": [row.retired_at for row in rows],
    }


def _deliveries(rows: Sequence[Delivery]) -> dict[str, Any]:
    return {
        "delivery_ids": [row.canonical_id for row in rows],
        "delivery_systems": [row.system for row in rows],
        "states": [row.state for row in rows],
        "acked": [_json(row.acked) for row in rows],
        "refused": [_json(row.refused) for row in rows],
        "told": [_json(row.told) for row in rows],
        "revisions": [row.revision for row in rows],
        "due_at": [row.due_at for row in rows],
        "leased_until": [row.leased_until for row in rows],
        "waiting_for": [row.waiting_for for row in rows],
        "tries": [row.tries for row in rows],
        "deliveries_changed_at": [row.changed_at for row in rows],
        "comparing": [row.comparing for row in rows],
        "correlation_ids": [row.correlation_id for row in rows],
    }


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
