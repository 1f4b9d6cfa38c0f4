"""The cause of a failed delivery: which item or group failed, and how many attempts one call may make to find it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError

from chassis.db import sqlstate
from chassis.errors import Conflict, Problem

LOCKED = frozenset({"55P03", "40P01"})


class NotUnique(Conflict):
    """The database refused the value: another record already has it."""

    code = "not-unique"
    title = "Another record has this value already"
    hint = "Change the value in one of the two systems; the record is delivered again automatically."


class RefersToNothing(Conflict):
    """The database refused the value: the record that it refers to does not exist here."""

    code = "refers-to-nothing"
    title = "The referenced record does not exist here"
    hint = "Enter that record in this system, or change the reference to an existing record."


class Impossible(Conflict):
    """The database refused the value: a constraint or the range of a column forbids it."""

    code = "impossible-here"
    title = "The database of this system forbids the value"
    hint = "Change the value in the system where it was entered; the record is delivered again automatically."


class Inapplicable(Conflict):
    """Applying the value failed with an unexpected error; the log contains its traceback."""

    code = "inapplicable"
    title = "This system failed to apply the value"
    detail = "{reason}"
    hint = (
        "Correct the value where it was entered. If it is correct, report the canonical id: the log contains the error."
    )


@dataclass
class Bounds:
    """The budget of one call: waits for locked rows, and attempts to apply a part of its batch.

    Both keep the response time below the hub's timeout, independent of the number of failing items.
    """

    waits: int = 8
    attempts: int = 300

    def may_wait(self) -> bool:
        """Count one wait for a locked row; False when none is left."""
        self.waits -= 1
        return self.waits >= 0

    def may_attempt(self) -> bool:
        """Count one attempt; False when none is left."""
        self.attempts -= 1
        return self.attempts >= 0


def is_locked(error: Exception) -> bool:
    """Whether another transaction holds a row that the delivery needs."""
    return sqlstate(error) in LOCKED


def refusal_of(error: Exception, group: str | None = None) -> Problem:
    """The problem of a refused item; `group` is the failing group, if it is known."""
    facts: dict[str, Any] = {"group": group} if group else {}
    if isinstance(error, Problem):
        return error
    if not isinstance(error, DBAPIError):
        return Inapplicable(reason=f"{type(error).__name__}: {error}"[:300], **facts)
    kinds: dict[str, type[Problem]] = {"23505": NotUnique, "23503": RefersToNothing}
    refused = kinds.get(str(sqlstate(error)), Impossible)
    return refused(reason=str(error.orig).splitlines()[0], **facts)
