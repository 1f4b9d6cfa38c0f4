"""`standing` in SQL: the rows whose `sync` shows a state."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, case, cast, column, exists, false, func, not_, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from chassis.replication.standing import STATES, State

NOTHING = func.jsonb_build_array()


def state_is(row: Any, state: State) -> ColumnElement[bool]:
    """The condition for rows whose worst state is this one, as `standing.sync_state` derives it."""
    found = _states(row)
    worse = [found[each] for each in STATES[: STATES.index(state)]]
    return and_(found[state], *(not_(each) for each in worse))


def _states(row: Any) -> dict[State, ColumnElement[bool]]:
    edited = _is_edited(row, None)
    in_conflict = _some(row.decided["conflicts"], lambda each: not_(_is_edited(row, each["group"].astext)))

    def refused(peer: Any) -> ColumnElement[bool]:
        return or_(not_(edited), _some(peer["fields"], lambda each: not_(_is_edited(row, each["group"].astext))))

    return {
        "rejected": _peer(row, "rejected", refused),
        "conflict": or_(in_conflict, and_(not_(edited), _peer(row, "conflict"))),
        "waiting": _peer(row, "waiting"),
        "on_its_way": or_(edited, row.canonical_id.is_(None), _peer(row, "on_its_way")),
        "in_step": not_(false()),
    }


def _is_edited(row: Any, group: Any) -> ColumnElement[bool]:
    """Whether a group, or any group, has an edit that the hub has not merged."""
    own = func.jsonb_each(row.sync).table_valued(column("key", Text), column("value", JSONB))
    seq = func.coalesce(cast(own.c.value["seq"].astext, BigInteger), 0)
    same = [] if group is None else [own.c.key == group]
    return _exists(own, seq > row.merged_seq, *same)


def _peer(row: Any, state: State, further: Any = None) -> ColumnElement[bool]:
    peer = func.jsonb_each(row.peers).table_valued(column("key", Text), column("value", JSONB))
    more = [] if further is None else [further(peer.c.value)]
    return _exists(peer, peer.c.value["state"].astext == state, *more)


def _some(items: Any, holds: Any) -> ColumnElement[bool]:
    """Whether a condition holds for an item of a JSON list, which may be missing."""
    listed = case((func.jsonb_typeof(items) == "array", items), else_=NOTHING)
    each = func.jsonb_array_elements(listed).table_valued(column("value", JSONB))
    return _exists(each, holds(each.c.value))


def _exists(among: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Columns of the conditions refer to the enclosing statement."""
    return exists(select(1).select_from(among).where(*conditions).correlate_except(among))
