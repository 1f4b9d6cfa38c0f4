"""The warning about a new record that may be there already: 409, unless the caller allows it."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from chassis import gather
from chassis.auth import Principal
from chassis.errors import Conflict
from fastapi import Depends, Query
from localisation import label
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

Field = Literal["tax_id", "email", "phone"]
Key = tuple[Field, str]
"""A field by which records are compared, and its normalised value."""
Found = tuple[UUID, str]
"""The id and the name of a record."""
MOST = 10
"""Candidates that are shown."""


@dataclass(frozen=True)
class Alike:
    """How records that may be the same are found: by the keys of a new one's body, with one statement for many."""

    keys: Callable[[BaseModel], Collection[Key]]
    find: Callable[[AsyncSession, Collection[Key]], Awaitable[Iterable[tuple[Key, Found]]]]


class Candidate(BaseModel):
    """A record that may be the same."""

    id: UUID
    name: str
    fields: list[Field]
    href: str


class PossibleDuplicate(Conflict):
    code = "possible-duplicate"
    title = "A record that may be the same exists already"
    detail = "{name} has the same value: {matched}."
    hint = "Use one of `candidates`. To create another record all the same, send it again with `allow_duplicate=true`."


async def candidates(session: AsyncSession, record: Any, body: BaseModel) -> list[Candidate]:
    """The records that may be the same as a new one, those with the most equal fields first. A batch reads once."""
    matched: dict[Found, list[Field]] = {}
    for (field, _), rows in (await _rows(session, record, record.alike.keys(body))).items():
        for row in rows:
            matched.setdefault(row, []).append(field)
    ranked = sorted(matched.items(), key=lambda each: (-len(each[1]), each[0][1], each[0][0]))
    return [
        Candidate(id=row_id, name=name, fields=fields, href=f"{record.path}/{row_id}")
        for (row_id, name), fields in ranked[:MOST]
    ]


async def refuse(session: AsyncSession, record: Any, body: BaseModel, caller: Principal) -> None:
    """Raises `PossibleDuplicate`. A caller who may not read such records is told no more than that there are some."""
    found = await candidates(session, record, body)
    if not found:
        return
    if f"{record.scope}:read" not in caller.scopes:
        raise PossibleDuplicate(detail="A record has the same value in one of these fields: tax id, e-mail, phone.")
    first = found[0]
    raise PossibleDuplicate(name=first.name, matched=", ".join(map(label, first.fields)), candidates=found)


async def read_for(session: AsyncSession, record: Any, bodies: Iterable[BaseModel]) -> None:
    """Read with one statement what the items of a batch are compared with."""
    await _rows(session, record, {key for body in bodies for key in record.alike.keys(body)})


def note(session: AsyncSession, record: Any, body: BaseModel, row: Any) -> None:
    """Let the following items of a batch be compared with a row that the batch has made."""
    gather.keep(session, _kept(record), ((key, [(row.id, row.name)]) for key in record.alike.keys(body)))


async def _rows(session: AsyncSession, record: Any, keys: Collection[Key]) -> dict[Key, Sequence[Found]]:
    async def read(missing: Collection[Key]) -> Iterable[tuple[Key, list[Found]]]:
        found: dict[Key, list[Found]] = {key: [] for key in missing}
        for key, row in await record.alike.find(session, missing):
            found[key].append(row)
        return found.items()

    return await gather.each_once(session, _kept(record), keys, read) if keys else {}


def _kept(record: Any) -> str:
    return f"{record.name} alike"


async def _asked(
    allow_duplicate: Annotated[
        bool, Query(description="Create the record even if one with the same tax id, e-mail or phone exists.")
    ] = False,
) -> bool:
    return allow_duplicate


async def _always() -> bool:
    return True


def allowed(record: Any) -> Any:
    """The type of an endpoint's parameter: whether duplicates are allowed. Records that are not compared allow them."""
    return Annotated[bool, Depends(_always if record.alike is None else _asked)]
