"""`GET /v1/search`."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any

from chassis.auth import Principal, signed_in
from chassis.db import Session
from chassis.errors import Malformed
from chassis.routing import Router
from contracts.normalise import name_key
from fastapi import Query, Request
from localisation import Phrase
from pydantic import BaseModel
from records import Record, RecordRouter, reads, untracked
from records.listing import filters_of
from sqlalchemy.ext.asyncio import AsyncSession

from search.hits import hit
from search.schemas import Hit, Hits

Searched = Record[Any, Any, Any]
PATH = "/v1/search"


def search_router(served: Callable[[], Sequence[RecordRouter]]) -> Router:
    """The route, over the records of these routers that have a filter `q`."""
    router = Router(prefix=PATH, tags=["search"])

    @router.get("", response_model=Hits)
    async def search(
        request: Request,
        session: Session,
        caller: Annotated[Principal, signed_in],
        q: Annotated[str, Query(min_length=1, max_length=200, examples=["alfreds"])],
        records: Annotated[
            str | None, Query(max_length=500, description="Names of records, with commas: only these are searched.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=20, description="The most items of each record.")] = 5,
    ) -> Hits:
        """Find customers, orders, documents and all else by the beginnings of words.

        It searches the records that the caller's scopes may read. A record is found when each word is the beginning
        of one of its own, as in its list with `q`; archived records are not shown.
        """
        words = name_key(q).split()
        items: list[Hit] = []
        more: list[str] = []
        for record in _chosen([each.record for each in served()], caller, records) if words else ():
            rows = await _rows(session, record, q, limit + 1)
            items += [hit(record, row, words) for row in rows[:limit]]
            more += [record.name] if len(rows) > limit else []
        request.app.state.viewers.see(session, PATH, len(items))
        return Hits(items=items, more=more)

    return router


def _chosen(served: Sequence[Searched], caller: Principal, names: str | None) -> list[Searched]:
    """The records to search. Raises `Malformed` for names of others."""
    readable = {each.name: each for each in served if _is_searched(each) and f"{each.scope}:read" in caller.scopes}
    if names is None:
        return list(readable.values())
    wanted = dict.fromkeys(name.strip() for name in names.split(",") if name.strip())
    if unknown := [name for name in wanted if name not in readable]:
        message = Phrase(
            "unknown: {unknown}; the records are: {records}",
            unknown=", ".join(unknown),
            records=", ".join(readable),
        )
        raise Malformed(errors=[{"field": "records", "code": "choice", "message": message}])
    return [readable[name] for name in wanted]


def _is_searched(record: Searched) -> bool:
    return "q" in record.filters.model_fields and "read" in record.verbs


@cache
def _filters(record: Searched) -> type[BaseModel]:
    return filters_of(record)


async def _rows(session: AsyncSession, record: Searched, typed: str, most: int) -> list[Any]:
    """The first rows in the order of the record's list."""
    found = await reads.search(session, record, _filters(record)(q=typed))
    order = (key.order() for key in record.sorting.keys(record.sorting.default))
    rows = untracked.of_list(record)
    values = await session.execute(rows.among(found).order_by(*order).limit(most))
    return [rows.made(each) for each in values]
