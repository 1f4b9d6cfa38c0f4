"""Named reads of quotes."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from chassis import clock, tenant_settings
from chassis.errors import NotFound
from chassis.pages import Sorting
from records import reads
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products.models import QuoteSetting
from crm.parties.customers.records import CUSTOMERS
from crm.sales.quotes.models import Quote, SentQuote
from crm.sales.quotes.rules import Letterhead, Paper, QuoteState
from crm.sales.quotes.schemas import QuoteFilters

LETTERHEAD = "letterhead"

ORDERS = Sorting(
    {
        "number": Quote.number,
        "total": Quote.total,
        "valid_until": Quote.valid_until,
        "created_at": Quote.created_at,
        "updated_at": Quote.updated_at,
    },
    Quote.id,
    "-updated_at",
)


async def by_id(session: AsyncSession, quote_id: UUID) -> Quote:
    """One quote. Raise `NotFound`."""
    return await _one(session, select(Quote).where(Quote.id == quote_id), quote_id)


async def for_update(session: AsyncSession, quote_id: UUID) -> Quote:
    """One quote, locked until the transaction ends. Raise `NotFound`."""
    locked = select(Quote).with_for_update().execution_options(populate_existing=True)
    return await _one(session, locked.where(Quote.id == quote_id), quote_id)


async def sent(session: AsyncSession, quote_id: UUID) -> Sequence[SentQuote]:
    """The versions that were sent, the newest first. Raise `NotFound` when there is no such quote."""
    await by_id(session, quote_id)
    statement = select(SentQuote).where(SentQuote.quote_id == quote_id).order_by(SentQuote.revision.desc())
    return (await session.scalars(statement)).all()


async def sent_revision(session: AsyncSession, quote_id: UUID, revision: int) -> SentQuote:
    """One version that was sent. Raise `NotFound`."""
    found: SentQuote | None = await session.get(SentQuote, (quote_id, revision))
    if found is None:
        raise NotFound(id=quote_id, revision=revision, hint="GET /v1/quotes/{id}/versions lists what was sent.")
    return found


def search(filters: QuoteFilters, today: date) -> Select[Quote]:
    """The quotes that every filter takes; a sent quote after its last day counts as expired."""
    statement = select(Quote)
    names = ("customer_id", "deal_id", "number")
    equal = {name: value for name in names if (value := getattr(filters, name)) is not None}
    statement = statement.filter_by(**equal)
    over = (Quote.state == QuoteState.SENT) & (Quote.valid_until < today)
    match filters.state:
        case None:
            return statement
        case QuoteState.EXPIRED:
            return statement.where(over)
        case QuoteState.SENT:
            return statement.where(Quote.state == QuoteState.SENT, ~func.coalesce(over, False))
        case state:
            return statement.where(Quote.state == state)


async def letterhead(session: AsyncSession) -> tuple[Letterhead, int]:
    """Who quotes, and the version; 0 says nothing yet."""
    document, version = await tenant_settings.read(session, QuoteSetting, LETTERHEAD)
    return Letterhead.model_validate(document), version


async def paper(session: AsyncSession, version: Quote | SentQuote, day: date) -> Paper:
    """What the paper of a version shows beside it if it is of this day."""
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
    """What the paper of a sent version shows: kept since it was sent, or from the first print on."""
    if version.paper is None:
        version.paper = (await paper(session, version, clock.day_of(version.sent_at))).model_dump(mode="json")
    return Paper.model_validate(version.paper)


async def _one(session: AsyncSession, statement: Select[Quote], quote_id: UUID) -> Quote:
    found: Quote | None = await session.scalar(statement)
    if found is None:
        raise NotFound(id=quote_id)
    return found
