"""The token of a subscription. Pure.

It holds the tenant, whose rows are the only ones that it can find, the id, and 256 random bits. Only its digest is
stored.
"""

import base64
import secrets
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

SECRET_BYTES = 32
ID_BYTES = 16
FORM = r"[A-Za-z0-9_-]{86}"


class Presented(NamedTuple):
    """A token that a program has sent: where to look it up, and its digest."""

    tenant: UUID
    id: UUID
    digest: bytes


def new_token(tenant: UUID, subscription_id: UUID) -> str:
    """A new token, with a random secret."""
    held = tenant.bytes + subscription_id.bytes + secrets.token_bytes(SECRET_BYTES)
    return base64.urlsafe_b64encode(held).decode().rstrip("=")


def presented(token: str) -> Presented:
    """The parts of a token that has the form of one."""
    held = base64.urlsafe_b64decode(f"{token}==")
    return Presented(UUID(bytes=held[:ID_BYTES]), UUID(bytes=held[ID_BYTES : 2 * ID_BYTES]), digest(token))


def digest(token: str) -> bytes:
    """What is stored of a token."""
    return sha256(token.encode()).digest()
