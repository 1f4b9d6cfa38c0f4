"""States of an e-mail, templates with placeholders, pauses between attempts. Pure."""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from string import Formatter
from typing import Annotated, Literal, Self

from contracts.text import NameText, refuse
from contracts.values import EmailText, Value
from localisation import Phrase
from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_RECIPIENTS = 50
PERSONAL_RECIPIENTS = 5
"""An e-mail to more people than these is no personal one."""

PAUSES = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 180, 360, 720, 1440))
FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
PLACEHOLDERS = (
    "contact_name", "customer_name", "customer_number", "deal_name", "employee_name", "employee_phone", "mailbox_name",
    "mailbox_email",
)  # fmt: skip
"""What every template may contain; its own fields are given with each e-mail."""

_REPLY = re.compile(r"^\s*((re|aw|antw|sv|fw|fwd|wg|tr|rv|res|odp)\s*(\[\d+\])?\s*:\s*)+", re.I)

Tls = Literal["tls", "starttls", "none"]


class MailDirection(StrEnum):
    IN = "in"
    OUT = "out"


class EmailState(StrEnum):
    """`draft`: it waits for its files, and to be sent; `unreadable`: it arrived and cannot be read."""

    DRAFT = "draft"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    BOUNCED = "bounced"
    FAILED = "failed"
    RECEIVED = "received"
    UNREADABLE = "unreadable"


SENDABLE = (EmailState.DRAFT, EmailState.FAILED, EmailState.BOUNCED)
"""The states in which an e-mail can be sent by a person."""


class Person(Value):
    """An address, with the name that is shown for it."""

    email: EmailText
    name: Annotated[NameText | None, Field()] = None


class MailServer(Value):
    """A mail server: `tls` from the first byte, `starttls` before the login, or `none`."""

    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
    port: Annotated[int, Field(strict=True, ge=1, le=65535)]
    tls: Tls = "tls"


def subject_key(subject: str) -> str:
    """The subject without what answers and forwarded messages put before it."""
    return " ".join(_REPLY.sub("", subject).split()).casefold()[:200]


def placeholders(template: str) -> Iterator[str]:
    """The names in braces. Raises `ValueError` for anything else in braces."""
    for _, name, spec, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not FIELD.fullmatch(name) or spec or conversion:
            raise ValueError(name)
        yield name


def filled(template: str, values: Mapping[str, str], *, as_html: bool = False) -> str:
    """The template with values in place of its names, which all have one."""
    given = {name: html.escape(value) for name, value in values.items()} if as_html else values
    return "".join(
        before + (given[name] if name is not None else "") for before, name, _, _ in Formatter().parse(template)
    )


class Templated(BaseModel):
    """The texts of a template; `fields` are placeholders of its own."""

    model_config = ConfigDict(extra="forbid")

    subject: NameText
    text: Annotated[str, Field(min_length=1, max_length=50_000)]
    html: Annotated[str | None, Field(max_length=200_000)] = None
    fields: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]],
        Field(max_length=50, description="Placeholders whose values are given with each e-mail."),
    ] = []

    @model_validator(mode="after")
    def _names_what_is_known(self) -> Self:
        known = {*PLACEHOLDERS, *self.fields}
        for part in ("subject", "text", "html"):
            try:
                unknown = set(placeholders(getattr(self, part) or "")) - known
            except ValueError:
                unknown = {"{}"}
            if unknown:
                raise _unknown(part, sorted(unknown), sorted(known))
        return self


def _unknown(part: str, unknown: list[str], known: list[str]) -> Exception:
    message = Phrase(
        "unknown placeholders: {unknown}; known: {known}; write braces twice to show them",
        unknown=", ".join(unknown),
        known=", ".join(known),
    )
    return refuse("placeholder", message, part)
