"""The routes of a record. FastAPI reads the types of their parameters from the declaration."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from inspect import get_annotations
from typing import Annotated, Any, Never
from uuid import UUID

from chassis import gather
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.errors import Malformed
from chassis.pages import Page, PageRequest, sorted_by
from chassis.patch import JsonPatch, parsed
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from chassis.replication import creating
from chassis.routing import Router
from fastapi import Depends, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from records import batches, duplicates, export, reads, untracked, writes
from records.answers import answered, page_of
from records.batches import Batch, BatchResult
from records.expanding import listed_shape
from records.listing import filters_of
from records.own_filters import OwnFilters, described
from records.record import Record, Verb
from records.shapes import answer_shape, item_shape
from records.sparse import Wanted, wanted_of


class RecordRouter(Router):
    """The routes of one record, with its declaration.

    `importable`: rows of a file can be created and changed by the plain writes, as over HTTP.
    """

    def __init__(self, record: Record[Any, Any, Any], verbs: Collection[Verb], *, plain: bool) -> None:
        super().__init__(tags=[record.tag or record.plural], route_class=IdempotentRoute)
        self.record, self.verbs = record, frozenset(verbs)
        self.importable = plain and {"create", "change"} <= self.verbs


class ActionRouter(Router):
    """The routes of a record's actions, at its path. What they answer about a row is documented as by a read.

    `others` are records whose rows they answer, too.
    """

    def __init__(self, record: Record[Any, Any, Any], *others: Record[Any, Any, Any]) -> None:
        super().__init__(prefix=record.path, tags=[record.tag or record.plural], route_class=IdempotentRoute)
        self.record = record
        self._shapes = {each.out: each for each in (record, *others)}

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Declare an action; `response_model` is the answer of a read where the action answers a row."""
        self.later(lambda: self._add(path, endpoint, options))

    def _add(self, path: str, endpoint: Callable[..., Any], options: dict[str, Any]) -> None:
        answers = self._shapes.get(get_annotations(endpoint)["return"])
        shape = {"response_model": answer_shape(answers)} if answers else {}
        super().add_api_route(path, endpoint, **{**options, **shape})


def routes(
    record: Record[Any, Any, Any],
    *,
    without: Collection[Verb] = (),
    says: Mapping[Verb, str] | None = None,
    names: Mapping[Verb, str] | None = None,
    create: writes.Create | None = None,
    change: writes.Change | None = None,
    lock_all: writes.LockAll | None = None,
    with_roles: bool = False,
    before: Callable[..., Awaitable[None]] | None = None,
) -> RecordRouter:
    """The routes of a record's verbs, except those in `without`.

    `create` and `change` are the module's own commands, if a plain write is not enough; `with_roles` passes them the
    caller's roles, as `roles`. `lock_all` locks the rows that they need when a batch calls them. `says` contains
    descriptions, `names` operation ids that differ from the plain ones. `before` is a dependency of every route.
    """
    served = [verb for verb in record.verbs if verb not in without]
    router = RecordRouter(record, served, plain=create is None and change is None)
    router.dependencies += [Depends(before)] if before else []
    plain_create, plain_change = writes.plain(record)
    commands = _Commands(record, create or plain_create, change or plain_change, lock_all, with_roles)

    def declare() -> None:
        for verb, method, path, endpoint, options in [*_reading(record), *_writing(record, commands)]:
            if verb in router.verbs:
                name, text = _named(record, verb)
                described, named = (says or {}).get(verb, text), (names or {}).get(verb, name)
                router.add_api_route(path, endpoint, methods=[method], name=named, description=described, **options)

    router.later(declare)
    return router


Route = tuple[Verb, str, str, Callable[..., Any], dict[str, Any]]


