"""What a delivery tells of a record beside its values, for people to see: the port's shapes of it."""

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
    """How far another system is with this record; `fields` says what it refuses."""

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
    """A decision about the record, and what it did to the receiver's value."""

    id: UUID
    group: str
    rule: str
    winner: str | None = None
    at: AwareDatetime
    state: Literal["decided", "open", "resolved", "superseded"]
    outcome: Literal["kept", "lost", "refused", "parked"] | None = None
    path: str
