"""The verbs that a record's state allows, as a table that both the checks and `GET /v1/meta` read."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class States:
    """For `allows` of a record: the verbs of each state, and how a row tells its state.

    `following` are the states that may come next, where they are declared.
    """

    verbs: Mapping[Any, Collection[str]]
    of: Callable[[Any], Any]
    following: Mapping[Any, Collection[str]] | None = None

    def __call__(self, row: Any) -> Collection[str]:
        """The verbs that the state of a row allows."""
        return self.verbs[self.of(row)]
