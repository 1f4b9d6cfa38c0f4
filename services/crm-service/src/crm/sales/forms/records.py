"""The declarations of forms and submissions."""

from records import Record
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.forms.models import Form, FormSubmission
from crm.sales.forms.rules import SubmissionState, new_key
from crm.sales.forms.schemas import (
    FormBody,
    FormFilters,
    FormOut,
    FormSubmissionFilters,
    FormSubmissionOut,
)
from crm.sales.leads.records import LEADS


async def _keyed(session: AsyncSession, row: Form) -> None:
    row.key = row.key or new_key(session.info["tenant"])


FORMS = Record(
    "form",
    scope="leads",
    row=Form,
    body=FormBody,
    out=FormOut,
    filters=FormFilters,
    sort=("name", "created_at", "updated_at"),
    verbs=("create", "list", "read", "change", "archive", "restore"),
    check=_keyed,
)
SUBMISSIONS = Record(
    "form_submission",
    scope="leads",
    tag="forms",
    row=FormSubmission,
    out=FormSubmissionOut,
    filters=FormSubmissionFilters,
    sort=("created_at",),
    order="-created_at",
    verbs=("list", "read", "export"),
    expands={"lead_id": LEADS, "form_id": FORMS},
    allows=lambda row: () if row.state == SubmissionState.ACCEPTED else ("run",),
    actions={"run": ()},
    annotated=False,
    personal=True,
)
