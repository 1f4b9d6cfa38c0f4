"""Policies: which value a group has after concurrent edits.

A policy is data. `decide` is a pure function of the heads: its result does not depend on the order of arrival, because
the only order that it uses is (hybrid time, origin, event id).
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, Protocol, TypeAlias

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
Normaliser: TypeAlias = Callable[[Json], Json]

STEWARD = "hub"
"""The origin of edits made in the hub itself."""


class Head(NamedTuple):
    """The newest edit of one origin that no other author has seen yet.

    `first` marks an edit whose author had seen no revision of the hub: such heads conflict when two records are linked
    for the first time. `seq` is the number of the edit in its row.
    """

    value: Json
    hlc: int
    rev: int
    event_id: str
    actor: str
    at: str
    first: bool = False
    seq: int = 0


def system_of(origin: str) -> str:
    """The system of an origin: `erp~1` is what the ERP wrote before it was restored from a backup."""
    return origin.partition("~")[0]


@dataclass(frozen=True, slots=True)
class Lattice:
    """The states of a document, and `steps`: pairs (from, to) of allowed transitions."""

    states: tuple[str, ...]
    steps: frozenset[tuple[str, str]]

    def reaches(self, lower: Json, upper: Json) -> bool:
        """Whether `upper` is `lower` or later. An undeclared state reaches only itself."""
        reached, frontier = {lower}, [lower]
        while frontier:
            state = frontier.pop()
            following = {end for start, end in self.steps if start == state} - reached
            reached |= following
            frontier.extend(following)
        return upper in reached


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy with its parameters. `version` is stored in every decision made by it."""

    rule: str
    system: str | None = None
    lattice: Lattice | None = None
    version: int = 1

    @property
    def name(self) -> str:
        return f"{self.rule}:{self.system}" if self.system else self.rule

    @property
    def owner(self) -> str | None:
        """The only system that writes the group, when there is one."""
        return self.system if self.rule in _OWNED else None

    def admits(self, origin: str, ctx: int = 1) -> bool:
        """Whether this origin may write the group, if its author had seen this revision of the hub."""
        if self.owner is None or origin in (self.owner, STEWARD):
            return True
        return self.rule == "strict_once_linked" and ctx == 0


@dataclass(frozen=True, slots=True)
class Once:
    """Another policy, which applies when the record's group `group` has one of these values."""

    group: str
    values: frozenset[str]
    policy: Policy

    def begun(self, state: Json) -> bool:
        """Whether the policy applies while the group has the value `state`."""
        return isinstance(state, str) and state in self.values


class GroupRule(Protocol):
    """The rule that decides one group."""

    @property
    def policy(self) -> Policy: ...
    @property
    def normalise(self) -> Normaliser: ...
    @property
    def once(self) -> Once | None: ...


def in_force(rule: GroupRule, state: Json) -> Policy:
    """The group's policy while the group that it depends on has the value `state`."""
    return rule.once.policy if rule.once and rule.once.begun(state) else rule.policy


class Verdict(NamedTuple):
    """The value of a group. `winner` is the origin of the value, or None while there is none.

    `contested`: the heads have more than one value.
    """

    value: Json
    parked: bool
    winner: str | None
    rule: str
    contested: bool = False


newest = Policy("newest")
maximum = Policy("max")
minimum = Policy("min")
member = Policy("member")
counter = Policy("counter")
manual = Policy("manual")
update_wins = Policy("update_wins")
delete_wins = Policy("delete_wins")
undeclared = Policy("undeclared")
"""For a group that the kind does not declare: stored in full, not delivered."""


def prefer(system: str) -> Policy:
    """The value of this system if it has one, else the newest."""
    return Policy("prefer", system=system)


def strict(system: str, *, once_linked: bool = False) -> Policy:
    """Only this system writes; edits of others are logged and reverted.

    `once_linked`: a value that another system enters before it has seen a revision of the hub is kept while this system
    has none.
    """
    return Policy("strict_once_linked" if once_linked else "strict", system=system)


