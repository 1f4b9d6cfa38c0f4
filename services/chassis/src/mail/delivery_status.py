"""Delivery status notifications (RFC 3464): which message did not arrive, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage, Message

MOST_REASON = 500


@dataclass(frozen=True)
class Bounce:
    """A message that was not delivered; `message_id` is that of the message, if the notification contains it."""

    message_id: str | None
    recipient: str
    reason: str


def bounce_of(message: EmailMessage) -> Bounce | None:
    """The first failed recipient of a delivery status notification; None for any other message."""
    if message.get_content_type() != "multipart/report" or message.get_param("report-type") != "delivery-status":
        return None
    parts = list(message.walk())
    status = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    failed = _failed(status)
    if failed is None:
        return None
    recipient = str(failed.get("Final-Recipient", "")).rpartition(";")[2].strip()
    reason = " ".join(filter(None, (str(failed.get("Status", "")), str(failed.get("Diagnostic-Code", "")))))
    return Bounce(_original_id(parts), recipient, reason[:MOST_REASON] or "the mail server gave no reason")


def _failed(status: Message | None) -> Message | None:
    """The block of the first recipient whose delivery has failed; blocks follow that of the message."""
    blocks = status.get_payload() if status is not None else None
    if not isinstance(blocks, list):
        return None
    found = (block for block in blocks if isinstance(block, Message))
    return next((block for block in found if str(block.get("Action", "")).strip().lower() == "failed"), None)


def _original_id(parts: Sequence[Message]) -> str | None:
    """The id of the message that the notification returns, in full or its headers alone."""
    for part in parts[1:]:
        if part.get_content_type() == "text/rfc822-headers":
            for line in str(part.get_payload()).splitlines():
                name, _, value = line.partition(":")
                if name.lower() == "message-id":
                    return value.strip() or None
        returned = part.get("Message-ID")
        if returned:
            return str(returned).strip()
    return None
