"""The access of systems to kinds: which topics are read, and what is delivered. Pure."""

from collections.abc import Container, Iterable, Mapping
from uuid import UUID

from contracts.kinds import TABLES, Access
from contracts.kinds.table import WRITES

from gateway.kinds import KINDS

Holdings = Mapping[str, Mapping[str, Access]]
"""System -> kind -> its access to the kind's records."""


class Limited(dict[str, Access]):
    """The kinds of a registered system, which may hold the records of some `tenants` only; None is all tenants.

    Without `topics` it sends its events to the gateway over HTTP.
    """

    def __init__(self, kinds: Mapping[str, Access], tenants: frozenset[UUID] | None, *, topics: bool = True) -> None:
        super().__init__(kinds)
        self.tenants = tenants
        self.topics = topics


def tenants_of(kinds: Container[str]) -> frozenset[UUID] | None:
    """The tenants whose records a system may hold; None is all."""
    return kinds.tenants if isinstance(kinds, Limited) else None


def serves(kinds: Container[str], tenant: UUID) -> bool:
    """Whether a system may hold the records of a tenant."""
    tenants = tenants_of(kinds)
    return tenants is None or tenant in tenants


def declared(system: str) -> dict[str, Access]:
    """The access of a system by the tables; a system that no table names writes every kind."""
    named = {kind: table.holders[system] for kind, table in TABLES.items() if system in table.holders}
    return named or dict.fromkeys(KINDS, WRITES)


def missing(kinds: Mapping[str, Access]) -> list[str]:
    """The kinds that a system must hold in addition, because records that it writes require references to them."""
    written = [TABLES[kind] for kind, access in kinds.items() if access is WRITES]
    return [
        f"whoever writes {table.name} reads {group.refers}"
        for table in written
        for group in table.groups
        if group.refers and group.refers not in kinds and (group.required or group.reference_field)
    ]


def source_topics(holdings: Holdings, names: Iterable[str] | None = None) -> list[str]:
    """The topics on which systems publish the kinds that they write."""
    return [
        KINDS[kind].topic_of(name)
        for name in (holdings if names is None else names)
        if _has_topics(holdings.get(name, {}))
        for kind, access in holdings.get(name, {}).items()
        if access is WRITES and kind in KINDS
    ]


def _has_topics(kinds: Mapping[str, Access]) -> bool:
    return not isinstance(kinds, Limited) or kinds.topics


def refusal(holdings: Holdings, system: str, kind: str, tenant: UUID | None = None) -> str | None:
    """The reason why events of a kind from a system, of a tenant, are not merged; None when it may write it."""
    if system not in holdings:
        return f"there is no system {system!r}; there are {', '.join(holdings)}"
    if tenant is not None and not serves(holdings[system], tenant):
        return f"{system} is not registered for this tenant"
    access = holdings[system].get(kind)
    if access is WRITES:
        return None
    return f"{system} only reads {kind}, it does not write it" if access else f"{system} does not hold {kind}"
