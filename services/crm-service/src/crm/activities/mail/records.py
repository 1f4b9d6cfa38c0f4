"""The declarations of mailboxes, e-mails and templates."""

from typing import Any
from uuid import UUID

from chassis.db import uuid7
from party.me import employee_id_of
from records import Record
from sealing import NoKey, Seal
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.mail.models import Email, EmailTemplate, Mailbox, SealingOff
from crm.activities.mail.rules import SENDABLE, MailDirection
from crm.activities.mail.schemas import (
    EmailBody,
    EmailFilters,
    EmailOut,
    EmailTemplateBody,
    EmailTemplateFilters,
    EmailTemplateOut,
    MailboxBody,
    MailboxFilters,
    MailboxOut,
)
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.people.employees.models import Employee
from crm.people.employees.records import EMPLOYEES
from crm.sales.deals.records import DEALS
from crm.sales.leads.records import LEADS

SEAL = "seal"
"""Where a session has the keys of the service."""


async def sealed_secret(session: AsyncSession, row: Any, values: dict[str, Any]) -> None:
    """Seal the `secret` of a mailbox or another record of the same columns. Raises `SealingOff`."""
    secret = values.pop("secret")
    if secret is None:
        return
    row.id = row.id or uuid7()
    seal: Seal = session.info[SEAL]
    try:
        row.sealed_secret = seal.sealed(secret.encode(), about=row.about)
    except NoKey:
        raise SealingOff() from None
    row.trouble = None
    if row.version is not None:
        row.count_on()


MAILBOXES = Record(
    "mailbox",
    path="/v1/mailboxes",
    scope="mail",
    row=Mailbox,
    body=MailboxBody,
    out=MailboxOut,
    filters=MailboxFilters,
    sort=("name", "created_at", "updated_at"),
    verbs=("create", "list", "read", "change", "archive", "restore"),
    where={
        "email": lambda address: Mailbox.email == address,
        "owner_id": lambda employee_id: Mailbox.owner_id == UUID(str(employee_id)),
    },
    refers={"owner_id": EMPLOYEES},
    callers={"owner_id": employee_id_of(Employee)},
    prepare=sealed_secret,
)
EMAILS = Record(
    "email",
    scope="mail",
    row=Email,
    body=EmailBody,
    out=EmailOut,
    filters=EmailFilters,
    sort=("created_at", "updated_at"),
    order="-created_at",
    verbs=("create", "list", "read"),
    refers={"mailbox_id": MAILBOXES, "customer_id": CUSTOMERS, "contact_id": CONTACTS, "deal_id": DEALS},
    expands={"lead_id": LEADS},
    allows=lambda row: (
        *(("send",) if row.state in SENDABLE else ()),
        *(("propose",) if row.direction == MailDirection.IN and not _is_known(row) else ()),
    ),
    actions={"send": (), "propose": ("leads:write",)},
    personal=True,
)
TEMPLATES = Record(
    "email_template",
    scope="mail",
    row=EmailTemplate,
    body=EmailTemplateBody,
    out=EmailTemplateOut,
    filters=EmailTemplateFilters,
    sort=("name", "created_at", "updated_at"),
    verbs=("create", "list", "read", "change", "archive", "restore"),
)


def _is_known(row: Email) -> bool:
    return bool(row.contact_id or row.customer_id or row.lead_id)
