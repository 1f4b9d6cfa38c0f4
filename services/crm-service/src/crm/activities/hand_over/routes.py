"""HTTP of the hand-over."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter, Response
from jobs.schemas import JobOut

from crm.activities.hand_over import commands
from crm.activities.hand_over.schemas import HandOver

Giver = Annotated[Principal, requires("employees:write", "customers:write", "deals:write")]
router = APIRouter(prefix="/v1/employees", tags=["employees"], route_class=IdempotentRoute)


@router.post("/{employee_id}/hand-over", status_code=202)
async def hand_over(employee_id: UUID, body: HandOver, session: Session, caller: Giver, response: Response) -> JobOut:
    """Give all that an employee owns to another one, or to the members of a team in turn, as a job with a report.

    Customers, open leads and deals, open tasks, calendar events to come and mailboxes go; what is archived, closed or
    over keeps its owner, as history. Mail that arrives afterwards is the new owner's.
    """
    job = await commands.begin(session, employee_id, body, caller.subject)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobOut.of(job, caller)
