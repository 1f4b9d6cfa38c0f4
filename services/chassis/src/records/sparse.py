"""The requested fields: `fields=name,updated_at` omits all others, `expand=customer` adds records."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from chassis.errors import Malformed
from fastapi import Query
from localisation import Phrase
from pydantic import BaseModel

from records import expanding
from records.expanding import Tree
from records.record import Record

ALWAYS = {"id", "version"}
Fields = Annotated[
    str | None,
    Query(max_length=2000, description="Names, with commas: other fields than these and the id are left out."),
]


@dataclass(frozen=True)
class Wanted:
    """`names` of fields, None for all; what is to be expanded is among them."""

    names: set[str] | None
    tree: Tree

    def of(self, document: dict[str, Any]) -> dict[str, Any]:
        """The fields of a document that are wanted."""
        if self.names is None:
            return document
        return {name: value for name, value in document.items() if name in self.names}


def wanted_of(
    record: Record[Any, Any, Any], shape: type[BaseModel], known: type[BaseModel]
) -> Callable[..., Awaitable[Wanted]]:
    """A dependency that reads both parameters. It raises `Malformed` for what the `known` answer does not have."""

    def read(fields: str | None, expand: str) -> Wanted:
        tree = expanding.tree_of(record, shape, expand)
        names = {name.strip() for name in fields.split(",") if name.strip()} if fields else None
        if unknown := sorted((names or set()) - known.model_fields.keys()):
            message = Phrase(
                "unknown: {unknown}; the fields are: {model_fields}",
                unknown=", ".join(unknown),
                model_fields=", ".join(known.model_fields),
            )
            raise Malformed(errors=[{"field": "fields", "code": "choice", "message": message}])
        if names:
            names |= ALWAYS | {each.inside or each.place for each in tree}
        return Wanted(names, tree)

    async def plain(fields: Fields = None) -> Wanted:
        return read(fields, "")

    async def expandable(fields: Fields = None, expand: expanding.parameter(record, shape) = "") -> Wanted:  # type: ignore[valid-type]  # A value.
        return read(fields, expand)

    return expandable if expanding.references(record, shape) else plain
