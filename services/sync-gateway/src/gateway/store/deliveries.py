"""What each spoke has of each record, and what keeps it from having more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self
from uuid import UUID

from chassis.db import JsonObject
from contracts.kinds import TABLES
from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.merge.register import Register, is_own, standings
from gateway.store.rows import Row, Written
from gateway.store.tables import Base

State = Literal["idle", "pending", "waiting", "rejected"]
Stage = Literal["in_step", "on_its_way", "waiting", "conflict", "rejected"]
Registers = Mapping[str, Register]
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=15)
"""What a system refused is tried again after pauses that double up to this: another record there, a rule or a setting
may have changed meanwhile, and the hub is not told."""
MOST_FIELDS = 20
DERIVED = frozenset(name for name, table in TABLES.items() if table.derived)
"""Only the newest state of these kinds counts: they are delivered after all others."""

UNSETTLED = "state in ('pending', 'waiting', 'rejected')"


class DeliveryKey(NamedTuple):
    """Which record in which system."""

    canonical_id: UUID
    system: str

    @classmethod
    def read(cls, text: str) -> Self:
        """The key that a delivery's id stands for. Raises ValueError."""
        canonical_id, _, system = text.partition(".")
        if not system:
            raise ValueError("a delivery's id is `<canonical id>.<system>`, as GET /v1/deliveries shows it")
        return cls(UUID(canonical_id), system)


