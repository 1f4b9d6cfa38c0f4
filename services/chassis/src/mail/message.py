"""Reading a message (RFC 5322) as it arrived: bounded, and refused with the reason when it cannot be read."""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage, Message
from hashlib import sha256
from typing import Any

import nh3

from mail.delivery_status import Bounce, bounce_of

MOST_PARTS = 200
MOST_TEXT = 200_000
MOST_SUBJECT = 500
MOST_ADDRESSES = 500
MOST_REFERENCES = 100
MOST_ID = 990
_ID = re.compile(r"<[^<>\s]+>")
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
NAMELESS = "attachment"


class Unreadable(Exception):
    """The text is no message that can be stored; the reason says why."""


@dataclass(frozen=True)
class Address:
    """A mailbox, with the name that is shown for it."""

    email: str
    name: str = ""


@dataclass(frozen=True)
class Attachment:
    """A file of a message."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Parsed:
    """A message that was read. `html` is sanitised; `automatic`: a program has sent it."""

    message_id: str
    in_reply_to: str | None
    references: tuple[str, ...]
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    sent_at: datetime | None
    text: str
    html: str | None
    attachments: tuple[Attachment, ...]
    bounce: Bounce | None
    automatic: bool


def parse(raw: bytes) -> Parsed:
    """The message of a text. Raises `Unreadable`."""
    try:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        return _read(message, raw)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:  # What the parser raises.
        raise Unreadable(f"it cannot be read: {error}"[:300]) from error


def _read(message: EmailMessage, raw: bytes) -> Parsed:
    senders = _addresses(message, "From")
    if not senders:
        raise Unreadable("the header From has no address")
    parts = list(_leaves(message))
    texts = [_text(part) for part in parts if _is_body(part, "plain")]
    pages = [_text(part) for part in parts if _is_body(part, "html")]
    html = nh3.clean("\n".join(pages))[:MOST_TEXT] if pages else None
    told = "\n".join(texts) if texts else nh3.clean(html or "", tags=set())
    ids = _ids(message, "Message-ID")
    replied = _ids(message, "In-Reply-To")
    return Parsed(
        message_id=ids[0] if ids else f"<{sha256(raw).hexdigest()}@no-message-id.invalid>",
        in_reply_to=replied[0] if replied else None,
        references=tuple(dict.fromkeys((*_ids(message, "References"), *replied)))[-MOST_REFERENCES:],
        sender=senders[0],
        to=_addresses(message, "To"),
        cc=_addresses(message, "Cc"),
        subject=_line(str(message.get("Subject", "")))[:MOST_SUBJECT],
        sent_at=_date(message),
        text=plain(told)[:MOST_TEXT].strip(),
        html=html,
        attachments=tuple(_attachment(part) for part in parts if not _is_body(part, "plain", "html")),
        bounce=bounce_of(message),
        automatic=str(message.get("Auto-Submitted", "no")).partition(";")[0].strip().lower() != "no",
    )


def plain(text: str) -> str:
    """A text without the characters that a database or a display cannot hold."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _line(text: str) -> str:
    return " ".join(plain(text).split())


def _leaves(message: EmailMessage) -> Iterator[Message]:
    """The parts that have content of their own, those of a message inside of it as one."""
    count, waiting = 0, [message]
    while waiting:
        part: Any = waiting.pop(0)
        count += 1
        if count > MOST_PARTS:
            raise Unreadable(f"it has more than {MOST_PARTS} parts")
        if part.get_content_maintype() == "multipart":
            waiting[:0] = part.get_payload() if isinstance(part.get_payload(), list) else []
        else:
            yield part


def _is_body(part: Message, *kinds: str) -> bool:
    attached = part.get_content_disposition() == "attachment" or part.get_filename()
    return not attached and part.get_content_maintype() == "text" and part.get_content_subtype() in kinds


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    found = content if isinstance(content, bytes) else b""
    try:
        return found.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return found.decode("utf-8", "replace")


def _attachment(part: Message) -> Attachment:
    if part.get_content_maintype() == "message":
        inside: Any = part.get_payload()
        content = b"\n".join(each.as_bytes() for each in inside) if isinstance(inside, list) else str(inside).encode()
    else:
        decoded = part.get_payload(decode=True)
        content = decoded if isinstance(decoded, bytes) else b""
    name = _line(part.get_filename() or "").replace("/", "_").replace("\\", "_")
    return Attachment(name[:200] or NAMELESS, part.get_content_type(), content)


def _addresses(message: EmailMessage, header: str) -> tuple[Address, ...]:
    found: list[HeaderAddress] = [
        each for value in message.get_all(header, ()) for each in getattr(value, "addresses", ())
    ]
    read = [Address(each.addr_spec.strip(), _line(each.display_name)[:200]) for each in found]
    return tuple(each for each in read if _ADDRESS.fullmatch(each.email) and len(each.email) <= 254)[:MOST_ADDRESSES]


def _ids(message: EmailMessage, header: str) -> list[str]:
    return [each for each in _ID.findall(str(message.get(header, ""))) if len(each) <= MOST_ID]


def _date(message: EmailMessage) -> datetime | None:
    found: datetime | None = getattr(message.get("Date"), "datetime", None)
    if found is None:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
