"""Why a record is, or is not, on the other side: one or more sentences for each system."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.errors import NotFound
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.api.records import queries
from gateway.api.records.queries import NoSuchRecord
from gateway.api.records.schemas import ExplainedSystem, ExplanationOut, Hindrances
from gateway.api.systems.queries import hindrances
from gateway.kinds import kind_spec
from gateway.kinds.holders import Holdings, serves
from gateway.merge.register import standings
from gateway.store.deliveries import Delivery
from gateway.store.holding import stored
from gateway.store.links import Link
from gateway.store.quarantine import Quarantined
from gateway.store.records import Record
from gateway.store.refused_kinds import RefusedKind

MOST_NAMED = 10
MOST_HELD = 20


async def explained(session: AsyncSession, kind: str, some_id: str, tenant: UUID) -> ExplanationOut:
    """The explanation of a record, by its canonical id or the id of a system. Raises `NoSuchRecord`."""
    record = await _record(session, kind, some_id)
    links = {
        link.system: link for link in (await queries.links_of(session, [record.canonical_id]))[record.canonical_id]
    }
    deliveries = (await queries.deliveries_of(session, [record.canonical_id]))[record.canonical_id]
    refused = await session.scalars(select(RefusedKind).where(RefusedKind.kind == kind))
    known = _Known(
        record,
        tenant,
        links,
        {each.system: each for each in deliveries},
        {each.system: each for each in refused},
        await hindrances(session),
        await _held(session, kind, links),
        await stored(session),
    )
    systems = [
        ExplainedSystem(system=name, state=known.state(name), sentences=list(known.sentences(name)))
        for name in known.holdings
    ]
    return ExplanationOut(kind=kind, canonical_id=record.canonical_id, name=record.name(), systems=systems)


async def _record(session: AsyncSession, kind: str, some_id: str) -> Record:
    found = select(Link.canonical_id).where(Link.kind == kind, Link.local_id == some_id, Link.retired_at.is_(None))
    try:
        return await queries.by_id(session, kind, UUID(some_id))
    except (NotFound, ValueError):
        ids = set(await session.scalars(found.limit(2)))
        if len(ids) != 1:
            raise NoSuchRecord(kind=kind, id=some_id) from None
        return await queries.by_id(session, kind, ids.pop())


async def _held(session: AsyncSession, kind: str, links: Mapping[str, Link]) -> dict[str, list[Quarantined]]:
    """The messages about the record in quarantine, by system."""
    found: dict[str, list[Quarantined]] = {}
    for system, link in links.items():
        wanted = select(Quarantined).where(
            Quarantined.state == "held",
            Quarantined.topic == kind_spec(kind).topic_of(system),
            Quarantined.key == link.local_id.encode(),
        )
        rows = await session.scalars(wanted.order_by(Quarantined.held_at).limit(MOST_HELD))
        found[system] = list(rows)
    return found


@dataclass(frozen=True)
class _Known:
    """What the hub knows about a record."""

    record: Record
    tenant: UUID
    links: Mapping[str, Link]
    deliveries: Mapping[str, Delivery]
    refused_kinds: Mapping[str, RefusedKind]
    hindrances: Hindrances
    held: Mapping[str, list[Quarantined]]
    holdings: Holdings

    def state(self, system: str) -> Any:
        """The state of the record in a system; null when the system has nothing of it."""
        delivery = self.deliveries.get(system)
        return None if delivery is None else delivery.stage(self.record.decoded)

    def sentences(self, system: str) -> Iterator[str]:
        """What is to be said about a system."""
        link, delivery = self.links.get(system), self.deliveries.get(system)
        for message in self.held.get(system, ()):
            yield f"A message of {system} about it is in quarantine since {_when(message.held_at)}: {message.error}"
        if self.record.kind not in self.holdings[system]:
            yield f"{system} does not hold a {self.record.kind}, so nothing is delivered there."
        elif not serves(self.holdings[system], self.tenant):
            yield f"{system} is not registered for this tenant, so nothing is delivered there."
        elif delivery is None:
            yield f"{system} has nothing of it yet: the record is compared when the system joins, or when it changes."
        else:
            linked = f"It is {link.local_id} in {system}." if link else f"It is not in {system} yet."
            yield from (linked, *self._delivered(delivery))

    def _delivered(self, delivery: Delivery) -> Iterator[str]:
        registers, system = self.record.decoded, delivery.system
        parked = [group for group, _, waits in standings(registers) if waits]
        if parked:
            yield f"{_named(parked)}: waits for a steward; GET /v1/conflicts lists the values."
        for group, refusal in delivery.standing(registers).items():
            yield _refused(system, group, refusal)
        missing = delivery.dirty(registers)
        if delivery.waiting_for is not None and delivery.state == "waiting":
            yield f"The delivery waits for {delivery.waiting_for} since {_when(delivery.changed_at)}."
        elif missing:
            yield f"{_named(missing)}: due since {_when(delivery.due_at)}, after {delivery.tries} failed attempts."
        kind = self.refused_kinds.get(system)
        if kind is not None:
            yield f"{system} refuses every {kind.kind} since {_when(kind.since)}: {kind.reason}"
        if system in self.hindrances:
            yield f"{self.hindrances[system]}."
        if not parked and not missing and not delivery.standing(registers):
            yield f"{system} has acknowledged all that is merged."


def _refused(system: str, group: str, refusal: Mapping[str, Any]) -> str:
    problem = refusal.get("problem") or {}
    said = " ".join(str(problem[part]).rstrip(".") + "." for part in ("title", "detail", "hint") if problem.get(part))
    again = f" It is tried again at {refusal['again_at']}." if refusal.get("again_at") else ""
    return f"{system} refuses {group} since {refusal['since']}: {said or 'without a reason.'}{again}"


def _named(groups: list[str]) -> str:
    more = len(groups) - MOST_NAMED
    return ", ".join(sorted(groups)[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
