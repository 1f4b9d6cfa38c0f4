"""The tables of quotes, their sent versions and the limits on discounts, and the transitions of a quote."""

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
from custom_fields.columns import OwnFields
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
    hint = "Revise it to create a new version, then change that."


class NothingQuoted(Conflict):
    code = "nothing-quoted"
    title = "The quote has no lines"
    hint = "Add at least one line, then send it."


class ValidityOver(Conflict):
    code = "validity-over"
    title = "The quote would expire in the past"
    detail = "`valid_until` is {valid_until}; today is {today}."
    hint = "Set `valid_until` to today or later, or omit it."


class Offered(Charges):
    """Columns of a quote and of each sent version of it."""

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


class Quote(OwnFields, Offered, Versioned, Base):
    """An offer to a customer. `revision` counts its versions; a sent version stays readable as a `SentQuote`."""

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
    deal_id: Mapped[UUID | None]
    sent_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    order_id: Mapped[UUID | None]

    def written(self) -> list[Line]:
        """Its lines."""
        return parsed_lines(self.lines)

    def shown_state(self, today: date) -> QuoteState:
        """The state on a date."""
        return state_on(QuoteState(self.state), self.valid_until, today)

    def must_allow(self, action: str, today: date) -> None:
        """Raises `QuoteFixed` with the state and the allowed actions."""
        state = self.shown_state(today)
        if action not in ALLOWED[state]:
            raise QuoteFixed(state=state.value, allowed=list(ALLOWED[state]))

    def write_lines(self, lines: list[Line], charges: list[ListedCharge]) -> None:
        """Set the lines and their totals. Raises `OutOfBounds` with the line."""
        for index, line in enumerate(lines):
            bounded(line.quantity, line.unit_price, line.discount, f"lines[{index}]")
        self.charge(charges)
        found = totals_of(lines, charges, self.currency)
        self.lines = [line.model_dump(mode="json") for line in lines]
        self.net, self.tax, self.total = found.net, found.tax, found.total

    def hold_until(self, day: date | None, today: date) -> None:
        """Set the last day of the offer. Raises `ValidityOver`."""
        if day is not None and day < today:
            raise ValidityOver(valid_until=day, today=today)
        self.valid_until = day

    def send(self, limits: DiscountLimits, roles: Roles, paper: JsonObject, now: datetime) -> "SentQuote":
        """Freeze this version and mark it as sent. Raises `QuoteFixed`, `NothingQuoted`, `ValidityOver`,
        `DiscountTooHigh`."""
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
        """Record the customer's decision. Raises `QuoteFixed`."""
        self.must_allow("accept" if state is QuoteState.ACCEPTED else "decline", clock.day_of(now))
        self.state, self.reason, self.decided_at = state.value, reason, now

    def revise(self, valid_until: date | None, today: date) -> None:
        """Create a new version from this one; the default validity is that of this one.

        Raises `QuoteFixed`, `ValidityOver`.
        """
        self.must_allow("revise", today)
        if valid_until is not None:
            self.hold_until(valid_until, today)
        self.state, self.revision = QuoteState.DRAFT.value, self.revision + 1
        self.sent_at = self.decided_at = self.reason = None


class SentQuote(Offered, Base):
    """A sent version of a quote; never changed.

    `paper` holds the additional data of its PDF: a `Paper`. Versions sent before this column existed have none; it is
    filled in when the PDF is first printed.
    """

    __tablename__ = "sent_quotes"

    quote_id: Mapped[UUID] = mapped_column(ForeignKey("quotes.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime]
    paper: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))


def check_discounts(lines: list[Line], limits: DiscountLimits, roles: Roles) -> None:
    """Raises `DiscountTooHigh` for the first line beyond the caller's limit."""
    for position, line in enumerate(lines, 1):
        check_discount(line.given, position, limits, roles)