def _named(record: Record[Any, Any, Any], verb: Verb) -> tuple[str, str]:
    """The operation id and the plain description."""
    one, many, sorts = record.name.replace("_", " "), record.plural.replace("_", " "), ", ".join(record.sort)
    first = record.order or record.sort[0]
    first = f"`{first}`" if first.startswith("-") else first
    archived = ", archived or not" if hasattr(record.row, "archived_at") else ""
    tagged = ", with the `ETag` to change it" if "change" in record.verbs else ""
    imported = " A CSV file can be changed and imported again, by the key `id`." if "batch" in record.verbs else ""
    return {
        "create": (f"create_{record.name}", f"Enter a {one}."),
        "list": (
            f"list_{record.plural}",
            f"{many.capitalize()} in pages, by {first} unless `sort` is given ({sorts}; `-` for descending).",
        ),
        "read": (f"read_{record.name}", f"One {one}{archived}{tagged}."),
        "change": (f"change_{record.name}", "Change the given fields; others are unchanged."),
        "archive": (
            f"archive_{record.name}",
            f"Archive a {one}, here and in the other systems. No data is deleted; `restore` restores it.",
        ),
        "restore": (f"restore_{record.name}", f"Restore an archived {one}."),
        "batch": (
            f"write_{record.plural}",
            f"Create and change up to 200 {many}; each item succeeds or fails alone, and has its own result.",
        ),
        "export": (
            f"export_{record.plural}",
            f"{many.capitalize()} as one file, with the filters and the order of the list.{imported}",
        ),
    }[verb]


def _reading(record: Record[Any, Any, Any]) -> list[Route]:
    Out, Listed, Filters = answer_shape(record), item_shape(record), Annotated[filters_of(record), Query()]
    Id, Paged = Annotated[UUID, Path(alias=f"{record.name}_id")], sorted_by(record.sorting)
    only = {"dependencies": [requires(f"{record.scope}:read")]}
    exported = {"responses": export.DESCRIBED, "response_class": StreamingResponse, **described(record)}

    async def list_(
        session: Session,
        paging: Annotated[PageRequest, Paged],
        filters: Filters,
        own: OwnFilters,
        wanted: Annotated[Wanted, Depends(wanted_of(record, listed_shape(record), Listed))],
        response: Response,
    ) -> Response:
        rows, found = untracked.of_list(record), await reads.search(session, record, filters, own)
        page: Page[Any] = await paging.page(session, rows.among(found), record.sorting, rows.made)
        return await page_of(session, record, page, filters, response, wanted)

    async def read(
        row_id: Id,
        session: Session,
        wanted: Annotated[Wanted, Depends(wanted_of(record, record.out, Out))],
        response: Response,
    ) -> Any:
        return await answered(session, record, await reads.shown_by_id(session, record, row_id), response, wanted)

    return [
        ("list", "GET", record.path, list_, {**only, **described(record), "response_model": Page[Listed]}),
        ("read", "GET", _item(record), read, {**only, "response_model": Out}),
        ("export", "GET", f"{record.path}:export", export.endpoint(record), exported),
    ]


@dataclass(frozen=True)
class _Commands:
    """Create and change: the plain ones or the module's own. A field with a scope of its own needs that scope."""

    record: Record[Any, Any, Any]
    act_create: writes.Create
    act_change: writes.Change
    act_lock_all: writes.LockAll | None
    with_roles: bool

    async def create(self, session: AsyncSession, document: Any, caller: Principal, *, allow_duplicate: bool) -> Any:
        named = document if isinstance(document, Mapping) else document.model_fields_set
        self._refuse_scopeless(caller, named)
        body = parsed(_new(self.record), document) if isinstance(document, Mapping) else document
        if self.record.kind is not None:
            await creating(session, self.record.kind)
        body = await self._with_caller(session, body, named, caller)
        if self.record.alike is not None and not allow_duplicate:
            await duplicates.refuse(session, self.record, body, caller)
        row = await self.act_create(session, body, caller.subject, **self._roles(caller))
        if self.record.alike is not None:
            duplicates.note(session, self.record, body, row)
        return row

    async def _with_caller(self, session: AsyncSession, body: Any, named: Collection[str], caller: Principal) -> Any:
        """The body with the caller in the fields that hold it by default."""
        found = {}
        for name, find in self.record.callers.items():
            if name not in named:
                found[name] = await gather.once(session, f"caller {name}", partial(find, session, caller.subject))
        return body.model_copy(update={name: value for name, value in found.items() if value})

    async def change(
        self, session: AsyncSession, row_id: UUID, patch: Mapping[str, Any], caller: Principal, seen: Seen
    ) -> Any:
        self._refuse_scopeless(caller, patch)
        seen_row = seen_of(self.record, seen)
        return await self.act_change(session, row_id, patch, caller.subject, seen_row, **self._roles(caller))

    async def lock_all(self, session: AsyncSession, body: Any, *, allow_duplicate: bool) -> None:
        """Lock the rows that the items of a batch share; a malformed item is refused later, alone."""
        if self.record.kind is not None:
            await creating(session, self.record.kind)
        if self.record.alike is not None and not allow_duplicate:
            await duplicates.read_for(session, self.record, self._bodies(body))
        if self.act_lock_all is None:
            await reads.lock_all(session, self.record, body.ids)
            return
        await self.act_lock_all(session, self._bodies(body), body.ids)

    def _bodies(self, body: Any) -> list[Any]:
        """The bodies of a batch that create a row and are not malformed."""
        bodies = []
        for item in body.items:
            if item.id is None:
                with suppress(Malformed):
                    bodies.append(parsed(_new(self.record), item.body))
        return bodies

    def _roles(self, caller: Principal) -> dict[str, Any]:
        return {"roles": caller.roles} if self.with_roles else {}

    def _refuse_scopeless(self, caller: Principal, named: Collection[str]) -> None:
        if self.record.field_scopes is not None:
            self.record.field_scopes.check(caller, named)


