"""The kinds of record that the hub merges, as the tables of `contracts.kinds` declare them."""

from contracts.kinds import TABLES

from gateway.kinds.declared import kind_of
from gateway.kinds.invariants import INVARIANTS
from gateway.kinds.spec import GroupSpec, KindSpec

__all__ = ["KINDS", "GroupSpec", "KindSpec", "UnknownKind", "group_spec", "kind_spec"]

KINDS: dict[str, KindSpec] = {name: kind_of(table, *INVARIANTS.get(name, ())) for name, table in TABLES.items()}
"""In order of reference: a referenced kind comes first."""


class UnknownKind(LookupError):
    """No such kind is declared."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no kind {name!r}. The hub knows {', '.join(KINDS)}.")


def kind_spec(name: str) -> KindSpec:
    """The kind of this name. Raises `UnknownKind`."""
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKind(name) from None


def group_spec(kind: str, group: str) -> GroupSpec:
    """The rules of one group of one kind."""
    return kind_spec(kind).group(group)
