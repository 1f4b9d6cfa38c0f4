"""The policies of groups by name. What each does is code of the gateway; here they are data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

State = TypeVar("State", bound=str)


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule of the gateway, with what it needs: the system that it favours, or the states and their order.

    `then` takes over from the moment on that another group shows certain values.
    """

    rule: str
    system: str | None = None
    states: tuple[str, ...] = ()
    steps: frozenset[tuple[str, str]] = frozenset()
    then: "Then | None" = None

    def until(self, group: str, values: Iterable[str], policy: "Policy") -> "Policy":
        """This policy, until `group` shows one of the values; from then on the other one."""
        return Policy(self.rule, self.system, self.states, self.steps, Then(group, frozenset(values), policy))


@dataclass(frozen=True, slots=True)
class Then:
    """The policy that takes over when `group` shows one of the values."""

    group: str
    values: frozenset[str]
    policy: Policy


newest = Policy("newest")
"""The newest edit."""

manual = Policy("manual")
"""A person decides; until then nothing is overwritten."""

member = Policy("member")
"""Adding wins over removing; for members of a set."""

update_wins = Policy("update_wins")
"""An update wins over a delete."""


def prefer(system: str) -> Policy:
    """The value of this system where it has one, else the newest."""
    return Policy("prefer", system)


def strict(system: str, *, once_linked: bool = False) -> Policy:
    """Only this system writes; the edits of others are logged and reverted.

    `once_linked`: what another system enters before it has heard of the hub counts as long as this one says nothing.
    """
    return Policy("strict_once_linked" if once_linked else "strict", system)


def machine(following: Mapping[State, Iterable[State]]) -> Policy:
    """The state that comes after all others, by a table of the states that may come next.

    States that cannot be joined wait for a person.
    """
    steps = frozenset((str(state), str(after)) for state, nexts in following.items() for after in nexts)
    return Policy("machine", states=tuple(map(str, following)), steps=steps)
