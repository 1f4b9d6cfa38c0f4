"""The text of a key, and what is stored of it. Pure.

`concord_<tenant>_<id>_<secret>`: the tenant is needed to look the key up, since row-level security shows the rows of
one tenant only; a secret scanner recognises the prefix. Only the SHA-256 digest of the whole text is stored: the secret
has 256 random bits, so no slow hash is needed.
"""

import re
import secrets
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

PREFIX = "concord_"
SECRET_BYTES = 32
KEY = re.compile(r"concord_([0-9a-f]{32})_([0-9a-f]{32})_[A-Za-z0-9_-]{43}")


class Presented(NamedTuple):
    """A key that a caller has sent: where to look it up, and its digest."""

    tenant: UUID
    id: UUID
    digest: bytes


def new_key(tenant: UUID, key_id: UUID) -> str:
    """A new key, with a random secret."""
    return f"{shown(tenant, key_id)}_{secrets.token_urlsafe(SECRET_BYTES)}"


def shown(tenant: UUID, key_id: UUID) -> str:
    """The part of a key that is no secret."""
    return f"{PREFIX}{tenant.hex}_{key_id.hex}"


def digest(key: str) -> bytes:
    """What is stored of a key."""
    return sha256(key.encode()).digest()


def presented(key: str) -> Presented | None:
    """The parts of a key; None when the text is not a key."""
    found = KEY.fullmatch(key)
    return Presented(UUID(found[1]), UUID(found[2]), digest(key)) if found else None


def subject(key_id: UUID) -> str:
    """The subject of a key's requests: in timelines, in role assignments, in limits of requests."""
    return f"key:{key_id}"
