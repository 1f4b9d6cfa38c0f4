"""Batches over HTTP: each item in a savepoint of its own, and a result for each."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, Never, TypeVar, get_args
from uuid import UUID

from chassis import gather
from chassis.described import ProblemFacts
from chassis.errors import PreconditionRequired, Problem
from chassis.patch import Unchecked, patch_of
from chassis.preconditions import Seen, etag
from chassis.replication import Replicated
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema
from sqlalchemy.ext.asyncio import AsyncSession

Shape = TypeVar("Shape", bound=BaseModel)
Changed = TypeVar("Changed", bound=BaseModel)
ItemOutcome = Literal["created", "updated", "unchanged", "refused"]


class VersionMissing(PreconditionRequired):
    code = "version-missing"
    title = "An item with an `id` must contain the version it changes"
    hint = "Read the record, and send its `version` with the item."


class Document(Unchecked, Generic[Shape]):
    """The body of one record: not validated yet, so that an invalid item does not refuse the others."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (shape,) = get_args(source)
        return cls.as_shown(shape, handler)


class Item(BaseModel):
    """One record to create; or, with `id` and `version`, one to change."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = None
    version: int | None = Field(default=None, ge=0, lt=2**31, description="The version that the change is based on.")
    body: dict[str, Any] = Field(description="As the body of POST; with an `id` as that of PATCH (RFC 7396).")


class Batch(BaseModel, Generic[Shape, Changed]):
    """Up to 200 items."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[Item], Field(min_length=1, max_length=200)]

    @property
    def ids(self) -> list[UUID]:
        """The ids of the records to change, which are locked in order before the first item."""
        return [item.id for item in self.items if item.id is not None]

    if not TYPE_CHECKING:

        @classmethod
        def __class_getitem__(cls, shapes: Any) -> type[BaseModel]:
            return cls if isinstance(shapes[0], TypeVar) else _batch_of(*shapes)


@cache
def _batch_of(shape: type[BaseModel], changed: Any) -> type[BaseModel]:
    """The models that the API's document names `CustomerBatch` and `CustomerItem`."""
    stem = shape.__name__.removesuffix("Body").removeprefix("New")
    either: Any = shape if changed is Never else shape | patch_of(changed)
    document: Any = (Document[either], Field(description=Item.model_fields["body"].description))
    item: Any = create_model(f"{stem}Item", __base__=Item, __doc__=Item.__doc__, body=document)
    items: Any = (Annotated[list[item], Field(min_length=1, max_length=200)], ...)
    return create_model(f"{stem}Batch", __base__=Batch, __doc__=Batch.__doc__, items=items)


class ItemResult(BaseModel):
    """The outcome of one item; `problem` gives the reason of a refusal."""

    outcome: ItemOutcome
    id: UUID | None = None
    version: int | None = None
    problem: ProblemFacts | None = None


class BatchResult(BaseModel):
    """The results, in the order of the items."""

    items: list[ItemResult]


Create = Callable[[Mapping[str, Any]], Awaitable[Replicated]]
Change = Callable[[UUID, Mapping[str, Any], Seen], Awaitable[Replicated]]


async def write(
    session: AsyncSession,
    items: Sequence[Item],
    create: Create,
    change: Change,
    prepare: Callable[[], Awaitable[None]] | None = None,
) -> BatchResult:
    """Create and change one by one; a refused item changes nothing and does not stop the others.

    `prepare` locks and reads the rows that the items share.
    """
    found = await gather.apart(session, items, lambda item: _one(item, create, change), prepare)
    results = zip(items, found, strict=True)
    return BatchResult(items=[_refused(item, each) if isinstance(each, Problem) else each for item, each in results])


def _refused(item: Item, problem: Problem) -> ItemResult:
    return ItemResult(outcome="refused", id=item.id, problem=problem.document())


async def _one(item: Item, create: Create, change: Change) -> ItemResult:
    if item.id is None:
        row = await create(item.body)
        return ItemResult(outcome="created", id=row.id, version=row.version)
    if item.version is None:
        raise VersionMissing()
    # The standard library writes every value that it has read; orjson rejects integers beyond 64 bits and lone
    # surrogates.
    row = await change(item.id, item.body, Seen(etag(item.version), json.dumps(item.body).encode()))
    outcome: ItemOutcome = "unchanged" if row.version == item.version else "updated"
    return ItemResult(outcome=outcome, id=row.id, version=row.version)
