"""The policies of groups by name. Here they are data; their code is in the gateway."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

State = TypeVar("State", bound=str)


@dataclass(frozen=True, slots=True)
class Policy:
    """A merge rule of the gateway, with its parameters: the system that it favours, or the states and their order.

    `then` replaces it as soon as another group has certain values.
    """

    rule: str
    system: str | None = None
    states: tuple[str, ...] = ()
    steps: frozenset[tuple[str, str]] = frozenset()
    then: "Then | None" = None

    def until(self, group: str, values: Iterable[str], policy: "Policy") -> "Policy":
        """This policy until `group` has one of the values; from then on the other one."""
        return Policy(self.rule, self.system, self.states, self.steps, Then(group, frozenset(values), policy))


@dataclass(frozen=True, slots=True)
class Then:
    """The policy that applies when `group` has one of the values."""

    group: str
    values: frozenset[str]
    policy: Policy


newest = Policy("newest")
"""The newest edit wins."""

manual = Policy("manual")
"""A person decides; until then no value is overwritten."""

member = Policy("member")
"""Adding wins over removing; for members of a set."""

update_wins = Policy("update_wins")
"""An update wins over a delete."""


def prefer(system: str) -> Policy:
    """The value of this system if it has one, else the newest."""
    return Policy("prefer", system)


def strict(system: str, *, once_linked: bool = False) -> Policy:
    """Only this system writes; edits of others are logged and reverted.

    `once_linked`: a value that another system enters before it has seen a revision of the hub is kept while this system
    has none.
    """
    return Policy("strict_once_linked" if once_linked else "strict", system)


def machine(following: Mapping[State, Iterable[State]]) -> Policy:
    """The later state, by a table of the allowed transitions.

    States that cannot be joined wait for a person.
    """
    steps = frozenset((str(state), str(after)) for state, nexts in following.items() for after in nexts)
    return Policy("machine", states=tuple(map(str, following)), steps=steps)
