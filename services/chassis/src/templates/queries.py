"""Reads of templates."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from templates.models import DocumentTemplate


async def newest(session: AsyncSession, kind: str, until: datetime | None = None) -> DocumentTemplate | None:
    """The version in use, or the one in use at a time; None when ours was never replaced."""
    wanted = select(DocumentTemplate).where(DocumentTemplate.kind == kind)
    if until is not None:
        wanted = wanted.where(DocumentTemplate.changed_at <= until)
    found: DocumentTemplate | None = await session.scalar(wanted.order_by(DocumentTemplate.version.desc()).limit(1))
    return found


async def versions(session: AsyncSession, kind: str, most: int) -> Sequence[DocumentTemplate]:
    """The versions of a template, the newest first."""
    wanted = select(DocumentTemplate).where(DocumentTemplate.kind == kind)
    return (await session.scalars(wanted.order_by(DocumentTemplate.version.desc()).limit(most))).all()
