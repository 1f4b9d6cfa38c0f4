"""Commands on submissions."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from chassis.db import is_passing
from chassis.edge import field_errors, from_database
from chassis.errors import Malformed, Problem
from pydantic import BaseModel, ValidationError
from records import reads, writes
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.forms.models import Form, FormSubmission, FormUnknown, SubmissionAccepted, consents_of
from crm.sales.forms.records import SUBMISSIONS
from crm.sales.forms.rules import SubmissionState, lead_of, shape_of
from crm.sales.leads.records import LEADS
from crm.sales.leads.schemas import LeadBody


async def open_form(session: AsyncSession, key: str) -> Form:
    """The form of a key. Raises `FormUnknown` unless it takes submissions."""
    form = await session.scalar(select(Form).where(Form.key == key, Form.enabled, Form.archived_at.is_(None)))
    if form is None:
        raise FormUnknown()
    return form


async def submit(
    session: AsyncSession, form: Form, sent: Mapping[str, Any], origin: str | None, actor: str
) -> FormSubmission:
    """Store what a visitor has sent, and make its lead; if that fails, the submission keeps the reason.

    Raises `Malformed`: the visitor can correct it, and nothing is stored.
    """
    values = dict(sent)
    trapped = bool(values.pop(form.honeypot, None))
    checked = _as_far_as_it_fits(form, values) if trapped else _checked(form, values)
    row = FormSubmission(form_id=form.id, fields=checked, consents=consents_of(form, checked), origin=origin)
    if trapped:
        row.settle(SubmissionState.UNWANTED)
    else:
        await _make_lead(session, form, row, actor)
    session.add(row)
    await session.flush()
    return row


async def run(session: AsyncSession, submission_id: UUID, actor: str) -> FormSubmission:
    """Make the lead of a submission that has none. Raises `NotFound`, `SubmissionAccepted`."""
    row = await reads.by_id(session, SUBMISSIONS, submission_id, lock=True)
    if row.state == SubmissionState.ACCEPTED:
        raise SubmissionAccepted(lead_id=row.lead_id, state=row.state, allowed=[])
    form = await session.get_one(Form, row.form_id)
    await _make_lead(session, form, row, actor)
    await session.flush()
    return row


async def _make_lead(session: AsyncSession, form: Form, row: FormSubmission, actor: str) -> None:
    given = lead_of(form.asked, row.fields)
    try:
        async with session.begin_nested():
            body = LeadBody(**given, source=form.source, campaign=form.campaign)
            lead = await writes.create(session, LEADS, body, actor)
    except (Problem, DBAPIError, ValidationError) as error:
        if is_passing(error):
            raise
        row.settle(SubmissionState.FAILED, reason=_reason(error))
    else:
        row.settle(SubmissionState.ACCEPTED, lead_id=lead.id)


def _reason(error: Problem | DBAPIError | ValidationError) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{each['field']}: {each['message']}" for each in field_errors(error, {}))
    problem = error if isinstance(error, Problem) else from_database(error)
    errors = problem.facts.get("errors", ())
    return " ".join((str(problem), *(f"{each['field']}: {each['message']}" for each in errors)))


def _checked(form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found: BaseModel = shape_of(form.asked).model_validate(values)
    except ValidationError as error:
        raise Malformed(errors=field_errors(error, values)) from None
    return found.model_dump(mode="json")


def _as_far_as_it_fits(form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a program has sent, as far as it is kept."""
    with suppress(Malformed):
        return _checked(form, values)
    return {name[:40]: str(value)[:200] for name, value in list(values.items())[:50]}
