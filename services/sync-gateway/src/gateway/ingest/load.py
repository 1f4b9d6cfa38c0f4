"""Reading the part of the hub that a batch of events may change."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.match import match_keys
from gateway.ingest.incoming import Incoming
from gateway.kinds import KINDS
from gateway.kinds.references import local_references
from gateway.store.load import MatchKeyOf, owners, read_keys, read_links, read_records
from gateway.store.policies import Policies
from gateway.store.state import MOST_SHARED, LinkKey, State


async def load(
    session: AsyncSession, batch: Sequence[Incoming], systems: Mapping[str, Container[str]], policies: Policies
) -> State:
    """The state that `batch` may change. Holds locks until the transaction ends."""
    state = State(systems, policies)
    await read_named(session, state, batch)
    await load_named(session, state, batch)
    return state


async def read_named(session: AsyncSession, state: State, batch: Sequence[Incoming]) -> None:
    """Read the links that events name, without locks."""
    await read_links(session, state, {i.link_key for i in batch} | set(_referred(batch)))


async def load_named(session: AsyncSession, state: State, batch: Sequence[Incoming]) -> None:
    """Read and lock the records of events whose links are read."""
    unlinked = [i for i in batch if i.link_key not in state.links]
    await read_keys(session, state, set(_match_keys(unlinked)))
    wanted = {state.links[i.link_key].canonical_id for i in batch if i.link_key in state.links}
    wanted |= {canonical_id for found in state.keys.values() if len(found) <= MOST_SHARED for canonical_id in found}
    wanted |= {i.begins for i in unlinked if i.begins}
    await read_records(session, state, wanted | await _claimed(session, state, unlinked))


async def _claimed(session: AsyncSession, state: State, unlinked: Sequence[Incoming]) -> set[UUID]:
    """The records that events name themselves, without those of another tenant or kind, which are only noted."""
    claims = {(UUID(i.event.canonical_id), i.tenant_id, i.event.kind) for i in unlinked if i.event.canonical_id}
    if not claims:
        return set()
    ids = sorted({canonical_id for canonical_id, _, _ in claims})
    known = await owners(session, ids)
    state.foreign |= {canonical_id for canonical_id, _, _ in known - claims}
    return {canonical_id for canonical_id, _, _ in known & claims}


def _match_keys(unlinked: Iterable[Incoming]) -> Iterator[MatchKeyOf]:
    """The match keys of events that do not name their record."""
    for i in unlinked:
        if i.event.canonical_id is None:
            for key in match_keys(i.event.kind, i.event.snapshot).lookup:
                yield (i.tenant_id, i.event.kind, key)


def _referred(batch: Iterable[Incoming]) -> Iterator[LinkKey]:
    """The local records that the events refer to."""
    for i in batch:
        spec = KINDS.get(i.event.kind)
        for kind, local_id in local_references(i.event, spec) if spec else ():
            yield (i.tenant_id, kind, i.event.system, local_id)