def _writing(record: Record[Any, Any, Any], commands: _Commands) -> list[Route]:
    Body, Changed = _new(record), record.body if "change" in record.verbs else Never
    Writer = Annotated[Principal, requires(record.write_scope)]
    Id = Annotated[UUID, Path(alias=f"{record.name}_id")]
    Allowed = duplicates.allowed(record)
    extra = {"openapi_extra": record.field_scopes.openapi} if record.field_scopes else {}

    async def create(body: Body, session: Session, caller: Writer, allow_duplicate: Allowed, response: Response) -> Any:
        row = await commands.create(session, body, caller, allow_duplicate=allow_duplicate)
        response.headers["Location"] = f"{record.path}/{row.id}"
        return await answered(session, record, row, response)

    async def change(
        row_id: Id, patch: JsonPatch[Changed], session: Session, caller: Writer, seen: SeenVersion, response: Response
    ) -> Any:
        row = await commands.change(session, row_id, patch, caller, seen)
        return await answered(session, record, row, response)

    async def archive(row_id: Id, session: Session, caller: Writer, seen: SeenVersion, response: Response) -> Any:
        row = await writes.archive(session, record, row_id, caller.subject, seen_of(record, seen))
        return await answered(session, record, row, response)

    async def restore(row_id: Id, session: Session, caller: Writer, response: Response) -> Any:
        row = await writes.restore(session, record, row_id, caller.subject)
        return await answered(session, record, row, response)

    async def write(
        body: Batch[Body, Changed], session: Session, caller: Writer, allow_duplicate: Allowed
    ) -> BatchResult:
        return await batches.write(
            session,
            body.items,
            lambda fields: commands.create(session, fields, caller, allow_duplicate=allow_duplicate),
            lambda row_id, patch, seen: commands.change(session, row_id, patch, caller, seen),
            lambda: commands.lock_all(session, body, allow_duplicate=allow_duplicate),
        )

    item, shape = _item(record), {"response_model": answer_shape(record)}
    return [
        ("create", "POST", record.path, create, {"status_code": 201, **shape, **extra}),
        ("change", "PATCH", item, change, {**shape, **extra}),
        ("archive", "DELETE", item, archive, shape),
        ("restore", "POST", f"{item}/restore", restore, shape),
        ("batch", "POST", f"{record.path}:batch", write, extra),
    ]


def seen_of(record: Record[Any, Any, Any], seen: Seen) -> writes.Seen:
    """A check of the version that a caller has seen, which answers with the current record when it is outdated."""

    def check(row: Any) -> None:
        if not seen.includes(row.version):
            seen.check(row.version, record.show(row))

    return check


def _new(record: Record[Any, Any, Any]) -> type[BaseModel]:
    return record.new or record.body


def _item(record: Record[Any, Any, Any]) -> str:
    return f"{record.path}/{{{record.name}_id}}"
