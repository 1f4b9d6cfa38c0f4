"""The actions that a caller may perform on a record now: the verbs that its state and the caller's scopes allow.

Rules that depend on more than the state are not evaluated: they refuse when the verb is called.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from chassis.auth import Principal

from records.record import Record

PLAIN = ("change", "archive", "restore")


@cache
def verbs_of(record: Record[Any, Any, Any]) -> tuple[str, ...]:
    """All verbs that act on one row: the plain ones, then those of the module."""
    return (*(verb for verb in PLAIN if verb in record.verbs), *record.actions)


def allowed(record: Record[Any, Any, Any], row: Any, caller: Principal) -> Sequence[str]:
    """The verbs that the caller may try, in the order of `verbs_of`."""
    if record.write_scope not in caller.scopes:
        return ()
    if record.allows is None and not any(callable(each) for each in record.actions.values()):
        return _by_archiving(record, getattr(row, "archived_at", None) is not None, caller.scopes)
    return _allowed(record, row, caller.scopes, _by_state(record, row))


@lru_cache(maxsize=1000)
def _by_archiving(record: Record[Any, Any, Any], archived: bool, scopes: frozenset[str]) -> Sequence[str]:
    """The verbs for rows of which no more than this decides."""
    return _allowed(record, None, scopes, {"restore"} if archived else {*verbs_of(record)} - {"restore"})


def _allowed(record: Record[Any, Any, Any], row: Any, scopes: frozenset[str], by_state: set[str]) -> Sequence[str]:
    possible = [verb for verb in verbs_of(record) if verb in by_state]
    return [verb for verb in possible if scopes.issuperset(needs(record, verb, row))]


def needs(record: Record[Any, Any, Any], verb: str, row: Any) -> tuple[str, ...]:
    """The scopes that a verb needs for a row, beside the one to write."""
    found = record.actions.get(verb, ())
    return found(row) if callable(found) else found


def _by_state(record: Record[Any, Any, Any], row: Any) -> set[str]:
    if getattr(row, "archived_at", None) is not None:
        return {"restore"}
    every = verbs_of(record) if record.allows is None else record.allows(row)
    return set(every) - {"restore"}
