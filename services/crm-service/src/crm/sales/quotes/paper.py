"""The PDF of a quote: in the customer's language, in the quote's currency."""

from typing import Any, NamedTuple
from uuid import UUID

from chassis import clock
from contracts.money import Totals
from documents import Sender, Writing, address_lines, letter
from lines.amounts import net_of, totals_of
from lines.paper import charge_cells, columns, line_cells
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession
from templates import Template, printed

from crm.sales.quotes import queries
from crm.sales.quotes.models import Quote, SentQuote
from crm.sales.quotes.records import QUOTES
from crm.sales.quotes.rules import Paper, QuoteState, parsed_lines
from crm.sales.quotes.words import WORDS

Json = dict[str, Any]


QUOTE = Template("quote", "crm.sales.quotes")


class QuotePdf(NamedTuple):
    """The name and the content of the file."""

    name: str
    content: bytes


def quote_data(version: Quote | SentQuote, number: str, paper: Paper) -> Json:
    """The data of the template; an unsent version is marked as a draft."""
    say = Writing(WORDS, paper.language)
    lines = parsed_lines(version.lines)
    discounted, currency = any(line.discount for line in lines), version.currency
    holds = [say("holds", day=say.formats.day(version.valid_until))] if version.valid_until else []
    return {
        **_letter(version, number, say, paper),
        "intro": version.introduction or None,
        "columns": columns(say, discounted),
        "rows": [
            *({"cells": line_cells(line, net_of(line, currency), currency, say, discounted)} for line in lines),
            *({"cells": charge_cells(each, currency, say, discounted)} for each in version.charged),
        ],
        "sums": _sums(totals_of(lines, version.charged, currency), currency, say),
        "call_out": holds,
    }


def _letter(version: Quote | SentQuote, number: str, say: Writing, paper: Paper) -> Json:
    head = paper.letterhead
    facts = [
        (say("date"), say.formats.day(paper.day)),
        (say("valid"), version.valid_until and say.formats.day(version.valid_until)),
        (say("reference"), version.reference),
        (say("version"), str(version.revision) if version.revision > 1 else None),
    ]
    home = head.address.country if head.address else None
    own = address_lines(head.address.model_dump(mode="json") if head.address else None, say.formats, home)
    return letter(
        say.formats,
        title=say("draft" if version.sent_at is None else "quote", number=number),
        sender=Sender(head.name or "", own, head.details),
        recipient=[paper.name, *address_lines(paper.address, say.formats, home)],
        facts=[(label, value) for label, value in facts if value],
    )


def _sums(found: Totals, currency: str, say: Writing) -> list[list[str]]:
    write = say.formats
    taxes = [
        [
            say("tax_of", rate=write.percent(each.rate), net=write.money(each.net, currency)),
            write.money(each.tax, currency),
        ]
        for each in found.taxes
        if each.rate
    ]
    return [
        [say("net"), write.money(found.net, currency)],
        *taxes,
        [say("total"), write.money(found.total, currency)],
    ]


async def quote_pdf(session: AsyncSession, quote_id: UUID, revision: int | None = None) -> QuotePdf:
    """The quote as it stands, or a version that was sent. Raises `NotFound`, `TemplateFails`, `TemplatesBusy`."""
    row = await reads.by_id(session, QUOTES, quote_id)
    version: Quote | SentQuote = row
    if revision is None and row.state == QuoteState.DRAFT:
        about = await queries.paper(session, row, clock.today())
    else:
        version = await queries.sent_revision(session, quote_id, revision or row.revision)
        about = await queries.paper_of_sent(session, version)
    data = quote_data(version, row.number, about)
    return QuotePdf(
        f"{row.number}-{version.revision}.pdf", await printed(session, QUOTE, data, about.day, version.sent_at)
    )
