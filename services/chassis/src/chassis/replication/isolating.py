"""Why applying a delivery failed, whose fault it is, and how much one call may spend on finding out."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError

from chassis.db import sqlstate
from chassis.errors import Conflict, Problem

LOCKED = frozenset({"55P03", "40P01"})


class NotUnique(Conflict):
    """The database refused: another record has this value already."""

    code = "not-unique"
    title = "Another record has this value already"
    hint = "Change the value in one of the two systems; the record is delivered again by itself."


class RefersToNothing(Conflict):
    """The database refused: the record that a value names is not here."""

    code = "refers-to-nothing"
    title = "The record that this one refers to is not here"
    hint = "Enter that record in this system; or let the reference name one that is here."


class Impossible(Conflict):
    """The database refused: a constraint of its own, or the range of a column, forbids the value."""

    code = "impossible-here"
    title = "The database of this system forbids the value"
    hint = "Change the value in the system where it was entered; the record is delivered again by itself."


class Inapplicable(Conflict):
    """Applying the value failed with an error that no rule of the module foresees; the log has its trace."""

    code = "inapplicable"
    title = "This system failed to apply the value"
    detail = "{reason}"
    hint = "Correct the value where it was entered. If it is right, report the canonical id: the log has the trace."


@dataclass
class Bounds:
    """What one call may spend: waits for locked rows, and attempts to apply a part of its batch.

    Both keep the answer within the time that the hub waits for it, however many items fail.
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
    """Whether somebody else holds a row that the delivery needs."""
    return sqlstate(error) in LOCKED


def refusal_of(error: Exception, group: str | None = None) -> Problem:
    """The problem that an item is refused with; `group` is the one at fault, where it is known."""
    facts: dict[str, Any] = {"group": group} if group else {}
    if isinstance(error, Problem):
        return error
    if not isinstance(error, DBAPIError):
        return Inapplicable(reason=f"{type(error).__name__}: {error}"[:300], **facts)
    kinds: dict[str, type[Problem]] = {"23505": NotUnique, "23503": RefersToNothing}
    refused = kinds.get(str(sqlstate(error)), Impossible)
    return refused(reason=str(error.orig).splitlines()[0], **facts)
