"""Declare and withdraw outbound topics."""

from collections.abc import Callable, Mapping

from chassis.auth import Principal
from chassis.errors import Malformed, NotFound
from chassis.wakeup import notify
from contracts.outbound import OUTBOUND, removable
from sqlalchemy.ext.asyncio import AsyncSession

from outbound import queries
from outbound.models import OutboundKindNotReadable, OutboundTopic
from outbound.schemas import OutboundTopicBody, OutboundTopicOut

Scopes = Mapping[str, str]
"""Topic -> the scope that shows its events."""

Seen = Callable[[int, OutboundTopicOut], None]


def publishable(scopes: Scopes) -> list[str]:
    """The kinds that a service with these topics publishes outward."""
    return sorted(kind for kind, topic in OUTBOUND.items() if topic in scopes)


async def declare(
    session: AsyncSession, kind: str, body: OutboundTopicBody, caller: Principal, scopes: Scopes, seen: Seen
) -> OutboundTopicOut:
    """Publish a kind from its present state on, or change what is published.

    Raises `NotFound`, `OutboundKindNotReadable`, `Malformed`.
    """
    _check_kind(kind, scopes)
    scope = scopes[OUTBOUND[kind]]
    if scope not in caller.scopes:
        raise OutboundKindNotReadable(kind=kind, scope=scope)
    if unknown := sorted(set(body.without) - removable(kind)):
        message = f"cannot be left out: {', '.join(unknown)}; these can: {', '.join(sorted(removable(kind)))}"
        raise Malformed(errors=[{"field": "without", "code": "choice", "message": message}])
    row = await session.get(OutboundTopic, (caller.tenant, kind), with_for_update=True, populate_existing=True)
    if row is None:
        row = OutboundTopic(tenant_id=caller.tenant, kind=kind, position=0, failures=0, without=[])
        session.add(row)
    else:
        seen(row.version, queries.shown(row, behind=False))
    row.declare(list(set(body.without)), enabled=body.enabled, actor=caller.subject)
    await session.flush()
    await notify(session)
    return queries.shown(row, behind=True)


async def withdraw(session: AsyncSession, kind: str, caller: Principal, seen: Seen) -> None:
    """Publish a kind no more; what is in the topic stays there. Raises `NotFound`."""
    row = await session.get(OutboundTopic, (caller.tenant, kind), with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(kind=kind)
    seen(row.version, queries.shown(row, behind=False))
    await session.delete(row)


def _check_kind(kind: str, scopes: Scopes) -> None:
    if kind not in publishable(scopes):
        raise NotFound(kind=kind)
