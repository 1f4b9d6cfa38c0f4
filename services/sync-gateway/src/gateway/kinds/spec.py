"""The definition of a kind of record for the hub: its groups, their policies, its invariants. Data, no logic."""

from dataclasses import dataclass, field

from gateway.kinds import normalise
from gateway.merge.policy import Normaliser, Once, Policy, undeclared
from gateway.merge.rules import Invariant


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """One group, or a family of them: `tag:*` stands for one register per tag.

    `reference` names the kind of record that the value, or its field `reference_field`, refers to. `once` is the policy
    that applies when the record has reached a certain state.
    """

    pattern: str
    policy: Policy
    normalise: Normaliser = normalise.tidy
    reference: str | None = None
    reference_field: str | None = None
    once: Once | None = None


UNDECLARED = GroupSpec("*", undeclared)


@dataclass(frozen=True, slots=True)
class KindSpec:
    """One kind. `topic` is the pattern of the names of its topics, one for each system.

    The value of a `leading` group determines the policy of others. `references` are the groups and families that refer
    to records of another kind.
    """

    name: str
    groups: tuple[GroupSpec, ...]
    invariants: tuple[Invariant, ...] = ()
    topic: str = "{system}.{kind}.v1"
    leading: frozenset[str] = field(init=False)
    references: dict[str, str] = field(init=False, compare=False)
    _by_pattern: dict[str, GroupSpec] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_pattern", {group.pattern: group for group in self.groups})
        references = {group.pattern: group.reference for group in self.groups if group.reference}
        object.__setattr__(self, "references", references)
        object.__setattr__(self, "leading", frozenset(group.once.group for group in self.groups if group.once))

    def group(self, group: str) -> GroupSpec:
        """The rules of `email`, or of `tag:*` for `tag:retail`. An undeclared group is kept but parked."""
        if (plain := self._by_pattern.get(group)) is not None:
            return plain
        family, separator, _ = group.partition(":")
        return self._by_pattern.get(f"{family}:*", UNDECLARED) if separator else UNDECLARED

    def refers(self, group: str) -> bool:
        """Whether the values of a group name records of another kind."""
        if ":" in group:
            return f"{group.partition(':')[0]}:*" in self.references
        return group in self.references

    def topic_of(self, system: str) -> str:
        return self.topic.format(system=system, kind=self.name)
