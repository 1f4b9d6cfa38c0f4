"""New versions of templates."""

from chassis.errors import Conflict
from chassis.preconditions import Seen
from documents import sandbox
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from templates import queries
from templates.models import DocumentTemplate
from templates.printing import Template
from templates.schemas import TemplateVersion

MOST_VERSIONS = 1000


class TooManyVersions(Conflict):
    code = "too-many-versions"
    title = "The template has as many versions as are allowed"
    hint = "Try a template by POST .../preview, which makes no version, before you declare it."


async def replace(
    session: AsyncSession, template: Template, source: str | None, note: str, actor: str, seen: Seen
) -> DocumentTemplate:
    """Declare the next version; None as `source` is ours again. A source must print the example.

    Raises `TemplateFails`, `StaleVersion`, `TooManyVersions`.
    """
    if source is not None:
        await sandbox.printed(session.info["tenant"], source, template.example)
    # The version is counted on by one transaction at a time.
    counted = f"{session.info['tenant']} template {template.kind}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(counted, 0))))
    known = await queries.newest(session, template.kind)
    if known is not None:
        seen.check(known.version, TemplateVersion.of(template.kind, known))
        if known.version >= MOST_VERSIONS:
            raise TooManyVersions()
    row = DocumentTemplate(kind=template.kind, version=known.version if known else 0, source=source, note=note)
    row.count_on(actor)
    session.add(row)
    await session.flush()
    return row
