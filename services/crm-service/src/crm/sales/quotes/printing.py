"""The PDF of a quote."""

from dataclasses import dataclass
from uuid import UUID

from chassis import clock
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession
from templates import printed

from crm.sales.quotes import paper, queries
from crm.sales.quotes.models import Quote, SentQuote
from crm.sales.quotes.records import QUOTES
from crm.sales.quotes.rules import QuoteState


@dataclass(frozen=True)
class QuotePdf:
    """The name and the content of the file."""

    name: str
    content: bytes


async def quote_pdf(session: AsyncSession, quote_id: UUID, revision: int | None = None) -> QuotePdf:
    """The quote as it stands, or a version that was sent. Raises `NotFound`, `TemplateFails`, `TemplatesBusy`."""
    row = await reads.by_id(session, QUOTES, quote_id)
    version: Quote | SentQuote = row
    if revision is None and row.state == QuoteState.DRAFT:
        about = await queries.paper(session, row, clock.today())
    else:
        version = await queries.sent_revision(session, quote_id, revision or row.revision)
        about = await queries.paper_of_sent(session, version)
    data = paper.quote_data(version, row.number, about)
    content = await printed(session, paper.QUOTE, data, about.day, version.sent_at)
    return QuotePdf(f"{row.number}-{version.revision}.pdf", content)
