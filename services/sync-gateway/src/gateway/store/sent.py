"""What was sent to the systems lately, in memory: an event that says just that is its echo."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from gateway.kinds import kind_spec
from gateway.merge.policy import Json, same
from gateway.merge.register import Event

MOST = 5_000
"""Records in systems. An echo follows within a second or so; one that is not recognised is merged like any event."""


class Sent:
    """The newest groups that each record was sent with, {group: (revision, value)}, by tenant, system and record."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._groups: OrderedDict[tuple[UUID, str, str], dict[str, tuple[int, Json]]] = OrderedDict()

    def remember(self, tenant: UUID, system: str, items: Iterable[tuple[Mapping[str, Any], frozenset[str]]]) -> None:
        """Remember the items of a batch that is about to be sent, each with the groups of which no event is an echo."""
        for item, but in items:
            key = (tenant, system, item["canonical_id"])
            known = self._groups.pop(key, {})
            sent = {each["group"]: (each["rev"], each["value"]) for each in item["groups"] if each["group"] not in but}
            self._groups[key] = {**known, **sent}
        while len(self._groups) > self._most:
            self._groups.popitem(last=False)

    def echoed(self, tenant: UUID, event: Event) -> bool:
        """Whether an event says nothing but that its system has stored what it was sent."""
        if event.origin != "gateway" or event.canonical_id is None:
            return False
        known = self._groups.get((tenant, event.system, event.canonical_id))
        if known is None:
            return False
        spec = kind_spec(event.kind)
        for change in event.changes:
            mark = event.sync.get(change.group)
            rev, value = known.get(change.group, (0, None))
            if mark is None or mark.rev != rev or not same(change.new, value, spec.group(change.group).normalise):
                return False
        return True
