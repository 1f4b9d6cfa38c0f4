"""HTTP of templates."""

from collections.abc import Sequence
from typing import Annotated

from chassis.audit import audited
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.errors import NotFound
from chassis.preconditions import SeenIfThere, etag
from chassis.routing import Router
from contracts.text import ShortText
from documents import PDF, Pdf, sandbox
from fastapi import Path, Response

from templates import commands, queries
from templates.models import DocumentTemplate
from templates.printing import Template, printed
from templates.schemas import TemplateBody, TemplateList, TemplateOut, TemplateVersion, TemplateVersionList, Tried

Kind = Annotated[ShortText, Path(description="The kind of document, as in the list.")]
Writer = Annotated[Principal, requires("templates:write")]


def templates_router(templates: Sequence[Template], read: str) -> Router:
    """The routes for these documents, which the scope `read` shows."""
    router = Router(prefix="/v1/document-templates", tags=["document-templates"])
    known = {each.kind: each for each in templates}
    reads = requires(read)

    def template_of(kind: Kind) -> Template:
        if kind not in known:
            raise NotFound(template=kind)
        return known[kind]

    @router.get("", dependencies=[reads])
    async def list_document_templates(session: Session) -> TemplateList:
        """The documents of this service, and which version of each template is in use."""
        return TemplateList(items=[TemplateVersion.of(kind, await queries.newest(session, kind)) for kind in known])

    @router.get("/{kind}", dependencies=[reads])
    async def read_document_template(kind: Kind, session: Session, response: Response) -> TemplateOut:
        """The template in use, with an example of the data that it prints."""
        return _answer(template_of(kind), await queries.newest(session, kind), response)

    @router.get("/{kind}/versions", dependencies=[reads])
    async def list_document_template_versions(kind: Kind, session: Session) -> TemplateVersionList:
        """Who has declared which version, and when."""
        rows = await queries.versions(session, template_of(kind).kind, commands.MOST_VERSIONS)
        return TemplateVersionList(items=[TemplateVersion.of(kind, row) for row in rows])

    @router.put("/{kind}", dependencies=[audited])
    async def replace_document_template(
        kind: Kind, body: TemplateBody, session: Session, caller: Writer, seen: SeenIfThere, response: Response
    ) -> TemplateOut:
        """Print documents of this kind with a template of your own, from now on.

        It is compiled with the example first, without access to files and networks. A document that was sent before
        keeps the template of its day. The functions of our letters can be used: `letter`, `listing`, `sums`,
        `call-out`.
        """
        template = template_of(kind)
        row = await commands.replace(session, template, body.source, body.note or "", caller.subject, seen)
        return _answer(template, row, response)

    @router.delete("/{kind}", dependencies=[audited])
    async def reset_document_template(
        kind: Kind, session: Session, caller: Writer, seen: SeenIfThere, response: Response
    ) -> TemplateOut:
        """Print documents of this kind with our template again; the versions stay readable."""
        template = template_of(kind)
        return _answer(template, await commands.replace(session, template, None, "", caller.subject, seen), response)

    @router.post("/{kind}/preview", dependencies=[reads], response_class=Pdf, responses=PDF)
    async def preview_document_template(kind: Kind, body: Tried, session: Session) -> Response:
        """The example as a PDF, printed with this source; nothing is stored."""
        template = template_of(kind)
        if body.source is None:
            return Pdf(await printed(session, template, template.example))
        return Pdf(await sandbox.printed(session.info["tenant"], body.source, template.example))

    return router


def _answer(template: Template, row: DocumentTemplate | None, response: Response) -> TemplateOut:
    shown = TemplateVersion.of(template.kind, row)
    response.headers["ETag"] = etag(shown.version)
    source = row.source if row and row.source is not None else template.source
    return TemplateOut(**dict(shown), source=source, example=template.example)
