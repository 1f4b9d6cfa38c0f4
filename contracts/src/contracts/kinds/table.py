"""A kind of record, declared once: who holds it, what it is made of, which policy decides, what identifies it.

JSON Schemas, topics, the gateway's rules and the groups of CRM and ERP are made from these tables.
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
    """What a system does with the records of a kind."""

    WRITES = "writes"
    READS = "reads"


WRITES, READS = Access.WRITES, Access.READS

PARTITIONS = 6
FEW_PARTITIONS = 2
"""For kinds of which there are some dozens, not thousands."""


@dataclass(frozen=True, slots=True)
class Group:
    """One unit of merge; or a family of them, one for each member, when `member` is the shape of a member's name.

    `refers` names the kind of record that the value, or its field `reference_field`, is the id of. `golden` is the
    value's shape in the hub where that is another one.
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
    """Fields that mean something only together. Whoever makes a record fills what is `required`."""
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


def reference(kind: str, policy: Policy, *match: Match, required: bool = False) -> Group:
    """The record of another kind that this one belongs to."""
    shape = LocalId if required else LocalId | None
    return Group(kind, shape, policy, normalisers.reference, match, required, refers=kind)


@dataclass(frozen=True)
class KindTable:
    """One kind. `holders` says which systems have its records; one that is not named gets none.

    `life` decides between an edit and an archiving that did not see each other; it is a group like the others.
    `partitions` is the width of each of its topics. `currency` is the group, or its field (`document.currency`), that
    says in which currency the amounts of other groups are.
    """

    name: str
    holders: Mapping[str, Access]
    groups: tuple[Group, ...]
    life: Policy = update_wins
    partitions: int = PARTITIONS
    currency: str | None = None
    required: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        life = Group("life", Life, self.life, normalisers.life, required=True)
        required = tuple(group.name for group in self.groups if group.required)
        object.__setattr__(self, "groups", (*self.groups, life))
        object.__setattr__(self, "required", required)

    @property
    def writers(self) -> tuple[str, ...]:
        """The systems that announce what happens to their records of the kind."""
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
