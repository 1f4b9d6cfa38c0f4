"""Selection of the value of a steward's choice. Pure: a decision and the request -> the value, or a problem with the
reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chassis.edge import field_errors
from chassis.errors import Conflict, Malformed
from contracts.groups import GOLDEN_GROUPS, check_value
from contracts.text import reason_of
from localisation import Phrase
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from gateway.kinds import group_spec, kind_spec
from gateway.kinds.shapes import Unfit, checked_value
from gateway.merge.policy import Json, frozen
from gateway.merge.register import Entry
from gateway.store.decisions import DecisionRow
from gateway.store.records import GoldenRecord


class SeveralValues(Conflict):
    code = "several-values"
    title = "Several values match"
    hint = 'Name one of `values` by its system, {{"origin": "crm"}}, or by its event, {{"event_id": "..."}}.'


class NothingLost(Conflict):
    code = "nothing-lost"
    title = "No value was lost in this decision"
    hint = 'To write one of `values` all the same, name it: {{"origin": "crm"}}.'


class RuleBroken(Conflict):
    code = "rule-broken"
    title = "The record would violate a rule of its kind"
    detail = "{reason}."
    hint = "Choose another value, or correct the record in one of its systems."


class GroupUndeclared(Conflict):
    code = "group-undeclared"
    title = "The hub does not know this group"
    detail = "No policy is declared for {group} of {kind}: its values are stored, and not delivered."
    hint = "Declare the group in the gateway's kinds first."


@dataclass(frozen=True)
class Named:
    """A value of a decision, by its system or its event; without either the one that lost."""

    origin: str | None = None
    event_id: str | None = None


@dataclass(frozen=True)
class Own:
    """A value entered by the steward."""

    value: Json


def meant(row: DecisionRow, named: Named) -> Json:
    """The selected value of a decision; by default the one that lost.

    Raises `SeveralValues` or `NothingLost`, with all values, when that is not exactly one; `Malformed` when the
    decision has no such value.
    """
    entries = [Entry.from_json(stored) for stored in row.heads]
    origin, event_id = named.origin, named.event_id
    if origin is None and event_id is None:
        # A parked group has no loser yet: each of its values may be selected.
        return _only(row, entries if row.was_parked else [e for e in entries if e.outcome != "kept"])
    found = [e for e in entries if origin in (None, e.origin) and event_id in (None, e.event_id)]
    if not found:
        there = ", ".join(f"{e.origin} ({e.event_id})" for e in entries)
        field = "origin" if origin is not None else "event_id"
        raise Malformed(
            errors=[{"field": field, "message": Phrase("the decision has no such value; it has {there}", there=there)}]
        )
    return _only(row, found)


def _only(row: DecisionRow, candidates: Iterable[Entry]) -> Json:
    normalise = group_spec(row.kind, row.group_key).normalise
    distinct = {frozen(normalise(entry.value)): entry.value for entry in candidates}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    raise SeveralValues(values=row.heads) if distinct else NothingLost(values=row.heads)


def checked(kind: str, group: str, value: Json) -> Json:
    """A steward's own value, normalised. Raises `Malformed` with each invalid field."""
    try:
        return check_value(GOLDEN_GROUPS[kind], group, value)  # type: ignore[arg-type]  # Sequence and Mapping are JSON
    except PydanticCustomError as error:
        raise Malformed(errors=[{"field": "value", "message": reason_of(error)}]) from None
    except ValidationError as error:
        raise Malformed(errors=[_in_value(each) for each in field_errors(error, value)]) from None


def fit(kind: str, group: str, value: Json) -> Json:
    """A value of the log in the current form of the group's values. Raises `Malformed` with each invalid field."""
    try:
        return checked_value(GOLDEN_GROUPS[kind], group, value)
    except Unfit as unfit:
        errors = [{**each, "field": each["field"].replace(group, "value", 1)} for each in unfit.errors]
        raise Malformed(errors=errors) from None


def _in_value(error: dict[str, str]) -> dict[str, str]:
    field = error["field"]
    return {**error, "field": f"value.{field}".rstrip(".")}


def check_rules(record: GoldenRecord, group: str, value: Json) -> None:
    """Raises `GroupUndeclared`, or `RuleBroken` when the record would break an invariant with this value."""
    spec = kind_spec(record.kind)
    if spec.group(group).policy.rule == "undeclared":
        raise GroupUndeclared(kind=record.kind, group=group)
    values: dict[str, Any] = {**record.values(), group: value}
    for invariant in spec.invariants:
        for violation in invariant(values):
            if violation.group == group:
                raise RuleBroken(rule=violation.name, group=group, reason=violation.text)
