"""HTTP of files: under the address of each record, and by their own ids."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from chassis import history
from chassis.auth import Principal, requires, requires_any
from chassis.db import Session, transaction
from chassis.edge import BodyLimit, Takes
from chassis.errors import Malformed, NotFound
from chassis.pages import Page, PageRequest, Sorting, sorted_by
from chassis.preconditions import ClaimsLater, IdempotentRoute
from chassis.routing import Router
from fastapi import APIRouter, Path, Request, Response
from records import Record, RecordRouter

from files import commands, content, objects
from files.form import FIELD, FORM_BYTES, FileForm
from files.media_types import HEAD_BYTES, media_type_of
from files.models import RecordFile
from files.objects import Stored
from files.schemas import FileOut
from files.settings import FileSettings
from files.storage import storage

AnyRecord = Record[Any, Any, Any]
SORTING = Sorting({"created_at": RecordFile.created_at}, RecordFile.id, "-created_at")
FileRequest = Annotated[
    Request, Takes(lambda settings: BodyLimit(settings.file_limit_bytes + FORM_BYTES, settings.upload_seconds))
]
FILE = {"type": "string", "format": "binary", "description": "The file, with its name and media type."}
SHAPE = {"type": "object", "required": [FIELD], "properties": {FIELD: FILE}, "additionalProperties": False}
A_FORM = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": SHAPE}}}}


def attached(service: str, *routers: APIRouter) -> tuple[APIRouter, ...]:
    """These routers, followed by the routes of the files of their records."""
    found = [router.record for router in routers if isinstance(router, RecordRouter)]
    records = {record.name: record for record in found if record.annotated}
    return (*routers, *(_of_record(service, record) for record in records.values()), _by_id(records))


def _of_record(service: str, record: AnyRecord) -> Router:
    path = f"{record.path}/{{{record.name}_id}}/files"
    router = Router(prefix=path, tags=[record.tag or record.plural], route_class=IdempotentRoute)
    router.later(partial(_add_to_record, router, service, record))
    return router


def _add_to_record(router: APIRouter, service: str, record: AnyRecord) -> None:
    Id = Annotated[UUID, Path(alias=f"{record.name}_id")]
    Writer = Annotated[Principal, requires(f"{record.scope}:write")]
    words = f"{'an' if record.name[0] in 'aeiou' else 'a'} {record.name.replace('_', ' ')}"

    async def list_(row_id: Id, session: Session, paging: Annotated[PageRequest, sorted_by(SORTING)]) -> Page[FileOut]:
        statement = await commands.files_of(session, record, row_id)
        return await paging.page(session, statement, SORTING, lambda row: FileOut.model_validate(row[0]))

    async def add(
        request: FileRequest, row_id: Id, session: Session, caller: Writer, keyed: ClaimsLater, response: Response
    ) -> FileOut:
        settings: FileSettings = request.app.state.settings
        async with transaction(request.app.state.sessions, caller.tenant) as own:
            await commands.check_room(own, record, row_id, settings)
        name, media_type, stored = await _received(request, service, caller, settings)
        await keyed.claim(name, media_type, stored.sha256)
        file = await commands.attach(session, record, row_id, name, media_type, stored, settings, caller.subject)
        response.headers["Location"] = f"/v1/files/{file.id}"
        return FileOut.model_validate(file)

    router.add_api_route(
        "",
        list_,
        methods=["GET"],
        name=f"list_{record.name}_files",
        description=f"The files of {words}, the newest first.",
        dependencies=[requires(f"{record.scope}:read")],
    )
    router.add_api_route(
        "",
        add,
        methods=["POST"],
        name=f"add_{record.name}_file",
        description=f"Attach a file to {words}; it is stored in this system only.",
        status_code=201,
        openapi_extra=A_FORM,
    )


async def _received(
    request: Request, service: str, caller: Principal, settings: FileSettings
) -> tuple[str, str, Stored]:
    """The name, the media type and the stored object of the form's file. It needs no transaction while it arrives."""
    form = FileForm(request)
    await form.begin()
    head, pieces = await _begun(form.pieces())
    if not head:
        raise Malformed(errors=[{"field": FIELD, "code": "empty", "message": "the file has no content"}])
    media_type = media_type_of(
        form.name, form.declared, head, settings.files_accepted_types, settings.files_refused_types
    )
    stored = await objects.store(
        request.app.state.sessions,
        storage(settings.files_url),
        service,
        caller.tenant,
        pieces,
        settings.file_limit_bytes,
    )
    return form.name, media_type, stored


async def _begun(pieces: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """The first bytes, and all pieces with them."""
    head = b""
    while len(head) < HEAD_BYTES and (piece := await anext(pieces, None)) is not None:
        head += piece

    async def whole() -> AsyncIterator[bytes]:
        yield head
        async for piece in pieces:
            yield piece

    return head, whole()


def _by_id(records: Mapping[str, AnyRecord]) -> Router:
    """The routes of a file by its id; each needs the scope of the file's record."""
    router = Router(prefix="/v1/files/{file_id}", tags=["files"])
    readers = requires_any(f"{record.scope}:read" for record in records.values())
    writers = requires_any(f"{record.scope}:write" for record in records.values())
    Reader, Writer = Annotated[Principal, readers], Annotated[Principal, writers]
    Id = Annotated[UUID, Path(alias="file_id")]

    async def found(session: Session, file_id: UUID, caller: Principal, verb: str) -> RecordFile:
        file = await commands.by_id(session, file_id)
        if file.record_kind not in records:
            raise NotFound(id=file_id)
        caller.require(f"{records[file.record_kind].scope}:{verb}")
        return file

    async def read_file(file_id: Id, session: Session, caller: Reader) -> FileOut:
        """One file, without its content. Needs the scope to read its record."""
        return FileOut.model_validate(await found(session, file_id, caller, "read"))

    async def read_file_content(request: Request, file_id: Id, session: Session, caller: Reader) -> Response:
        """The content of a file, as an attachment. `If-None-Match` and one `Range` are supported."""
        file = await found(session, file_id, caller, "read")
        return await content.answer(request.headers, file, storage(request.app.state.settings.files_url))

    async def remove_file(file_id: Id, session: Session, caller: Writer) -> None:
        """Remove a file. Needs the scope to write its record; a file never changes, so there is no `If-Match`."""
        file = await found(session, file_id, caller, "write")
        await commands.remove(session, file, history.actor_of(session))

    router.add_api_route("", read_file, methods=["GET"])
    router.add_api_route(
        "/content", read_file_content, methods=["GET"], response_class=Response, responses=content.ANSWERS
    )
    router.add_api_route("", remove_file, methods=["DELETE"], status_code=204)
    return router
