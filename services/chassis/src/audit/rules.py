"""The chain: each entry of a tenant is hashed together with the hash of the one before it. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import orjson

FIRST = bytes(32)
"""What stands for the hash before the first entry."""


class Entry(NamedTuple):
    """The part of an entry that is hashed."""

    tenant: UUID
    id: UUID
    at: datetime
    actor: str
    action: str
    facts: Mapping[str, Any]
    correlation_id: str | None


def next_hash(before: bytes, position: int, entry: Entry) -> bytes:
    """SHA-256 over the hash before, the position and the entry in a canonical form."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    content = [position, str(entry.tenant), str(entry.id), at, entry.actor, entry.action, entry.facts]
    return sha256(before + orjson.dumps([*content, entry.correlation_id], option=orjson.OPT_SORT_KEYS)).digest()
