"""HTTP of tags, notes and timelines, under the address of each record."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.pages import Page, PageRequest, Sorting, sorted_by
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion, etag
from chassis.routing import Router
from fastapi import APIRouter, Path, Query, Response
from records import Record, RecordRouter
from records.tags import FIELD, has_own

from annotations import commands, timeline
from annotations.models import Note
from annotations.schemas import NoteBody, NoteFilters, NoteOut, RecordTags, TimelineEntry, TimelineFilters

NOTES = Sorting({"created_at": Note.created_at}, Note.id, "-created_at")


def annotated(*routers: APIRouter) -> tuple[APIRouter, ...]:
    """These routers, followed by the routes of tags, notes and timelines of their records."""
    records = [router.record for router in routers if isinstance(router, RecordRouter)]
    return (*routers, *(routes(record) for record in records if record.annotated))


def notes_word(record: Record[Any, Any, Any]) -> str:
    """`notes`; or `comments` if the record has a field `notes`, which is a different thing."""
    return "comments" if "notes" in record.out.model_fields else "notes"


def routes(record: Record[Any, Any, Any]) -> Router:
    """The routes of one record, with its scopes."""
    tag = record.tag or record.plural
    router = Router(prefix=f"{record.path}/{{{record.name}_id}}", tags=[tag], route_class=IdempotentRoute)
    timelines = () if record.own_timeline else (_add_timeline,)
    for add in (_add_notes, _add_note, _add_tags, *timelines):
        router.later(partial(add, router, record))
    return router


def _add_notes(router: APIRouter, record: Record[Any, Any, Any]) -> None:
    Id, name, word = _id(record), record.name, notes_word(record)
    Writer = Annotated[Principal, requires(f"{record.scope}:write")]
    path, words = f"/{word}", _words(record)

    async def list_(
        row_id: Id,
        session: Session,
        paging: Annotated[PageRequest, sorted_by(NOTES)],
        filters: Annotated[NoteFilters, Query()],
    ) -> Page[NoteOut]:
        statement = await commands.notes_of(session, record, row_id, filters.archived)
        return await paging.page(session, statement, NOTES, lambda row: NoteOut.model_validate(row[0]))

    async def add(row_id: Id, body: NoteBody, session: Session, caller: Writer, response: Response) -> NoteOut:
        note = await commands.add_note(session, record, row_id, body.text, caller.subject)
        response.headers["Location"] = f"{record.path}/{row_id}{path}/{note.id}"
        return _tagged(note, response)

    router.add_api_route(
        path,
        list_,
        methods=["GET"],
        name=f"list_{name}_{word}",
        description=f"The notes on {words}, the newest first.",
        dependencies=[requires(f"{record.scope}:read")],
    )
    router.add_api_route(
        path,
        add,
        methods=["POST"],
        name=f"add_{name}_{word.removesuffix('s')}",
        description=f"Write a note on {words}; it is stored in this system only.",
        status_code=201,
    )


def _add_note(router: APIRouter, record: Record[Any, Any, Any]) -> None:
    Id, word = _id(record), notes_word(record).removesuffix("s")
    NoteId = Annotated[UUID, Path(alias=f"{word}_id")]
    Writer = Annotated[Principal, requires(f"{record.scope}:write")]
    path, named, words = f"/{word}s/{{{word}_id}}", f"{record.name}_{word}", _words(record)

    async def read(row_id: Id, note_id: NoteId, session: Session, response: Response) -> NoteOut:
        return _tagged(await commands.note_by_id(session, record, row_id, note_id), response)

    async def change(
        row_id: Id,
        note_id: NoteId,
        body: NoteBody,
        session: Session,
        caller: Writer,
        seen: SeenVersion,
        response: Response,
    ) -> NoteOut:
        note = await commands.change_note(session, record, row_id, note_id, body.text, caller.subject, _seen(seen))
        return _tagged(note, response)

    async def archive(
        row_id: Id, note_id: NoteId, session: Session, caller: Writer, seen: SeenVersion, response: Response
    ) -> NoteOut:
        note = await commands.archive_note(session, record, row_id, note_id, caller.subject, _seen(seen))
        return _tagged(note, response)

    reading = [requires(f"{record.scope}:read")]
    for method, endpoint, verb, description, needed in (
        ("GET", read, "read", f"One {word} on {words}, archived or not.", reading),
        ("PATCH", change, "change", f"Change the text of a {word} on {words}.", []),
        ("DELETE", archive, "archive", f"Archive a {word} on {words}: lists omit it, and no data is deleted.", []),
    ):
        router.add_api_route(
            path,
            endpoint,
            methods=[method],
            name=f"{verb}_{named}",
            description=description,
            dependencies=needed,
        )


def _add_tags(router: APIRouter, record: Record[Any, Any, Any]) -> None:
    Id, name, words = _id(record), record.name, _words(record)
    Writer = Annotated[Principal, requires(f"{record.scope}:write")]
    where = "They are its field `tags`." if has_own(record) else "They are stored in this system only."

    async def read(row_id: Id, session: Session, response: Response) -> RecordTags:
        return _answered(await commands.tags_of(session, record, row_id), response)

    async def replace(
        row_id: Id, body: RecordTags, session: Session, caller: Writer, seen: SeenVersion, response: Response
    ) -> RecordTags:
        def wanted(present: list[str]) -> list[str]:
            seen.check(commands.version_of(present), RecordTags(tags=present))
            return body.tags

        return _answered(await commands.set_tags(session, record, row_id, wanted, caller.subject), response)

    async def add(row_id: Id, body: RecordTags, session: Session, caller: Writer, response: Response) -> RecordTags:
        def wanted(present: list[str]) -> list[str]:
            return [*present, *body.tags]

        return _answered(await commands.set_tags(session, record, row_id, wanted, caller.subject), response)

    for method, endpoint, named, description, needed in (
        ("GET", read, f"read_{name}_{FIELD}", f"The tags of {words}. {where}", [requires(f"{record.scope}:read")]),
        ("PUT", replace, f"replace_{name}_{FIELD}", f"Replace the tags of {words}. {where}", []),
        ("POST", add, f"add_{name}_{FIELD}", f"Add tags to {words}. {where}", []),
    ):
        router.add_api_route(
            f"/{FIELD}", endpoint, methods=[method], name=named, description=description, dependencies=needed
        )


def _add_timeline(router: APIRouter, record: Record[Any, Any, Any]) -> None:
    Id = _id(record)

    async def read(
        row_id: Id,
        session: Session,
        paging: Annotated[PageRequest, sorted_by(timeline.SORTING)],
        filters: Annotated[TimelineFilters, Query()],
    ) -> Page[TimelineEntry]:
        return await timeline.page_of(session, record, row_id, paging, filters)

    router.add_api_route(
        "/timeline",
        read,
        methods=["GET"],
        name=f"read_{record.name}_timeline",
        description=f"The history of {_words(record)}, with author and time, the newest first.",
        dependencies=[requires(f"{record.scope}:read")],
    )


def _id(record: Record[Any, Any, Any]) -> Any:
    return Annotated[UUID, Path(alias=f"{record.name}_id")]


def _words(record: Record[Any, Any, Any]) -> str:
    return f"{'an' if record.name[0] in 'aeiou' else 'a'} {record.name.replace('_', ' ')}"


def _seen(seen: Seen) -> commands.Seen:
    return lambda note: seen.check(note.version, NoteOut.model_validate(note))


def _tagged(note: Note, response: Response) -> NoteOut:
    response.headers["ETag"] = etag(note.version)
    return NoteOut.model_validate(note)


def _answered(tags: list[str], response: Response) -> RecordTags:
    response.headers["ETag"] = etag(commands.version_of(tags))
    return RecordTags(tags=tags)
