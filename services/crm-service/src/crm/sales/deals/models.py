"""The tables of pipelines and deals, and the transitions of a deal."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from chassis import clock
from chassis.db import JsonObject, unique, uuid7
from chassis.errors import Conflict
from chassis.versioned import Versioned
from contracts.normalise import name_key
from custom_fields.columns import OwnFields
from party.owners import Owned, owner_indexes
from records import FromJson
from records.words import word_index
from sqlalchemy import CheckConstraint, Double, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.sales.deals.rules import ALLOWED, DealLine, Pipeline, Stage, missing
from crm.tables import Base


class DealClosed(Conflict):
    code = "deal-closed"
    title = "The deal is closed"
    detail = "The deal is {state}; allowed: {allowed}."
    hint = "Reopen it first, then repeat the change."


class DealNotClosed(Conflict):
    code = "deal-not-closed"
    title = "The deal is open already"
    hint = "Only a closed deal can be reopened; win or lose it first."


class NoSuchStage(Conflict):
    code = "no-such-stage"
    title = "The pipeline has no such stage"
    detail = "There is no stage {stage} in this pipeline; the stages are {stages}."
    hint = "Use one of the stages listed, or declare the stage: PUT /v1/pipelines/{pipeline}."


class FieldsRequired(Conflict):
    code = "fields-required"
    title = "The stage requires fields that are empty"
    detail = "At the stage {stage} a deal needs: {fields}."
    hint = "Fill these fields, then move the deal; or move it to an earlier stage."


class StageNotDone(Conflict):
    code = "stage-not-done"
    title = "The stage of the deal has open points"
    detail = "Before a deal leaves the stage {stage}, it needs: {missing}."
    hint = "Fill the `fields`, add the `checks` that are done to the deal, and complete the `tasks`."


class UnknownReason(Conflict):
    code = "unknown-reason"
    title = "The pipeline has no such reason"
    detail = "{reason} is not one of the reasons: {reasons}."
    hint = "Use one of the reasons listed, or declare it: PUT /v1/pipelines/{pipeline}."


class AmountOfLines(Conflict):
    code = "amount-of-lines"
    title = "The amount of a deal with lines is the sum of its lines"
    detail = "The lines amount to {amount} {currency}."
    hint = "Omit `amount`, or change the lines; a deal without lines has an amount of its own."


class StoredPipeline(Versioned, Base):
    """A pipeline that a tenant has declared."""

    __tablename__ = "pipelines"
    __table_args__ = (unique("key"),)

    key: Mapped[str] = mapped_column(Text)
    value: Mapped[JsonObject]


SORTED = ("name", "amount", "expected_close", "created_at", "updated_at", "position")
OPEN = text("state = 'open'")


class Deal(OwnFields, Owned, Versioned, FromJson, Base):
    """A possible sale (an opportunity). `state` is open, won or lost; a closed deal keeps its last stage.

    `close_moved` counts how often one expected close was replaced by another. `position` is the place at its stage.
    """

    __tablename__ = "deals"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"]),
        CheckConstraint("state in ('open', 'won', 'lost')", name="state"),
        unique("id"),
        Index(None, "tenant_id", "customer_id"),
        *owner_indexes("deals"),
        Index(None, "tenant_id", "pipeline", "stage"),
        *(Index(None, "tenant_id", column, "id") for column in SORTED),
        Index("ix_deals_largest", "tenant_id", text("amount desc nulls last"), text("id desc")),
        Index("ix_deals_latest", "tenant_id", text("expected_close desc nulls last"), text("id desc")),
        Index("ix_deals_board", "tenant_id", "pipeline", "stage", "position", "id", postgresql_where=OPEN),
        Index(
            "ix_deals_sums",
            "tenant_id",
            "pipeline",
            "stage",
            "currency",
            "probability",
            postgresql_include=["amount"],
            postgresql_where=OPEN,
        ),
        word_index("deals"),
    )

    name: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    pipeline: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(Text)
    probability: Mapped[Decimal]
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    closed_on: Mapped[date | None]
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None] = mapped_column(Text)
    expected_close: Mapped[date | None]
    source: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str] = mapped_column(Text)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)
    contacts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)
    competitors: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)
    checks: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)
    close_moved: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    position: Mapped[float] = mapped_column(Double, server_default=text("extract(epoch from now())"))
    search: Mapped[str] = mapped_column(Text, server_default=text("''"), default="")

    @classmethod
    def blank(cls) -> Self:
        """A new open deal."""
        nothing: dict[str, Any] = {name: [] for name in ("lines", "contacts", "competitors", "checks")}
        row = cls(state="open", reason=None, closed_on=None, probability=None, owner=None, **nothing)
        row.position, row.close_moved, row.expected_close = clock.now().timestamp(), 0, None
        return row

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from checked values in JSON form; those not named stay."""
        expected = self.expected_close
        super().change(values)
        if "owner_id" in values:
            self.give_to(self.owner_id)
        if expected is not None and self.expected_close not in (None, expected):
            self.close_moved += 1
        self.search = name_key(self.name)

    def written(self) -> Sequence[DealLine]:
        """Its lines."""
        return [DealLine.model_validate(each) for each in self.lines]

    def must_be_open(self) -> None:
        """Raises `DealClosed`."""
        if self.state != "open":
            raise DealClosed(state=self.state, allowed=ALLOWED[self.state])

    def move(self, stage: str, pipeline: Pipeline) -> None:
        """Move to a stage, forward or back. Raises `DealClosed`, `NoSuchStage`, `FieldsRequired`."""
        self.must_be_open()
        self.stage, self.probability = stage, self._fitting(stage, pipeline).probability

    def must_be_done(self, pipeline: Pipeline, tasks: Sequence[str]) -> None:
        """Check the rules of its stage for leaving it; `tasks` are its open ones. Raises `StageNotDone`."""
        stage = pipeline.stage(self.stage)
        if stage is None:
            return
        fields = missing(stage.exit_required, self._fields)
        checks = [each for each in stage.checks if each not in self.checks]
        open_tasks = list(tasks) if stage.tasks_done else []
        if needed := [*fields, *checks, *open_tasks]:
            raise StageNotDone(stage=stage.key, missing=needed, fields=fields, checks=checks, tasks=open_tasks)

    def must_fit(self, pipeline: Pipeline) -> None:
        """Check that the deal fits its stage. Raises `NoSuchStage`, `FieldsRequired`."""
        stage = self._fitting(self.stage, pipeline)
        if self.probability is None:
            self.probability = stage.probability

    def win(self, reason: str | None, on: date, pipeline: Pipeline) -> None:
        """Close it as won. Raises `DealClosed`, `UnknownReason`."""
        self._close("won", reason, on, pipeline.won_reasons)

    def lose(self, reason: str, on: date, pipeline: Pipeline) -> None:
        """Close it as lost. Raises `DealClosed`, `UnknownReason`."""
        self._close("lost", reason, on, pipeline.lost_reasons)

    def reopen(self) -> None:
        """Reopen it at its last stage. Raises `DealNotClosed`."""
        if self.state == "open":
            raise DealNotClosed(state=self.state, allowed=ALLOWED[self.state])
        self.state, self.reason, self.closed_on = "open", None, None

    def _fitting(self, key: str, pipeline: Pipeline) -> Stage:
        stage = pipeline.stage(key)
        if stage is None:
            raise NoSuchStage(stage=key, stages=[each.key for each in pipeline.stages], pipeline=self.pipeline)
        if empty := missing(stage.required, self._fields):
            raise FieldsRequired(stage=key, fields=empty)
        return stage

    @property
    def _fields(self) -> Mapping[str, Any]:
        return {**vars(self), "owner_id": self.owner_id or self.owner}

    def _close(self, state: str, reason: str | None, on: date, reasons: tuple[str, ...]) -> None:
        self.must_be_open()
        if reason is not None and reason not in reasons:
            raise UnknownReason(reason=reason, reasons=list(reasons), pipeline=self.pipeline)
        self.state, self.reason, self.closed_on = state, reason, on


class DealStage(Base):
    """A stay of a deal at a stage, written in the transaction of the move; `left_at` is null for the current one.

    `left_to` is the next stage, or `won` or `lost`.
    """

    __tablename__ = "deal_stages"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deals.tenant_id", "deals.id"]),
        Index(None, "tenant_id", "deal_id", "entered_at", "id"),
        # A deal is at one stage at a time.
        Index("uq_deal_stages_current", "deal_id", unique=True, postgresql_where=text("left_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    deal_id: Mapped[UUID]
    pipeline: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(Text)
    entered_at: Mapped[datetime]
    entered_by: Mapped[str] = mapped_column(Text)
    left_at: Mapped[datetime | None]
    left_to: Mapped[str | None] = mapped_column(Text)

    deal: Mapped[Deal] = relationship(lazy="raise")

    def leave(self, to: str, now: datetime) -> None:
        """End the stay."""
        self.left_at, self.left_to = now, to