class Progress:
    """One record in one system: the revisions it has acknowledged, and why it has no newer ones.

    `acked` is {group: rev}, and {family: floor} (`deliver.families`). `refused` is {group: {"rev", "problem", "since",
    "tries", "again_at"}}: a newer revision is sent at once, that one again at its time. `told` is what the system was
    last told beside the values. `revision` counts every change of what is due, so that an answer which arrives late
    does not hide it. Due are the `pending` and, to look again, the `waiting` and the `rejected`. `comparing` lasts from
    a restore of the system to its next answer. `correlation_id` is that of the newest edit which
    made something due. Deliveries of derived kinds go `later` than all others.
    """

    if TYPE_CHECKING:
        kind: Any
        canonical_id: Any
        system: Any
        state: Any
        acked: Any
        refused: Any
        told: Any
        revision: Any
        due_at: Any
        leased_until: Any
        waiting_for: Any
        tries: Any
        changed_at: Any
        comparing: Any

    def touch(self, due_at: datetime, now: datetime) -> None:
        """Something is due: look at this record again at that time, at the latest."""
        self.due_at = due_at if self.state != "pending" else min(self.due_at, due_at)
        self.state, self.waiting_for = "pending", None
        self.revision += 1
        self.changed_at = now

    def compare(self, now: datetime) -> None:
        """The system was restored: nobody knows what it has, so every group is due again."""
        self.acked, self.refused, self.comparing = {}, {}, True
        self.touch(now, now)

    def dirty(self, registers: Registers, now: datetime | None = None) -> list[str]:
        """The groups that the system must be brought to; neither parked ones nor revisions that it refused.

        With `now`, refused revisions whose time to be tried again has come are due too.
        """
        return [
            group
            for group, rev, parked in standings(registers)
            if not parked and rev > self.acked.get(group, 0) and not self._is_refused(group, rev, now)
        ]

    def _is_refused(self, group: str, rev: int, now: datetime | None) -> bool:
        refusal = self.refused.get(group)
        return refusal is not None and rev <= refusal["rev"] and (now is None or _again_at(refusal) > now)

    def retry_at(self) -> datetime:
        """When the first of the refused revisions is tried again."""
        return min(_again_at(refusal) for refusal in self.refused.values())

    def acknowledge(self, revisions: Mapping[str, int]) -> None:
        """The system has these revisions; a refusal of an older one is settled."""
        self.acked = {**self.acked, **{g: max(rev, self.acked.get(g, 0)) for g, rev in revisions.items()}}
        kept = {g: refusal for g, refusal in self.refused.items() if refusal["rev"] > self.acked.get(g, 0)}
        if len(kept) != len(self.refused):
            self.refused = kept

    def refuse(self, group: str, rev: int, problem: dict[str, Any] | None, now: datetime) -> None:
        """The system's rules refuse this revision. Refused again, it keeps its `since`, and its pause doubles."""
        before = self.refused.get(group, {})
        if before.get("rev") != rev:
            before = {}
        tries = before.get("tries", 0) + 1
        again_at = now + min(FIRST_RETRY * 2 ** min(tries - 1, 12), LONGEST_RETRY)
        refusal = {
            "rev": rev,
            "problem": problem,
            "since": before.get("since", now.isoformat()),
            "tries": tries,
            "again_at": again_at.isoformat(),
        }
        self.refused = {**self.refused, group: refusal}

    def wait(self, token: str, due_at: datetime, now: datetime) -> None:
        """Something is missing there; it is looked for again at that time. The waiting counts from its beginning."""
        if (self.state, self.waiting_for) != ("waiting", token):
            self.changed_at = now
        self.state, self.waiting_for, self.due_at = "waiting", token, due_at

    def retry(self, now: datetime) -> None:
        """Try what was refused once more."""
        self.refused = {}
        self.tries = 0
        self.touch(now, now)

    def standing(self, registers: Registers) -> dict[str, Any]:
        """The refusals of present values: an older one is being mended, whatever the system said of it."""
        if not self.refused:
            return {}
        newest = {group: rev for group, rev, _ in standings(registers)}
        return {group: refusal for group, refusal in self.refused.items() if refusal["rev"] >= newest.get(group, 0)}

    def begin_anew(self, now: datetime) -> None:
        """Deliver all of the record again: nothing is known of what the system has."""
        self.told, self.tries = {}, 0
        self.compare(now)

    def give_up(self, registers: Registers, now: datetime) -> list[str]:
        """Let the system do without what it does not have at the present revisions; answer which groups these are."""
        missing = {
            group: rev for group, rev, parked in standings(registers) if rev > self.acked.get(group, 0) and not parked
        }
        if missing or self.refused:
            self.acked, self.refused, self.tries = {**self.acked, **missing}, {}, 0
            self.state, self.waiting_for, self.changed_at = "idle", None, now
            self.revision += 1
        return sorted(missing)

    def stage(self, registers: Registers) -> Stage:
        """How far the system is, as people are told."""
        if self.standing(registers):
            return "rejected"
        if any(parked for _, _, parked in standings(registers)):
            return "conflict"
        if self.state == "waiting":
            return "waiting"
        return "in_step" if all(self._has(registers, group) for group in self.dirty(registers)) else "on_its_way"

    def _has(self, registers: Registers, group: str) -> bool:
        """Whether the system has the value of a group whose revision it has not acknowledged: it has entered it."""
        return not self.comparing and is_own(registers, group, self.system)

    def refused_fields(self, registers: Registers) -> list[JsonObject]:
        """What the system refuses of the present values, field by field; the first few."""
        refused = self.standing(registers).items()
        fields = [field for group, refusal in refused for field in refused_fields(group, refusal["problem"] or {})]
        return fields[:MOST_FIELDS]

    def reason(self, registers: Registers) -> str | None:
        """Why the system is not in step, in words."""
        stage = self.stage(registers)
        if stage == "rejected":
            return " ".join(dict.fromkeys(field["message"] for field in self.refused_fields(registers))) or None
        if stage == "conflict":
            parked = [group for group, _, waits in standings(registers) if waits]
            return f"{', '.join(parked[:MOST_FIELDS])}: waits for a person to decide"
        waits: str | None = self.waiting_for
        return waits if stage == "waiting" else None

    def peer(self, registers: Registers) -> JsonObject:
        """What the other systems are told of this one."""
        fields = self.refused_fields(registers)
        return {"state": self.stage(registers), "reason": self.reason(registers), "fields": fields}


