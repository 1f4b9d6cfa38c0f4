"""Named reads of quotes."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from chassis import clock, tenant_settings
from chassis.errors import NotFound
from records import reads
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products.models import QuoteSetting
from crm.parties.customers.records import CUSTOMERS
from crm.sales.quotes.models import Quote, SentQuote
from crm.sales.quotes.rules import Letterhead, Paper

LETTERHEAD = "letterhead"


async def sent(session: AsyncSession, quote_id: UUID) -> Sequence[SentQuote]:
    """The sent versions, the newest first."""
    statement = select(SentQuote).where(SentQuote.quote_id == quote_id).order_by(SentQuote.revision.desc())
    return (await session.scalars(statement)).all()


async def sent_revision(session: AsyncSession, quote_id: UUID, revision: int) -> SentQuote:
    """One sent version. Raises `NotFound`."""
    found: SentQuote | None = await session.get(SentQuote, (quote_id, revision))
    if found is None:
        raise NotFound(id=quote_id, revision=revision, hint="GET /v1/quotes/{id}/versions lists the sent versions.")
    return found


async def letterhead(session: AsyncSession) -> tuple[Letterhead, int]:
    """The letterhead and its version; version 0 is an undeclared one."""
    document, version = await tenant_settings.read(session, QuoteSetting, LETTERHEAD)
    return Letterhead.model_validate(document), version


async def paper(session: AsyncSession, version: Quote | SentQuote, day: date) -> Paper:
    """The additional data of a version's PDF, as of today."""
    customer = await reads.by_id(session, CUSTOMERS, version.customer_id)
    head, _ = await letterhead(session)
    return Paper(
        name=customer.name,
        address=customer.billing_address,
        language=version.language or customer.language or "en",
        letterhead=head,
        day=day,
    )


async def paper_of_sent(session: AsyncSession, version: SentQuote) -> Paper:
    """The additional data of a sent version's PDF: stored when it was sent, or at the first print."""
    if version.paper is None:
        version.paper = (await paper(session, version, clock.day_of(version.sent_at))).model_dump(mode="json")
    return Paper.model_validate(version.paper)
