"""The data of a kind that the merge needs, and the policy in force for a group. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple, Protocol

from gateway.merge.policy import GroupRule, Json, Policy, Verdict, decide, in_force
from gateway.merge.register import Register, revision, standings


class Violation(NamedTuple):
    """A violated rule of the kind: the group to park, the rule's name, the facts."""

    group: str
    name: str
    text: str


Invariant = Callable[[Mapping[str, Json]], Iterable[Violation]]


class Rules(Protocol):
    """A kind. The values of its `leading` groups determine the policy of others."""

    @property
    def invariants(self) -> tuple[Invariant, ...]: ...
    @property
    def leading(self) -> frozenset[str]: ...
    def group(self, group: str) -> GroupRule: ...


EMPTY = Register()


def family_of(group: str) -> str | None:
    """`tag` for `tag:retail`; None for a group without a family."""
    family, separator, _ = group.partition(":")
    return family if separator else None


def latest(registers: Mapping[str, Register], group: str) -> int:
    """The greatest revision of the group, or of any member of its family (also of a group that names one)."""
    if group in registers and family_of(group) is None:
        return revision(registers, group)
    members = f"{family_of(group) or group}:"
    return max((rev for other, rev, _ in standings(registers) if other.startswith(members)), default=0)


def policy_of(registers: Mapping[str, Register], group: str, kind: Rules) -> Policy:
    """The policy in force for a group, by the record's values."""
    rule = kind.group(group)
    return in_force(rule, registers.get(rule.once.group, EMPTY).value) if rule.once else rule.policy


def turned(
    before: Mapping[str, Register], after: Mapping[str, Register], kind: Rules
) -> Iterator[tuple[str, Register, Verdict]]:
    """The groups whose value changes under the policy now in force, with the result."""
    moved = {group for group in kind.leading if before.get(group, EMPTY).value != after.get(group, EMPTY).value}
    for group, register in after.items() if moved else ():
        rule = kind.group(group)
        if rule.once is None or rule.once.group not in moved or len(register.heads) < 2:
            continue
        verdict = decide(policy_of(after, group, kind), register.heads, rule.normalise)
        parked = verdict.parked or register.hold is not None
        again = register._replace(value=verdict.value, parked=parked, rule=verdict.rule)
        if again != register._replace(rule=verdict.rule):
            yield group, again, verdict


def number(value: Json) -> Decimal:
    """The amount of a counter's value; an empty one is zero."""
    return Decimal(0) if value is None else Decimal(str(value))