def machine(lattice: Lattice) -> Policy:
    """The later state; incomparable states are parked."""
    return Policy("machine", lattice=lattice)


def as_it_is(value: Json) -> Json:
    """The normaliser of groups whose values are compared exactly."""
    return value


def frozen(value: Json) -> Hashable:
    """A hashable form of a JSON value: equal exactly when the values are. True is not 1."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, Mapping):
        return ("object", frozenset((key, frozen(item)) for key, item in value.items()))
    return ("array", tuple(frozen(item) for item in value))


def same(one: Json, other: Json, normalise: Normaliser = as_it_is) -> bool:
    """Whether two values are equal for a group."""
    return frozen(normalise(one)) == frozen(normalise(other))


def decide(policy: Policy, heads: Mapping[str, Head], normalise: Normaliser = as_it_is) -> Verdict:
    """The value of these heads under this policy. Deterministic, and independent of the order of arrival."""
    if not heads:
        return Verdict(None, parked=policy.rule == "undeclared", winner=None, rule=policy.name)
    if len(heads) == 1:
        ((origin, head),) = heads.items()
        return Verdict(head.value, policy.rule == "undeclared", origin, policy.name)
    contested = len({frozen(normalise(head.value)) for head in heads.values()}) > 1
    candidates = _informed(policy, heads, normalise) if contested else heads
    verdict = _RULES[policy.rule](policy, candidates, normalise)
    if len(candidates) < len(heads) and not verdict.parked:
        verdict = verdict._replace(rule="non_empty")
    return verdict._replace(contested=contested)


class Entered(Protocol):
    """An entry of a past decision."""

    @property
    def origin(self) -> str: ...
    @property
    def value(self) -> Json: ...
    @property
    def hlc(self) -> int: ...
    @property
    def event_id(self) -> str: ...


def simulate(
    entries: Iterable[Entered], policy: Policy, normalise: Normaliser = as_it_is, *, first: bool = False
) -> Verdict:
    """The result of a past decision under another policy. Refused values count where it admits them.

    `first`: the records were linked for the first time, when an empty value loses.
    """
    admitted: dict[str, Head] = {}
    for entry in sorted(entries, key=lambda each: each.hlc):
        ctx = int(
            entry.origin in admitted
        )  # The log does not contain what an author had seen; later edits had seen some revision.
        if policy.admits(system_of(entry.origin), ctx):
            admitted[entry.origin] = Head(entry.value, entry.hlc, 0, entry.event_id, "", "", first)
    return decide(policy, admitted, normalise)


def order(item: tuple[str, Head]) -> tuple[int, str, str]:
    """The total order of concurrent edits."""
    origin, head = item
    return head.hlc, system_of(origin), head.event_id


def _informed(policy: Policy, heads: Mapping[str, Head], normalise: Normaliser) -> Mapping[str, Head]:
    """Without the empty heads when records are linked for the first time: an empty field is no information then."""
    if policy.rule not in _EMPTY_YIELDS or not any(head.first for head in heads.values()):
        return heads
    filled = {origin: head for origin, head in heads.items() if normalise(head.value) is not None}
    return filled or heads


def _newest(policy: Policy, heads: Mapping[str, Head], normalise: Normaliser) -> Verdict:
    origin, head = max(heads.items(), key=order)
    return Verdict(head.value, False, origin, policy.name)


def _prefer(policy: Policy, heads: Mapping[str, Head], normalise: Normaliser) -> Verdict:
    return _newest(policy, _of(policy.system, heads) or heads, normalise)


def _strict(policy: Policy, heads: Mapping[str, Head], normalise: Normaliser) -> Verdict:
    return _newest(policy, _of(policy.system, heads) or _of(STEWARD, heads) or heads, normalise)


def _of(system: str | None, heads: Mapping[str, Head]) -> Mapping[str, Head]:
    """The heads of a system, of its current life and of those before restores."""
    return {origin: head for origin, head in heads.items() if system_of(origin) == system}


def _manual(policy: Policy, heads: Mapping[str, Head], normalise: Normaliser) -> Verdict:
    values = {frozen(normalise(head.value)) for head in heads.values()}
    provisional = _newest(policy, heads, normalise)
    return provisional if len(values) == 1 else provisional._replace(parked=True, winner=None)


def _undeclared(policy: Policy, heads: Mapping[str, Head], normalise: Normaliser) -> Verdict:
    return _newest(policy, heads, normalise)._replace(parked=True, winner=None)


def _machine(policy: Policy, heads: Mapping[str, Head], normalise: Normaliser) -> Verdict:
    lattice = policy.lattice or Lattice((), frozenset())
    states = [normalise(head.value) for head in heads.values()]
    last = {
        origin: head
        for origin, head in heads.items()
        if all(state is None or lattice.reaches(state, normalise(head.value)) for state in states)
    }
    if last:
        return _newest(policy, last, normalise)
    return _newest(policy, heads, normalise)._replace(parked=True, winner=None)


def _winning(winning: Callable[[Json], bool]) -> "Rule":
    """A rule by which one value wins over all others, independent of its time."""

    def choose(policy: Policy, heads: Mapping[str, Head], normalise: Normaliser) -> Verdict:
        winners = {origin: head for origin, head in heads.items() if winning(normalise(head.value))}
        return _newest(policy, winners or heads, normalise)

    return choose


def _extreme(sign: int) -> "Rule":
    def choose(policy: Policy, heads: Mapping[str, Head], normalise: Normaliser) -> Verdict:
        ranked = {origin: _magnitude(normalise(head.value)) for origin, head in heads.items()}
        known = [rank for rank in ranked.values() if rank is not None]
        if not known:
            return _newest(policy, heads, normalise)
        best = max(known) if sign > 0 else min(known)
        return _newest(policy, {o: head for o, head in heads.items() if ranked[o] == best}, normalise)

    return choose


def _magnitude(value: Json) -> tuple[int, Decimal, str] | None:
    """Numbers and numeric texts by size, other texts (such as dates) alphabetically after them."""
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return 1, Decimal(0), str(value)
    return (0, number, "") if number.is_finite() else (1, Decimal(0), str(value))


Rule: TypeAlias = Callable[[Policy, Mapping[str, Head], Normaliser], Verdict]

_EMPTY_YIELDS = frozenset({"newest", "prefer", "manual", "undeclared"})

_RULES: dict[str, Rule] = {
    "newest": _newest,
    "prefer": _prefer,
    "strict": _strict,
    "strict_once_linked": _strict,
    "max": _extreme(1),
    "min": _extreme(-1),
    "machine": _machine,
    "member": _winning(bool),
    "counter": _newest,
    "manual": _manual,
    "update_wins": _winning(lambda state: state != "dead"),
    "delete_wins": _winning(lambda state: state == "dead"),
    "undeclared": _undeclared,
}

_OWNED = frozenset({"strict", "strict_once_linked"})
_WITH_SYSTEM = _OWNED | {"prefer"}


class UnknownPolicy(ValueError):
    """The text names no known policy."""

    def __init__(self, text: str) -> None:
        names = sorted(name + ":<system>" if name in _WITH_SYSTEM else name for name in _RULES)
        super().__init__(f"{text!r} is not a policy. Use one of {', '.join(names)}.")


def parse(text: str, version: int = 1) -> Policy:
    """The policy that a text such as `newest` or `prefer:crm` names. A lattice cannot be written so."""
    rule, _, system = text.partition(":")
    if rule not in _RULES or rule == "machine" or (rule in _WITH_SYSTEM) != bool(system):
        raise UnknownPolicy(text)
    return replace(Policy(rule, system=system or None), version=version)
