"""A kind of record, declared once: its holders, groups, policies and match keys.

JSON Schemas, topics, the gateway's rules and the groups of CRM and ERP are derived from these tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from contracts.customer import Life
from contracts.decimals import amount_names, rewritten
from contracts.kinds import same as normalisers
from contracts.kinds.match import Match
from contracts.kinds.policies import Policy, update_wins
from contracts.kinds.same import Same
from contracts.text import ShortText

LocalId = ShortText
"""The id that a record has in the system that sends it."""


class Access(StrEnum):
    """The access of a system to the records of a kind."""

    WRITES = "writes"
    READS = "reads"


WRITES, READS = Access.WRITES, Access.READS

PARTITIONS = 6
FEW_PARTITIONS = 2
"""For kinds with some dozens of records, not thousands."""


@dataclass(frozen=True, slots=True)
class Group:
    """One unit of merge; or a family of them, one for each member, when `member` is the shape of a member's name.

    `refers` names the kind of record whose id the value, or its field `reference_field`, is. `golden` is the value's
    shape in the hub if it differs.
    """

    name: str
    value: Any
    policy: Policy
    same: Same = normalisers.tidy
    match: tuple[Match, ...] = ()
    required: bool = False
    member: Any = None
    refers: str | None = None
    reference_field: str | None = None
    golden: Any = None


def group(
    name: str,
    value: Any,
    policy: Policy,
    *match: Match,
    same: Same = normalisers.tidy,
    required: bool = False,
) -> Group:
    """Fields that are meaningful only together. A new record must contain every `required` group."""
    return Group(name, value, policy, same, match, required)


def family(
    name: str,
    value: Any,
    policy: Policy,
    *match: Match,
    member: Any,
    same: Same = normalisers.tidy,
    refers: str | None = None,
    reference_field: str | None = None,
    golden: Any = None,
) -> Group:
    """A group for each member of a set or a list: `tag:retail`."""
    return Group(
        name,
        value,
        policy,
        same,
        match,
        member=member,
        refers=refers,
        reference_field=reference_field,
        golden=golden,
    )


def reference(kind: str, policy: Policy, *match: Match, required: bool = False, name: str | None = None) -> Group:
    """A record of this or another kind to which this record belongs; its default name is that of the kind."""
    shape = LocalId if required else LocalId | None
    return Group(name or kind, shape, policy, normalisers.reference, match, required, refers=kind)


@dataclass(frozen=True, slots=True)
class ShownValue:
    """Values that the systems in `by` show of a record beside its groups: derived, or assigned once.

    Events carry them for consumers. They are not merged, not delivered, and not in golden records.
    """

    name: str
    value: Any
    by: tuple[str, ...]


@dataclass(frozen=True)
class KindTable:
    """One kind. `holders` names the systems that hold its records; other systems get none.

    `life` decides between a concurrent edit and an archiving; it is a group like the others. `partitions` is the number
    of partitions of each of its topics. A `derived` kind is computed from other records: users do not enter it, and it
    has no history.
    `currency` is the group, or its field (`document.currency`), that holds the currency of amounts in other groups.
    """

    name: str
    holders: Mapping[str, Access]
    groups: tuple[Group, ...]
    life: Policy = update_wins
    partitions: int = PARTITIONS
    derived: bool = False
    currency: str | None = None
    shown: tuple[ShownValue, ...] = ()
    required: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        life = Group("life", Life, self.life, normalisers.life, required=True)
        required = tuple(group.name for group in self.groups if group.required)
        object.__setattr__(self, "groups", (*self.groups, life))
        object.__setattr__(self, "required", required)

    @property
    def writers(self) -> tuple[str, ...]:
        """The systems that publish events of the kind."""
        return tuple(system for system, access in self.holders.items() if access is WRITES)

    @cached_property
    def amounts(self) -> Mapping[str, frozenset[str]]:
        """Group -> the names of its amounts of money, where it has any."""
        found = {group.name: amount_names(group.value) for group in self.groups}
        return {group: names for group, names in found.items() if names}

    @property
    def beside(self) -> tuple[str, ...]:
        """The groups on which the written form of others depends."""
        return (self.currency.partition(".")[0],) if self.currency else ()

    def written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a record, with amounts in the decimals of their currency."""
        group, _, field = (self.currency or "").partition(".")
        currency = (values.get(group) or {}).get(field) if field else values.get(group)
        return {
            key: rewritten(value, names, currency) if (names := self.amounts.get(key.partition(":")[0])) else value
            for key, value in values.items()
        }
