"""How one record names another."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Discriminator, Tag

from contracts.text import ShortText
from contracts.values import Value


class Reference(Value):
    """A record of another kind, known to the hub."""

    kind: ShortText
    canonical_id: UUID


class PendingReference(Value):
    """A record of another kind that one system has named and the hub has not met yet."""

    kind: ShortText
    system: ShortText
    local_id: ShortText


def _is_known(value: Any) -> str:
    fields = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return "known" if "canonical_id" in fields else "pending"


AnyReference = Annotated[
    Annotated[Reference, Tag("known")] | Annotated[PendingReference, Tag("pending")], Discriminator(_is_known)
]
"""As the hub holds a reference."""
