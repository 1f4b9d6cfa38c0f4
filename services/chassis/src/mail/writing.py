"""Writing a message: headers are built from checked values, so that none can be added by a value."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from mail.message import Address, Attachment

_BREAK = re.compile(r"[\r\n\x00]")


@dataclass(frozen=True)
class Draft:
    """What is to be sent. `automatic`: no person has written it."""

    message_id: str
    sender: Address
    to: Sequence[Address]
    cc: Sequence[Address]
    subject: str
    text: str
    html: str | None
    date: datetime
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    attachments: Sequence[Attachment] = ()
    automatic: bool = False


def new_message_id(email: str) -> str:
    """A new id, in the domain of the sender."""
    return f"<{uuid.uuid4()}@{email.rpartition('@')[2]}>"


def composed(draft: Draft) -> EmailMessage:
    """The message. Raises `ValueError` for a value that would break a header."""
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = _checked(draft.message_id)
    message["Date"] = format_datetime(draft.date)
    message["From"] = _header(draft.sender)
    message["To"] = [_header(each) for each in draft.to]
    if draft.cc:
        message["Cc"] = [_header(each) for each in draft.cc]
    message["Subject"] = _checked(draft.subject)
    if draft.in_reply_to:
        message["In-Reply-To"] = _checked(draft.in_reply_to)
    if draft.references:
        message["References"] = " ".join(_checked(each) for each in draft.references)
    if draft.automatic:
        message["Auto-Submitted"] = "auto-generated"
    message.set_content(draft.text)
    if draft.html:
        message.add_alternative(draft.html, subtype="html")
    for each in draft.attachments:
        main, _, sub = each.media_type.partition("/")
        message.add_attachment(each.content, maintype=main, subtype=sub, filename=_checked(each.name))
    return message


def _header(address: Address) -> HeaderAddress:
    return HeaderAddress(_checked(address.name), addr_spec=_checked(address.email))


def _checked(value: str) -> str:
    if _BREAK.search(value):
        raise ValueError("a header has one line")
    return value
