"""Interactions and tasks: both systems write them, because a dunning call is made where the books are."""

from uuid import UUID

from contracts.activity import (
    NEXT_TASK_STATES,
    Channel,
    CheckItem,
    ContactPresence,
    GoldenContactPresence,
    Minutes,
    Priority,
    TaskState,
)
from contracts.employee import GoldenMembership, Membership
from contracts.kinds import same
from contracts.kinds.custom_field import own_fields
from contracts.kinds.policies import machine, manual, member, newest
from contracts.kinds.table import WRITES, KindTable, family, group, reference
from contracts.text import NameText, NotesText, OptionalNameText
from contracts.values import Moment

INTERACTION = KindTable(
    "interaction",
    holders={"crm": WRITES, "erp": WRITES},
    groups=(
        group("channel", Channel, newest, required=True),
        group("subject", NameText, newest, required=True),
        group("text", NotesText | None, newest, same=same.prose),
        group("outcome", OptionalNameText, newest),
        group("started_at", Moment, newest, same=same.instant, required=True),
        group("minutes", Minutes | None, newest),
        reference("customer", newest),
        reference("order", newest),
        family(
            "contact",
            ContactPresence | None,
            member,
            member=UUID,
            same=same.membership,
            refers="contact",
            reference_field="contact",
            golden=GoldenContactPresence | None,
        ),
        family(
            "employee",
            Membership | None,
            member,
            member=UUID,
            same=same.membership,
            refers="employee",
            reference_field="employee",
            golden=GoldenMembership | None,
        ),
        own_fields(newest),
    ),
)

TASK = KindTable(
    "task",
    holders={"crm": WRITES, "erp": WRITES},
    groups=(
        group("subject", NameText, newest, required=True),
        group("state", TaskState, machine(NEXT_TASK_STATES), required=True),
        group("priority", Priority, newest, required=True),
        group("due_at", Moment | None, newest, same=same.instant),
        reference("employee", newest, name="assignee"),
        reference("customer", newest),
        reference("order", newest),
        family("check", CheckItem | None, newest, member=UUID),
        group("notes", NotesText | None, manual, same=same.prose),
        own_fields(newest),
    ),
)
