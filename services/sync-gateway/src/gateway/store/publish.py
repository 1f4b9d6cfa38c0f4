"""The events of the hub: golden records as `sync.<kind>.v1`, decisions as `sync.conflict.v1`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from adjustments.statements import Sent
from chassis import clock, outbox, telemetry
from chassis.db import uuid7
from chassis.events import Event
from contracts.events import MENDED, partitions_of
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.kinds import KINDS
from gateway.kinds.shapes import unfit_groups
from gateway.merge.register import standings
from gateway.store.decisions import DecisionRow
from gateway.store.policies import NO_CHOICES, Policies
from gateway.store.records import RecordRow

log = structlog.get_logger()
CONFLICTS = "sync.conflict.v1"
TOPICS = {topic: partitions_of(topic) for topic in (*(f"sync.{kind}.v1" for kind in KINDS), CONFLICTS)}


class Cause(NamedTuple):
    """The event that caused a change, and its request and trace."""

    event_id: str
    correlation_id: str | None
    traceparent: str | None


Causes = Mapping[UUID, Cause]
"""By canonical id; the default is the current request."""

NONE: Causes = {}


def cause_of(causes: Causes, canonical_id: UUID) -> Cause:
    """The cause of an event about a record: another event, or the current request."""
    return causes.get(canonical_id) or Cause("", telemetry.correlation_id.get(), telemetry.traceparent())


def golden_records(
    records: Iterable[RecordRow], causes: Causes = NONE, policies: Policies = NO_CHOICES
) -> Iterator[Sent]:
    """The statement that announces records whose shown values have changed. The sequence grows with every change.

    A record that does not fit its published schema is reported instead; it is announced once its values fit.
    """
    events = []
    for record in records:
        if unfit := unfit_groups(record.kind, record.values()):
            telemetry.GOLDEN_UNFIT.labels(record.kind).inc()
            log.error("golden_record_unfit", kind=record.kind, canonical_id=str(record.canonical_id), errors=unfit)
            continue
        sequence = sum(rev for _, rev, _ in standings(record.decoded))
        topic = f"sync.{record.kind}.v1"
        subject = str(record.canonical_id)
        name, golden = f"sync.{record.kind}.changed.v1", record.golden(policies.spec(record.tenant_id, record.kind))
        events.append((topic, subject, _event(name, topic, subject, record, golden, causes, str(sequence))))
    yield from outbox.announcing(events)


def decisions(session: AsyncSession, rows: Iterable[DecisionRow], causes: Causes = NONE) -> None:
    """Announce decisions, new ones and those whose state has changed, and corrections; the key is the decision's id."""
    for row in rows:
        name = "sync.conflict.mended.v1" if row.group_key.startswith(MENDED) else "sync.conflict.decided.v1"
        event = _event(name, CONFLICTS, str(row.id), row, row.shown(), causes)
        telemetry.DECISIONS.labels(row.kind, row.rule.partition(":")[0]).inc()
        outbox.announce(session, CONFLICTS, str(row.id), event)


def _event(
    name: str,
    topic: str,
    subject: str,
    of: RecordRow | DecisionRow,
    data: dict[str, Any],
    causes: Causes,
    sequence: str | None = None,
) -> Event:
    cause = cause_of(causes, of.canonical_id)
    return Event(
        id=str(uuid7()),
        source="/sync",
        type=name,
        subject=subject,
        time=clock.now(),
        data=data,
        tenant=str(of.tenant_id),
        dataschema=f"{topic}.json",
        sequence=sequence,
        canonicalid=str(of.canonical_id),
        origin="hub",
        correlationid=cause.correlation_id,
        causationid=cause.event_id or None,
        traceparent=cause.traceparent,
    )
