"""Reads of the decision log."""

from chassis.pages import Sorting
from sqlalchemy import ColumnElement, Select, select

from gateway.api.decisions.schemas import ConflictFilters, DecisionFilters
from gateway.store.decisions import DecisionRow

# Ids are UUIDv7: they sort in the order of the decisions, and are indexed.
ORDERS = Sorting({"decided_at": DecisionRow.id}, DecisionRow.id, "-decided_at")


def search(filters: DecisionFilters) -> Select[DecisionRow]:
    """The decisions that match every filter."""
    statement = _search(filters)
    if filters.state is not None:
        statement = statement.where(DecisionRow.state == filters.state)
    if filters.rule is not None:
        statement = statement.where(DecisionRow.rule == filters.rule)
    return statement


def open_ones(filters: ConflictFilters) -> Select[DecisionRow]:
    """The decisions that wait for a steward."""
    return _search(filters).where(DecisionRow.state == "open")


def of_group(group: str) -> ColumnElement[bool]:
    """Decisions about one group, or with `tag:*` about every member of a family."""
    if group.endswith(":*"):
        return DecisionRow.group_key.startswith(group.removesuffix("*"), autoescape=True)
    return DecisionRow.group_key == group


def _search(filters: ConflictFilters) -> Select[DecisionRow]:
    equal = {DecisionRow.kind: filters.kind, DecisionRow.canonical_id: filters.canonical_id}
    statement = select(DecisionRow).where(*(column == value for column, value in equal.items() if value is not None))
    if filters.group is not None:
        statement = statement.where(of_group(filters.group))
    if filters.since is not None:
        statement = statement.where(DecisionRow.decided_at >= filters.since)
    if filters.until is not None:
        statement = statement.where(DecisionRow.decided_at < filters.until)
    return statement
