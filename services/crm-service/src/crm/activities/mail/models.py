"""The tables of mailboxes, e-mails and templates."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from uuid import UUID

from chassis import clock
from chassis.db import JsonObject, unique
from chassis.errors import Conflict, Malformed, Unavailable
from chassis.versioned import Versioned
from custom_fields.columns import OwnFields
from localisation import Counted
from records import Plain
from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.activities.mail.rules import PAUSES, EmailState, subject_key
from crm.tables import Base

DUE = text("state in ('queued', 'sending')")
INCOMING = text("direction = 'in'")
PARTS = {"mailbox": "mailboxes", "customer": "customers", "contact": "contacts", "deal": "deals", "lead": "leads"}


class SealingOff(Unavailable):
    code = "sealing-off"
    title = "The service has no key for secrets"
    hint = "The operator sets SEALING_KEYS."


class MailboxOff(Conflict):
    code = "mailbox-off"
    title = "The mailbox is off"
    hint = "Enable the mailbox, or use another one."


class EmailUnreadable(Malformed):
    code = "email-unreadable"
    title = "The message cannot be read"
    detail = "{reason}."
    hint = "Send one message as RFC 5322 says, with its headers; nothing was stored."


class ConsentMissing(Conflict):
    code = "marketing-consent-missing"
    title = "Somebody has not agreed to receive such e-mails"
    detail = "No consent of: {addresses}."
    hint = "Leave these addresses out, or store the consent with the contact or the lead first."


class PlaceholdersEmpty(Conflict):
    code = "placeholders-empty"
    title = "Placeholders of the template have no value"
    detail = "Without a value: {missing}."
    hint = "Send them in `values`, or name the contact, the customer or the deal that has them."


class NotQueued(Conflict):
    code = "email-not-queued"
    title = "The e-mail cannot be queued again"
    hint = "Only a draft, or an e-mail that has failed or bounced, is sent."


class FilesTooLarge(Conflict):
    code = "files-too-large"
    title = "The files of the e-mail are too large"
    detail = Counted(
        "The limit of all is {most_bytes} byte.", "The limit of all is {most_bytes} bytes.", by="most_bytes"
    )
    hint = "Remove files of the e-mail, or send a link."


class SenderKnown(Conflict):
    code = "sender-known"
    title = "The sender is known"
    hint = "Read the contact, the customer or the lead of the e-mail."


class WithSecret:
    """Columns of a record that logs in elsewhere; its `secret` is sealed before it is stored."""

    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    trouble: Mapped[str | None] = mapped_column(Text)

    @property
    def has_secret(self) -> bool:
        """Whether a secret is stored."""
        return self.sealed_secret is not None

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values; the secret is sealed elsewhere."""
        base: Any = super()
        base.change({name: value for name, value in values.items() if name != "secret"})


class Outgoing(Versioned):
    """Columns of what is sent to a server: its state, and when it is tried next."""

    PAUSES: ClassVar[Sequence[timedelta]]

    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]

    def queue(self) -> None:
        """Send it, or send it again."""
        self.state, self.due_at, self.attempts, self.reason = EmailState.QUEUED, clock.now(), 0, None

    def sent(self, now: datetime) -> None:
        """The server has taken it."""
        self.state, self.sent_at, self.due_at, self.reason = EmailState.SENT, now, None, None
        self.count_on()

    def refused(self, reason: str, now: datetime, *, permanent: bool) -> None:
        """The server has not taken it; it is tried again after a pause, unless that is of no use."""
        self.attempts += 1
        again = self.PAUSES[self.attempts - 1] if not permanent and self.attempts <= len(self.PAUSES) else None
        self.reason = reason
        self.state = EmailState.QUEUED if again else EmailState.FAILED
        self.due_at = now + again if again else None
        self.count_on()


class Mailbox(WithSecret, OwnFields, Plain, Base):
    """An address from which the company sends and at which it receives: of an employee, or shared.

    `uid_validity` and `uid` say how far its messages were fetched.
    """

    __tablename__ = "mailboxes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["employees.tenant_id", "employees.id"]),
        unique("id"),
        unique("email"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
    )

    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[UUID | None]
    smtp: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    imap: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    login_name: Mapped[str | None] = mapped_column(Text)
    signature: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool]
    uid_validity: Mapped[int] = mapped_column(BigInteger)
    uid: Mapped[int] = mapped_column(BigInteger)
    fetch_after: Mapped[datetime | None]

    @classmethod
    def blank(cls) -> Self:
        """A new mailbox."""
        return cls(uid_validity=0, uid=0, sealed_secret=None, trouble=None, fetch_after=None)

    @property
    def about(self) -> str:
        """What its secret is sealed with."""
        return f"mailbox:{self.id}"


class Email(Outgoing, Base):
    """An e-mail that goes out or came in."""

    PAUSES = PAUSES

    __tablename__ = "emails"
    __table_args__ = (
        *(
            ForeignKeyConstraint(["tenant_id", f"{n}_id"], [f"{table}.tenant_id", f"{table}.id"])
            for n, table in PARTS.items()
        ),
        unique("id"),
        Index("uq_emails_received", "tenant_id", "mailbox_id", "message_id", unique=True, postgresql_where=INCOMING),
        Index("ix_emails_due", "mailbox_id", "due_at", postgresql_where=DUE),
        Index(None, "tenant_id", "message_id"),
        Index(None, "tenant_id", "thread_id"),
        Index(None, "tenant_id", "party_email", "subject_key"),
        Index(None, "tenant_id", "customer_id", "created_at"),
        Index(None, "tenant_id", "contact_id"),
        Index(None, "tenant_id", "mailbox_id", "created_at"),
        Index(None, "tenant_id", "created_at", "id"),
    )

    mailbox_id: Mapped[UUID]
    direction: Mapped[str] = mapped_column(Text)
    sender: Mapped[JsonObject]
    recipients: Mapped[list[JsonObject]] = mapped_column(JSONB)
    copies: Mapped[list[JsonObject]] = mapped_column(JSONB)
    party_email: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    subject_key: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(Text)
    in_reply_to: Mapped[str | None] = mapped_column(Text)
    message_references: Mapped[list[str]] = mapped_column(ARRAY(Text))
    thread_id: Mapped[UUID]
    marketing: Mapped[bool]
    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    deal_id: Mapped[UUID | None]
    lead_id: Mapped[UUID | None]
    created_by: Mapped[str] = mapped_column(Text)

    @property
    def to(self) -> list[JsonObject]:
        """The recipients, as answers call them."""
        return self.recipients

    @property
    def cc(self) -> list[JsonObject]:
        """Those who get a copy."""
        return self.copies

    @property
    def addressees(self) -> list[str]:
        """The addresses of all who get it."""
        return list(dict.fromkeys(each["email"] for each in (*self.recipients, *self.copies)))

    def entitle(self, subject: str) -> None:
        """Set the subject, and by what answers to it are found."""
        self.subject, self.subject_key = subject, subject_key(subject)

    def bounced(self, reason: str) -> None:
        """It was sent, and has not arrived."""
        self.state, self.reason = EmailState.BOUNCED, reason
        self.count_on()


class EmailTemplate(OwnFields, Plain, Base):
    """Texts with placeholders. What is made of a `marketing` one needs consent."""

    __tablename__ = "email_templates"
    __table_args__ = (
        unique("id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
    )

    name: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    marketing: Mapped[bool]
