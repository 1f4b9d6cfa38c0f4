"""Identification of a local record that the hub sees for the first time. Pure."""

from datetime import datetime
from uuid import UUID

from gateway.identity.match import Candidate, Match, MatchKeys, Tier, best_match, match_keys
from gateway.ingest.incoming import Incoming
from gateway.store.links import LinkRow
from gateway.store.records import RecordRow
from gateway.store.state import MOST_SHARED, State


class LinkedElsewhere(ValueError):
    """A system names a canonical record that it has linked to another local record."""


class BelongsElsewhere(ValueError):
    """A system names a canonical record of another tenant, or of another kind."""


def identify(state: State, incoming: Incoming, now: datetime) -> LinkRow:
    """Link a local record that the hub sees for the first time: to what it says, to its match, or to a new record."""
    event = incoming.event
    match = _explicit(state, incoming) or best_match(
        keys := match_keys(event.kind, event.snapshot), _candidates(state, incoming, keys)
    )
    record = state.records.get(match.canonical_id) if match.canonical_id else _begun_by(state, incoming)
    if record is None:
        named = incoming.begins if incoming.begins not in state.records else None
        record = RecordRow.new(incoming.tenant_id, event.kind, now, match.canonical_id or named)
        state.records[record.canonical_id] = record
    link = LinkRow(
        tenant_id=incoming.tenant_id,
        kind=event.kind,
        system=event.system,
        local_id=event.local_id,
        canonical_id=record.canonical_id,
        seen_seq=0,
        tier=match.tier,
        reason=match.reason,
        linked_at=now,
    )
    state.add_link(link)
    return link


def _begun_by(state: State, incoming: Incoming) -> RecordRow | None:
    """The record that this very event began: a hub that was restored may have heard of it from another system first."""
    record = state.records.get(incoming.begins) if incoming.begins else None
    if record is None or (record.tenant_id, record.kind) != (incoming.tenant_id, incoming.event.kind):
        return None
    return None if (record.canonical_id, incoming.event.system) in state.linked else record


def _explicit(state: State, incoming: Incoming) -> Match | None:
    event = incoming.event
    if event.canonical_id is None:
        return None
    canonical_id = UUID(event.canonical_id)
    known = state.records.get(canonical_id)
    if canonical_id in state.foreign or (known and (known.tenant_id, known.kind) != (incoming.tenant_id, event.kind)):
        raise BelongsElsewhere(f"canonical_id: {canonical_id} is not a {event.kind} of this tenant")
    other = state.linked.get((canonical_id, event.system))
    if other is not None:
        raise LinkedElsewhere(
            f"{event.system} has linked {canonical_id} to {other.local_id} already; {event.local_id} cannot be it too"
        )
    return Match(canonical_id, Tier.STRONG, 1.0, "the system names the record itself")


def _candidates(state: State, incoming: Incoming, keys: MatchKeys) -> list[Candidate]:
    """Records with a key in common that the event's system is not linked to yet; keys of too many are left out."""
    event = incoming.event
    of_keys = (state.keys.get((incoming.tenant_id, event.kind, key), set()) for key in keys.lookup)
    found = {
        canonical_id
        for sharing in of_keys
        if len(sharing) <= MOST_SHARED
        for canonical_id in sharing
        if (canonical_id, event.system) not in state.linked
    }
    return [Candidate(known, _keys_of(state.records[known])) for known in sorted(found)]


def _keys_of(record: RecordRow) -> MatchKeys:
    return match_keys(record.kind, record.values())
