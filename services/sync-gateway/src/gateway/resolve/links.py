"""Corrections of wrong links: removed, or moved to another local record."""

from dataclasses import dataclass
from uuid import UUID

from chassis.errors import Conflict, NotFound
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.resolve.log import Author, write
from gateway.store import policies
from gateway.store.decisions import DecisionRow
from gateway.store.holding import stored
from gateway.store.links import Link, LinkRow
from gateway.store.load import read_records, save
from gateway.store.quarantine import replay_held
from gateway.store.state import State

MENDED = "mended"


class NoSuchLink(NotFound):
    code = "no-such-link"
    title = "The hub has no such link"
    hint = "GET /v1/links lists them with their ids; a removed link is not listed."


class LocalRecordTaken(Conflict):
    code = "local-record-taken"
    title = "That local record is linked to another canonical record"
    detail = "{local_id} of {system} is {canonical_id}."
    hint = "Remove that link first: POST /v1/links/{id}/unlink. Its record is then delivered to {system} again."


@dataclass(frozen=True)
class Mended:
    """`logged` is None when nothing was changed; `replaying` is the number of held messages of the local record."""

    link: LinkRow
    logged: DecisionRow | None
    replaying: int = 0


async def unlink(session: AsyncSession, link_id: UUID, author: Author) -> Mended:
    """Remove a link, and make the record due in that system again. Raises `NoSuchLink`.

    The system finds the local record with the canonical id itself, or creates one. A retired link is only removed.
    """
    link, state = await _locked(session, link_id)
    record = state.records[link.canonical_id]
    await session.execute(delete(Link).where(Link.id == link.id))
    if link.retired_at is None:
        state.delivery(record, link.system, author.now).begin_anew(author.now)
    logged = write(session, record, link.system, "unlink", author, {"local_id": link.local_id})
    await save(session, state)
    return Mended(link, logged)


async def relink(session: AsyncSession, link_id: UUID, local_id: str, author: Author) -> Mended:
    """Link the record to another local record. Its held messages are merged, then the record is delivered to it whole.

    Raises `NoSuchLink`, or `LocalRecordTaken` when it is another record already. A second call changes nothing.
    """
    link, state = await _locked(session, link_id)
    if link.retired_at is not None:
        raise NoSuchLink(id=link_id)
    if link.local_id == local_id:
        return Mended(link, None)
    taken = await session.get(Link, (link.tenant_id, link.kind, link.system, local_id))
    if taken is not None and (taken.retired_at is None or taken.canonical_id != link.canonical_id):
        raise LocalRecordTaken(
            id=taken.id, system=taken.system, local_id=taken.local_id, canonical_id=taken.canonical_id
        )
    record = state.records[link.canonical_id]
    former = [link.id, *([taken.id] if taken else [])]
    await session.execute(delete(Link).where(Link.id.in_(former)))
    moved = LinkRow(
        id=link.id,
        tenant_id=link.tenant_id,
        kind=link.kind,
        system=link.system,
        local_id=local_id,
        canonical_id=link.canonical_id,
        seen_seq=0,
        tier=MENDED,
        reason=author.reason,
        linked_at=author.now,
    )
    state.add_link(moved)
    state.delivery(record, link.system, author.now).begin_anew(author.now)
    facts = {"local_id": local_id, "local_id_before": link.local_id}
    logged = write(session, record, link.system, "relink", author, facts)
    await save(session, state)
    return Mended(moved, logged, await replay_held(session, moved, author.actor, author.now))


async def _locked(session: AsyncSession, link_id: UUID) -> tuple[LinkRow, State]:
    """A link once its record is locked. Raises `NoSuchLink`."""
    found = await session.scalar(select(Link).where(Link.id == link_id))
    if found is None:
        raise NoSuchLink(id=link_id)
    state = State(await stored(session), await policies.current(session))
    await read_records(session, state, [found.canonical_id])
    link = next((each for each in state.links.values() if each.id == link_id), None)
    if link is None:
        raise NoSuchLink(id=link_id)
    return link, state
