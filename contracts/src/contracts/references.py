"""References from one record to another."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Discriminator, Tag

from contracts.text import ShortText
from contracts.values import Value


class Reference(Value):
    """A reference to a record of another kind that the hub knows."""

    kind: ShortText
    canonical_id: UUID


class PendingReference(Value):
    """A reference by a system's local id to a record that the hub does not know yet."""

    kind: ShortText
    system: ShortText
    local_id: ShortText


def _is_known(value: Any) -> str:
    fields = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return "known" if "canonical_id" in fields else "pending"


AnyReference = Annotated[
    Annotated[Reference, Tag("known")] | Annotated[PendingReference, Tag("pending")], Discriminator(_is_known)
]
"""A reference as the hub stores it."""
