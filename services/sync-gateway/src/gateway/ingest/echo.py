"""Echoes: events that say nothing but that a system has stored what it was sent. Pure.

Such an event changes no record. Only its number is kept, so that nothing else is read for it.
"""

from collections import Counter
from collections.abc import Sequence

from gateway.ingest.incoming import Incoming
from gateway.store.links import Followed
from gateway.store.sent import Sent
from gateway.store.state import State


def without_echoes(state: State, batch: Sequence[Incoming], sent: Sent) -> tuple[list[Incoming], list[Followed]]:
    """The events that must be merged, and how far the links of the others are.

    An echo is the next event of its row, and the only one of its record in the batch. All others are merged in order.
    """
    links = [state.links.get(incoming.link_key) for incoming in batch]
    records = Counter(link.canonical_id for link in links if link is not None)
    rest: list[Incoming] = []
    echoes: list[Followed] = []
    for incoming, link in zip(batch, links, strict=True):
        event = incoming.event
        if (
            link is not None
            and link.retired_at is None
            and str(link.canonical_id) == event.canonical_id
            and records[link.canonical_id] == 1
            and event.seq == link.seen_seq + 1
            and not any(mark.is_new(link.seen_seq, link.last) for mark in event.sync.values())
            and sent.echoed(incoming.tenant_id, event)
        ):
            last = max(link.last or event.moment, event.moment)
            echoes.append(Followed(incoming.link_key, link.seen_seq, event.seq, last))
        else:
            rest.append(incoming)
    return rest, echoes
