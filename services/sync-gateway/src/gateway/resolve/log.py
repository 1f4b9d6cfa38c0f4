"""The entries of corrections in the decision log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from chassis.db import uuid7
from contracts.events import MENDED
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.store import publish
from gateway.store.decisions import DecisionRow
from gateway.store.records import GoldenRecord

Rule = Literal["unlink", "relink", "drop", "resync"]
POLICY = "steward"


@dataclass(frozen=True)
class Author:
    """The author, the reason and the time of a correction."""

    actor: str
    reason: str
    now: datetime


def write(
    session: AsyncSession, record: GoldenRecord, system: str, rule: Rule, author: Author, facts: Mapping[str, Any]
) -> DecisionRow:
    """Log an action on a record in a system, and announce it. `facts` are the value of the entry."""
    row = DecisionRow(
        id=uuid7(),
        tenant_id=record.tenant_id,
        kind=record.kind,
        canonical_id=record.canonical_id,
        group_key=f"{MENDED}{system}",
        rule=rule,
        policy=POLICY,
        policy_version=1,
        winner=None,
        value=dict(facts),
        heads=[],
        detail=author.reason,
        event_id=str(uuid7()),
        state="resolved",
        decided_at=author.now,
        resolved_at=author.now,
        resolved_by=author.actor,
    )
    session.add(row)
    publish.decisions(session, [row])
    return row
