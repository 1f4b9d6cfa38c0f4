"""The tables of quotes, their sent versions and the limits on discounts, and how a quote goes on."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.db import JsonObject, unique
from chassis.errors import Conflict
from chassis.versioned import Versioned
from contracts.charge import ListedCharge
from contracts.discount import DiscountLimits
from lines.amounts import bounded, totals_of
from lines.columns import Charges
from lines.discounts.rules import Roles, check_discount
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.sales.quotes.rules import ALLOWED, Line, QuoteState, parsed_lines, state_on
from crm.tables import Base


class QuoteFixed(Conflict):
    code = "quote-fixed"
    title = "The quote's state does not allow this"
    detail = "The quote is {state}; allowed: {allowed}."
    hint = "Revise it to make a new version, then change that."


class NothingQuoted(Conflict):
    code = "nothing-quoted"
    title = "The quote has no lines"
    hint = "Add at least one line, then send it."


class ValidityOver(Conflict):
    code = "validity-over"
    title = "The quote would hold until a day that is over"
    detail = "`valid_until` is {valid_until}; today is {today}."
    hint = "Name today or a later day as `valid_until`, or none."


class Quote(Charges, Versioned, Base):
    """What a customer is offered. `revision` counts its versions; what was sent stays readable as a `SentQuote`."""

    __tablename__ = "quotes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"]),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deals.tenant_id", "deals.id"]),
        CheckConstraint("state in ('draft', 'sent', 'accepted', 'declined')", name="state"),
        unique("number"),
        Index(None, "tenant_id", "customer_id"),
        Index(None, "tenant_id", "deal_id"),
        Index(None, "tenant_id", "updated_at", "id"),
    )

    number: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    deal_id: Mapped[UUID | None]
    currency: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    valid_until: Mapped[date | None]
    reference: Mapped[str | None] = mapped_column(Text)
    introduction: Mapped[str] = mapped_column(Text)
    shipping_address: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    net: Mapped[Decimal]
    tax: Mapped[Decimal]
    total: Mapped[Decimal]
    sent_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    order_id: Mapped[UUID | None]

    def written(self) -> list[Line]:
        """Its lines."""
        return parsed_lines(self.lines)

    def shown_state(self, today: date) -> QuoteState:
        """The state on a day."""
        return state_on(QuoteState(self.state), self.valid_until, today)

    def must_allow(self, action: str, today: date) -> None:
        """Raise `QuoteFixed` with the state and what it allows."""
        state = self.shown_state(today)
        if action not in ALLOWED[state]:
            raise QuoteFixed(state=state.value, allowed=list(ALLOWED[state]))

    def write_lines(self, lines: list[Line], charges: list[ListedCharge]) -> None:
        """Take these lines and charges, and what they come to. Raise `OutOfBounds`, naming the line."""
        for index, line in enumerate(lines):
            bounded(line.quantity, line.unit_price, line.discount, f"lines[{index}]")
        self.charge(charges)
        found = totals_of(lines, charges, self.currency)
        self.lines = [line.model_dump(mode="json") for line in lines]
        self.net, self.tax, self.total = found.net, found.tax, found.total

    def hold_until(self, day: date | None, today: date) -> None:
        """Let the offer end with a day. Raise `ValidityOver`."""
        if day is not None and day < today:
            raise ValidityOver(valid_until=day, today=today)
        self.valid_until = day

    def send(self, limits: DiscountLimits, roles: Roles, paper: JsonObject, now: datetime) -> "SentQuote":
        """Fix this version and hand it out. Raise `QuoteFixed`, `NothingQuoted`, `ValidityOver`, `DiscountTooHigh`."""
        today = clock.day_of(now)
        self.must_allow("send", today)
        if not self.lines:
            raise NothingQuoted(number=self.number)
        self.hold_until(self.valid_until, today)
        check_discounts(self.written(), limits, roles)
        self.state, self.sent_at = QuoteState.SENT.value, now
        names = (
            "valid_until",
            "currency",
            "language",
            "introduction",
            "shipping_address",
            "lines",
            "net",
            "tax",
            "charges",
        )
        kept = {name: getattr(self, name) for name in (*names, "total", "reference", "customer_id", "contact_id")}
        return SentQuote(quote_id=self.id, revision=self.revision, sent_at=now, paper=paper, **kept)

    def decide(self, state: QuoteState, reason: str | None, now: datetime) -> None:
        """The customer's word. Raise `QuoteFixed`."""
        self.must_allow("accept" if state is QuoteState.ACCEPTED else "decline", clock.day_of(now))
        self.state, self.reason, self.decided_at = state.value, reason, now

    def revise(self, valid_until: date | None, today: date) -> None:
        """Begin a new version from this one, valid as long as this one unless a day is named.

        Raise `QuoteFixed`, `ValidityOver`.
        """
        self.must_allow("revise", today)
        if valid_until is not None:
            self.hold_until(valid_until, today)
        self.state, self.revision = QuoteState.DRAFT.value, self.revision + 1
        self.sent_at = self.decided_at = self.reason = None


class SentQuote(Charges, Base):
    """A version of a quote as the customer has it; never changed.

    `paper` holds what its paper shows beside this row: a `Paper`. A version of the service that knew none of it may
    have left it out; it is then filled in when the paper is first printed.
    """

    __tablename__ = "sent_quotes"

    quote_id: Mapped[UUID] = mapped_column(ForeignKey("quotes.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime]
    customer_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    currency: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    valid_until: Mapped[date | None]
    reference: Mapped[str | None] = mapped_column(Text)
    introduction: Mapped[str] = mapped_column(Text)
    shipping_address: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    net: Mapped[Decimal]
    tax: Mapped[Decimal]
    total: Mapped[Decimal]
    paper: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))


def check_discounts(lines: list[Line], limits: DiscountLimits, roles: Roles) -> None:
    """Raise `DiscountTooHigh` for the first line beyond the caller's limit."""
    for position, line in enumerate(lines, 1):
        check_discount(line.given, position, limits, roles)
