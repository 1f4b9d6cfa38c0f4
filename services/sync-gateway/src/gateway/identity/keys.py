"""The match keys of records."""

from collections.abc import Iterable

from gateway.identity.match import match_keys
from gateway.identity.normalise import identifying
from gateway.store.records import RecordRow
from gateway.store.state import State


def remember_keys(state: State, record: RecordRow, changed: Iterable[str]) -> None:
    """Keep a record findable by what it now says of itself, when a group that identifies it has changed."""
    if identifying(record.kind).isdisjoint(group.partition(":")[0] for group in changed):
        return
    for key in match_keys(record.kind, record.values()).lookup:
        known = state.keys[(record.tenant_id, record.kind, key)]
        if record.canonical_id not in known:
            known.add(record.canonical_id)
            state.new_keys.add((record.tenant_id, record.kind, key, record.canonical_id))
