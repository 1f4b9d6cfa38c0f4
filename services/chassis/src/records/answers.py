"""Answers about rows: what the record shows, what the caller may do with it, and what was asked to be expanded."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, cast
from uuid import UUID

from chassis.answers import Answer
from chassis.db import caller_of
from chassis.pages import Page
from chassis.preconditions import etag
from fastapi import Response
from pydantic import BaseModel, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from records import expanding, reads
from records.allowed import allowed, verbs_of
from records.record import Out, Record
from records.sparse import Wanted

Documents = list[dict[str, Any]]
ALL = Wanted(None, {})


async def answered(
    session: AsyncSession, record: Record[Any, Any, Out], row: Any, response: Response, wanted: Wanted = ALL
) -> Out:
    """The answer for a row, as JSON; if it has a version, that is in the `ETag` too."""
    expanding.permit(wanted.tree, caller_of(session))
    documents = _documents(session, record, [row], await record.answers(session, [row]))
    if (version := documents[0].get("version")) is not None:
        response.headers["ETag"] = etag(version)
    (document,) = await _expanded(session, documents, wanted)
    return cast(Out, Answer(document, response.headers))


async def page_of(
    session: AsyncSession,
    record: Record[Any, Any, Any],
    page: Page[Any],
    filters: BaseModel,
    response: Response,
    wanted: Wanted,
) -> Answer:
    """The answer for a page of rows, which the filters have found."""
    expanding.permit(wanted.tree, caller_of(session))
    documents = _documents(session, record, page.items, await record.listing(session, page.items, filters))
    head = page.model_dump(mode="json", exclude={"items"})
    return Answer({"items": await _expanded(session, documents, wanted), **head}, response.headers)


def _documents(
    session: AsyncSession, record: Record[Any, Any, Any], rows: Sequence[Any], shown: Sequence[BaseModel]
) -> Documents:
    documents = _dumped(shown)
    if verbs_of(record):
        caller = caller_of(session)
        for row, document in zip(rows, documents, strict=True):
            document["allowed"] = allowed(record, row, caller)
    return documents


def _dumped(shown: Sequence[BaseModel]) -> Documents:
    shapes = {type(each) for each in shown}
    if len(shapes) != 1:
        return [each.model_dump(mode="json", by_alias=True) for each in shown]
    documents: Documents = _several(shapes.pop()).dump_python(list(shown), mode="json", by_alias=True)
    return documents


@cache
def _several(shape: type[BaseModel]) -> TypeAdapter[Any]:
    """Answers of one shape are written by one call, which costs half of one for each."""
    return TypeAdapter(list[shape])  # type: ignore[valid-type]  # A value.


async def _expanded(session: AsyncSession, documents: Documents, wanted: Wanted) -> Documents:
    async def listed(record: Record[Any, Any, Any], ids: Collection[UUID]) -> Mapping[str, Any]:
        rows = await reads.listed_by_ids(session, record, ids)
        shown = _documents(session, record, rows, await record.listing(session, rows))
        return {document["id"]: document for document in shown}

    await expanding.expand(documents, wanted.tree, listed)
    return [wanted.of(each) for each in documents]
