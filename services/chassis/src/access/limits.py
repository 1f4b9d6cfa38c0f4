"""Limits that depend on roles. A module declares them; they are shown with the caller, and bound what he may grant."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

Roles = frozenset[str]


@dataclass(frozen=True)
class Limit:
    """The greatest value that a caller's roles allow; whoever has the scopes `declared_with` may change it."""

    name: str
    of: Callable[[AsyncSession, Roles], Awaitable[Decimal]]
    declared_with: Collection[str]


def limits_of(request: Request) -> Sequence[Limit]:
    """Dependency: the limits of this service."""
    limits: Sequence[Limit] = getattr(request.app.state.verifier, "limits", ())
    return limits
