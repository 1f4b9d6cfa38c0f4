"""HTTP of free/busy."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from chassis.auth import requires
from chassis.db import Session
from chassis.errors import Malformed
from contracts.values import Moment
from fastapi import APIRouter, Query
from localisation import Phrase
from records import ReferenceUnknown, reads

from crm.activities.calendar.queries import caller_id
from crm.activities.calendar.rules import Span
from crm.activities.free_busy import queries
from crm.activities.free_busy.schemas import EmployeeBusy, FreeBusy
from crm.people.employees.records import EMPLOYEES

LONGEST = timedelta(days=62)
MOST_EMPLOYEES = 50
Employees = Annotated[list[UUID], Query(min_length=1, max_length=MOST_EMPLOYEES, description="Ids of employees.")]
router = APIRouter(tags=["calendar"])


@router.get("/v1/calendar:free-busy", dependencies=[requires("activities:read")])
async def read_free_busy(
    session: Session,
    employees: Employees,
    begin: Annotated[Moment, Query(alias="from")],
    end: Annotated[Moment, Query(alias="to", description="At most 62 days after `from`.")],
) -> FreeBusy:
    """When employees are busy, with every occurrence of events that recur. An invitation that is not accepted keeps
    an employee busy tentatively, a declined one does not. What a private event is about, only those see who attend it.
    """
    window = _window(begin, end)
    employees = list(dict.fromkeys(employees))
    known = await reads.by_ids(session, EMPLOYEES, employees)
    for place, each in enumerate(employees):
        if each not in known:
            raise ReferenceUnknown(kind="employee", id=each, field=f"employees[{place}]")
    found = await queries.busy_times(session, employees, window, await caller_id(session))
    shown = [EmployeeBusy(employee_id=each, busy=busy) for each, busy in found.items()]
    return FreeBusy(starts_at=window.starts_at, ends_at=window.ends_at, employees=shown)


def _window(begin: Moment, end: Moment) -> Span:
    if not begin < end <= begin + LONGEST:
        message = Phrase("later than `from`, and at most {most_days} days", most_days=LONGEST.days)
        raise Malformed(errors=[{"field": "to", "code": "range", "message": message}])
    return Span(begin, end)