class Delivery(Progress, Base):
    """A delivery as the REST API reads it."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "system", "due_at", postgresql_where=text(UNSETTLED)),
        Index("ix_deliveries_turn", "system", "tenant_id", "later", "due_at", postgresql_where=text(UNSETTLED)),
        Index("ix_deliveries_waiting_for", "waiting_for", postgresql_where=text("state = 'waiting'")),
        Index("ix_deliveries_state", "system", "state", "due_at", postgresql_where=text(UNSETTLED)),
        Index("ix_deliveries_tenant", "tenant_id", "state", "system", "due_at", postgresql_where=text(UNSETTLED)),
        Index("ix_deliveries_refused", "system", "tenant_id", postgresql_where=text("refused <> '{}'")),
        Index("ix_deliveries_comparing", "system", postgresql_where=text("comparing")),
    )

    canonical_id: Mapped[UUID] = mapped_column(ForeignKey("records.canonical_id"), primary_key=True)
    system: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    acked: Mapped[JsonObject]
    refused: Mapped[JsonObject]
    told: Mapped[JsonObject]
    revision: Mapped[int] = mapped_column(BigInteger)
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    waiting_for: Mapped[str | None] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[datetime]
    comparing: Mapped[bool] = mapped_column(server_default=false(), default=False)
    correlation_id: Mapped[str | None] = mapped_column(Text)
    traceparent: Mapped[str | None] = mapped_column(Text)
    later: Mapped[bool] = mapped_column(server_default=false(), default=False)


@dataclass(eq=False)
class DeliveryRow(Progress, Row):
    """A delivery as the hub changes it."""

    COLUMNS: ClassVar = (
        "tenant_id",
        "kind",
        "canonical_id",
        "system",
        "state",
        "acked",
        "refused",
        "told",
        "revision",
        "due_at",
        "leased_until",
        "waiting_for",
        "tries",
        "changed_at",
        "comparing",
        "correlation_id",
        "traceparent",
        "later",
    )

    tenant_id: UUID
    kind: str
    canonical_id: UUID
    system: str
    state: str
    acked: JsonObject
    refused: JsonObject
    told: JsonObject
    revision: int
    due_at: datetime
    leased_until: datetime | None
    waiting_for: str | None
    tries: int
    changed_at: datetime
    comparing: bool
    correlation_id: str | None
    traceparent: str | None
    later: bool

    @classmethod
    def new(cls, tenant_id: UUID, kind: str, canonical_id: UUID, system: str, now: datetime) -> Self:
        """A system that has nothing of the record yet."""
        later = kind in DERIVED
        return cls(
            tenant_id,
            kind,
            canonical_id,
            system,
            "idle",
            {},
            {},
            {},
            0,
            now,
            None,
            None,
            0,
            now,
            False,
            None,
            None,
            later,
        )


DELIVERIES = Written(
    Delivery,
    DeliveryRow.COLUMNS,
    ["canonical_id", "system"],
    ["canonical_id", "system", "tenant_id", "kind", "later"],
)


def _again_at(refusal: Mapping[str, Any]) -> datetime:
    """A refusal that was stored before there were retries is due at once."""
    return datetime.fromisoformat(refusal.get("again_at") or refusal["since"])


def unparked(registers: Registers) -> list[str]:
    """What a record is created with: every group that does not wait for a steward."""
    return [group for group, _, parked in standings(registers) if not parked]


def refused_fields(group: str, problem: Mapping[str, Any]) -> list[JsonObject]:
    """The fields that a problem document names, or the whole group."""
    code = str(problem.get("type", "")).removeprefix("/problems/") or None
    words = " ".join(str(problem[key]) for key in ("title", "detail") if problem.get(key))
    errors = problem.get("errors") or [{"field": group, "message": words}]
    return [
        {
            "group": group,
            "field": str(error.get("field") or group),
            "code": error.get("code") or code,
            "message": str(error["message"]),
        }
        for error in errors
    ]
