"""HTTP of forms and of what is submitted."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, public, requires
from chassis.db import Session
from chassis.preconditions import IdempotentRoute
from chassis.routing import Router
from fastapi import Response
from records import ActionRouter, answered, routes, writes

from crm.sales.forms import commands
from crm.sales.forms.public import DESCRIBED, FormRequest, Visit, shared_with
from crm.sales.forms.records import FORMS, SUBMISSIONS
from crm.sales.forms.schemas import FormSubmissionOut, Received

Writer = Annotated[Principal, requires("leads:write")]
create, _ = writes.plain(FORMS)
submissions = ActionRouter(SUBMISSIONS)
visits = Router(prefix="/v1/forms", tags=["forms"], route_class=IdempotentRoute)
# Forms are declared by people: a file cannot hold one.
routers = (routes(FORMS, create=create), routes(SUBMISSIONS), submissions, visits)


@submissions.post("/{form_submission_id}/run")
async def run_form_submission(
    form_submission_id: UUID, session: Session, caller: Writer, response: Response
) -> FormSubmissionOut:
    """Make the lead of a submission that failed, or that was taken for unwanted; a new failure gives its reason."""
    row = await commands.run(session, form_submission_id, caller.subject)
    return await answered(session, SUBMISSIONS, row, response)


@visits.post("/{key}/submissions", status_code=202, dependencies=[public], openapi_extra=DESCRIBED)
async def submit_form(_: FormRequest, visitor: Visit, response: Response) -> Received:
    """Send a form, without a token. The lead has an owner and a score at once.

    Pages of other websites send it as form fields, for which browsers ask no permission first. An `Idempotency-Key`
    makes one lead of a submission that is sent twice. Too many from one address, or for one form, are answered 429
    with `Retry-After`.
    """
    row = await commands.submit(visitor.session, visitor.form, await visitor.sent(), visitor.origin, visitor.actor)
    response.headers.update(shared_with(visitor.origin))
    return Received(id=row.id)
