"""`expand=customer,lines.product`: referenced records, shown beside their ids.

A name follows one reference, or two (`order.customer`). Each reference of each level is read by one statement for all
records of a page. A referenced record has the fields of its own list.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast
from uuid import UUID

from chassis.auth import Principal, ScopeMissing
from chassis.errors import Malformed
from fastapi import Query
from localisation import Phrase
from pydantic import BaseModel

from records.record import Record

LEVELS = 2
Documents = Sequence[dict[str, Any]]
Shown = Callable[[Record[Any, Any, Any], set[UUID]], Awaitable[Mapping[str, Any]]]
"""Documents of a record, by id, as its list shows them."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A field that holds the id of another record, in a record or (`inside`) in the members of one of its lists.

    The other record is shown at `place`.
    """

    inside: str
    field: str
    record: Record[Any, Any, Any]

    @property
    def place(self) -> str:
        return self.field.removesuffix("_id")

    @property
    def name(self) -> str:
        return f"{self.inside}.{self.place}" if self.inside else self.place

    def holders(self, documents: Documents) -> Iterator[dict[str, Any]]:
        """The objects that have the id."""
        for document in documents:
            held = document.get(self.inside) if self.inside else document
            yield from held if isinstance(held, list) else [held] if held else []


Tree = dict[Reference, "Tree"]
"""The expanded references, and those below each."""


def references(record: Record[Any, Any, Any], shape: type[BaseModel]) -> dict[str, Reference]:
    """What can be expanded of an answer of this shape, by name."""
    declared = {**record.refers, **record.expands}
    found = [Reference(*_split(path), other) for path, other in declared.items()]
    return {each.name: each for each in found if (each.inside or each.field) in shape.model_fields}


def _split(path: str) -> tuple[str, str]:
    inside, _, field = path.rpartition(".")
    return inside, field


def listed_shape(record: Record[Any, Any, Any]) -> type[BaseModel]:
    """The fields of a record in its list."""
    return cast(type[BaseModel], record.listed or record.out)


def names(record: Record[Any, Any, Any], shape: type[BaseModel], levels: int = LEVELS) -> list[str]:
    """All that `expand` takes."""
    if not levels:
        return []
    found: list[str] = []
    for name, reference in references(record, shape).items():
        further = names(reference.record, listed_shape(reference.record), levels - 1)
        found += [name, *(f"{name}.{each}" for each in further)]
    return found


def tree_of(record: Record[Any, Any, Any], shape: type[BaseModel], wanted: str) -> Tree:
    """The requested expansions. Raises `Malformed` with all possible ones, when a name is unknown."""
    if not wanted:
        return {}
    known, tree = names(record, shape), Tree()
    asked = [name.strip() for name in wanted.split(",") if name.strip()]
    if unknown := sorted(set(asked) - set(known)):
        message = Phrase(
            "unknown: {unknown}; what can be expanded: {known}", unknown=", ".join(unknown), known=", ".join(known)
        )
        raise Malformed(errors=[{"field": "expand", "code": "choice", "message": message}])
    for name in asked:
        _add(tree, record, shape, name)
    return tree


def _add(tree: Tree, record: Record[Any, Any, Any], shape: type[BaseModel], name: str) -> None:
    for own, reference in references(record, shape).items():
        if name == own or name.startswith(f"{own}."):
            known = next((each for each in tree if each.name == own), reference)
            below = tree.setdefault(known, {})
            if rest := name.removeprefix(own).removeprefix("."):
                _add(below, reference.record, listed_shape(reference.record), rest)


def permit(tree: Tree, caller: Principal) -> None:
    """Raises `ScopeMissing` when the caller may not read an expanded record."""
    for reference, below in tree.items():
        needed = f"{reference.record.scope}:read"
        if needed not in caller.scopes:
            hint = Phrase(
                "Ask for a token with the missing scope, or leave `{name}` out of `expand`.", name=reference.name
            )
            raise ScopeMissing(needed=needed, missing=needed, hint=hint)
        permit(below, caller)


async def expand(documents: Documents, tree: Tree, shown: Shown) -> None:
    """Put the records at their places, null where there is no id."""
    for reference, below in tree.items():
        holders = list(reference.holders(documents))
        ids = {UUID(each[reference.field]) for each in holders if each.get(reference.field)}
        found = await shown(reference.record, ids) if ids else {}
        await expand(list(found.values()), below, shown)
        for each in holders:
            each[reference.place] = found.get(each.get(reference.field) or "")


def parameter(record: Record[Any, Any, Any], shape: type[BaseModel]) -> Any:
    """The parameter `expand` of a read or a list."""
    described = f"Records to show beside their ids, with commas: {', '.join(names(record, shape))}."
    return Annotated[str, Query(max_length=1000, description=described)]
