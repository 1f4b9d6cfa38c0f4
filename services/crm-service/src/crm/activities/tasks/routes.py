"""HTTP of tasks."""

from datetime import date
from typing import Annotated
from uuid import UUID

from activities import task_actions
from chassis.auth import Principal, requires
from chassis.db import Session
from fastapi import APIRouter, Query
from party.me import NoEmployee, employee_of
from records import reads, routes
from recurrence import zone_of_person

from crm.activities.calendar.queries import caller_id
from crm.activities.calendar.rules import Span
from crm.activities.tasks import queries
from crm.activities.tasks.events import recur
from crm.activities.tasks.records import TASKS
from crm.activities.tasks.schemas import MyDay
from crm.people.employees.models import Employee
from crm.people.employees.records import EMPLOYEES

my_day = APIRouter(tags=["tasks"])


@my_day.get("/v1/tasks:my-day")
async def read_my_day(
    session: Session,
    caller: Annotated[Principal, requires("activities:read")],
    employee_id: Annotated[UUID | None, Query(description="Default: the caller.")] = None,
    day: Annotated[date | None, Query(description="Default: the present day in the employee's time zone.")] = None,
) -> MyDay:
    """The open tasks of an employee: overdue, due on the day, started; and the appointments of the day. A day is one of
    the employee's time zone, or of the company's when the employee has none."""
    if employee_id is not None:
        employee = await reads.by_id(session, EMPLOYEES, employee_id)
    else:
        employee = await employee_of(Employee, session, caller.subject)
    if employee is None:
        raise NoEmployee()
    zone = zone_of_person(employee)
    on, begins, ends = queries.bounds(day, zone)
    return MyDay(
        employee_id=employee.id,
        time_zone=zone,
        day=on,
        overdue=[TASKS.show(row) for row in await queries.overdue(session, employee.id, begins)],
        due=[TASKS.show(row) for row in await queries.due(session, employee.id, begins, ends)],
        appointments=await queries.appointments(session, employee.id, Span(begins, ends), await caller_id(session)),
        started=[TASKS.show(row) for row in await queries.started(session, employee.id, ends)],
    )


routers = (my_day, routes(TASKS), task_actions(TASKS, recur))
