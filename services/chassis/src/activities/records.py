"""The declarations of interactions and tasks, for the tables of a service."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.replication import Kind
from contracts.activity import NEXT_TASK_STATES, TaskState
from party.me import employee_id_of
from records import Meanings, Record, ReferenceUnknown, States, Where, reads
from records.record import Prepare
from sqlalchemy import ColumnElement, and_, cast, func, not_
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.ext.asyncio import AsyncSession

from activities.columns import OPEN_STATES
from activities.schemas import (
    InteractionBody,
    InteractionFilters,
    InteractionOut,
    TaskBody,
    TaskFilters,
    TaskOut,
)

AnyRecord = Record[Any, Any, Any]
VERBS: Mapping[str, TaskState] = {
    "start": TaskState.STARTED,
    "complete": TaskState.DONE,
    "cancel": TaskState.CANCELLED,
}
ALLOWED: Mapping[str, Collection[str]] = {
    state: ("change", "archive", *(verb for verb, after in VERBS.items() if after in following))
    for state, following in NEXT_TASK_STATES.items()
}
"""The verbs for a task in each state."""


@dataclass(frozen=True)
class Parties:
    """The records of a service that interactions and tasks refer to."""

    customers: AnyRecord
    contacts: AnyRecord
    employees: AnyRecord
    orders: AnyRecord


def interaction_record(row: Any, kind: Kind, parties: Parties, **own: Any) -> AnyRecord:
    """The declaration of a service's interactions; `own` replaces parts of it."""
    record: AnyRecord = Record(
        "interaction",
        scope="activities",
        row=row,
        body=InteractionBody,
        out=InteractionOut,
        filters=InteractionFilters,
        sort=("started_at", "created_at", "updated_at"),
        order="-started_at",
        kind=kind,
        where={
            "contact_id": _takes_part(row.contact),
            "employee_id": _takes_part(row.employee),
            "started_from": lambda moment: row.started_at >= moment,
            "started_until": lambda moment: row.started_at <= moment,
        },
        refers={"customer_id": parties.customers, "order_id": parties.orders},
        prepare=_known({"contact_ids": parties.contacts, "employee_ids": parties.employees}),
    )
    return replace(record, **own)


def task_record(row: Any, kind: Kind, parties: Parties, **own: Any) -> AnyRecord:
    """The declaration of a service's tasks; `own` replaces parts of it."""
    record: AnyRecord = Record(
        "task",
        scope="activities",
        row=row,
        body=TaskBody,
        out=TaskOut,
        filters=TaskFilters,
        sort=("due_at", "created_at", "updated_at"),
        order="-created_at",
        kind=kind,
        where=_task_filters(row),
        refers={
            "assignee_id": parties.employees,
            "customer_id": parties.customers,
            "order_id": parties.orders,
        },
        callers={"assignee_id": employee_id_of(parties.employees.row)},
        allows=States(ALLOWED, lambda task: task.state, NEXT_TASK_STATES),
        actions=dict.fromkeys(VERBS, ()),
    )
    return replace(record, **own)


def _task_filters(row: Any) -> Meanings:
    is_open = row.state.in_(OPEN_STATES)

    def late(yes: bool) -> ColumnElement[bool]:
        overdue = and_(is_open, func.coalesce(row.due_at < clock.now(), False))
        return overdue if yes else not_(overdue)

    return {
        "assignee_id": lambda employee_id: row.assignee_id == UUID(str(employee_id)),
        "open": lambda yes: is_open if yes else not_(is_open),
        "overdue": late,
        "due_from": lambda moment: row.due_at >= moment,
        "due_until": lambda moment: row.due_at <= moment,
    }


def _takes_part(participants: Any) -> Where:
    def condition(row_id: Any) -> ColumnElement[bool]:
        named = func.jsonb_build_object("id", str(row_id))
        return func.jsonb_path_exists(participants, cast("$.* ? (@ == $id)", JSONPATH), named)

    return condition


def _known(referred: Mapping[str, AnyRecord]) -> Prepare:
    """Lists of ids must name records of the tenant. Raises `ReferenceUnknown` with the place in the list."""

    async def check(session: AsyncSession, _row: Any, values: dict[str, Any]) -> None:
        for field, record in referred.items():
            found = await reads.by_ids(session, record, [UUID(each) for each in values[field]])
            for place, row_id in enumerate(values[field]):
                if UUID(row_id) not in found:
                    raise ReferenceUnknown(kind=record.name, id=row_id, field=f"{field}[{place}]")

    return check
