"""A readable event and the tenant it belongs to."""

from typing import NamedTuple
from uuid import UUID

from gateway.merge.register import Event
from gateway.store.state import LinkKey


class Incoming(NamedTuple):
    """A readable event and the tenant it belongs to."""

    tenant_id: UUID
    event: Event
    correlation_id: str | None = None
    traceparent: str | None = None

    @property
    def begins(self) -> UUID | None:
        """The canonical id of a record that this event creates: the id of the event, so that it is the same on every
        read."""
        try:
            return UUID(self.event.id)
        except ValueError:
            return None

    @property
    def link_key(self) -> LinkKey:
        """The local record of the event."""
        return (self.tenant_id, self.event.kind, self.event.system, self.event.local_id)
