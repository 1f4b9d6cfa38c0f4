"""The report of a delivery about a record, for display: its shapes in the port."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from chassis.replication.standing import State


class Told(BaseModel):
    """Strict shapes: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid")


class Refused(Told):
    """A field that another system refuses."""

    group: str
    field: str
    code: str | None = None
    message: str


class Peer(Told):
    """The state of this record in another system; `fields` are the refused fields."""

    state: State
    reason: str | None = None
    fields: list[Refused] = []


class Parked(Told):
    """A group that waits for a person; every system keeps its own value until then."""

    group: str
    rule: str
    since: AwareDatetime | None = None
    decision: UUID | None = None
    path: str | None = None


class Decided(Told):
    """A decision about the record, and the outcome of the receiver's value."""

    id: UUID
    group: str
    rule: str
    winner: str | None = None
    at: AwareDatetime
    state: Literal["decided", "open", "resolved", "superseded"]
    outcome: Literal["kept", "lost", "refused", "parked"] | None = None
    path: str
