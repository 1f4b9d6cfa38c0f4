"""Which template prints a document, and the PDF."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from importlib.resources import files
from typing import Any

import orjson
from documents import pdf, sandbox
from sqlalchemy.ext.asyncio import AsyncSession

from templates import queries


@dataclass(frozen=True)
class Template:
    """A kind of document. `document.typ` and `{kind}.json`, an example of its data, stand in the package `inside`."""

    kind: str
    inside: str

    @cached_property
    def source(self) -> str:
        """Our template."""
        return files(self.inside).joinpath("document.typ").read_text(encoding="utf-8")

    @cached_property
    def example(self) -> dict[str, Any]:
        """The data of a document of this kind: all that a template can show."""
        found: dict[str, Any] = orjson.loads(files(self.inside).joinpath(f"{self.kind}.json").read_bytes())
        return found


async def printed(
    session: AsyncSession,
    template: Template,
    data: Mapping[str, Any],
    dated: date | None = None,
    sent_at: datetime | None = None,
) -> bytes:
    """The PDF of a document, by the template of the moment in which it was sent. Raises `TemplateFails`."""
    own = await queries.newest(session, template.kind, until=sent_at)
    if own is None or own.source is None:
        return await asyncio.to_thread(pdf, template.source, data, dated)
    return await sandbox.printed(own.tenant_id, own.source, data, dated)
