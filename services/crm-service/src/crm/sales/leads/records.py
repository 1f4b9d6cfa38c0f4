"""The declaration of leads."""

from uuid import UUID

from contracts.normalise import email_key
from party.me import employee_id_of
from records import Record, States

from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.people.employees.models import Employee
from crm.people.employees.records import EMPLOYEES
from crm.sales.deals.records import DEALS
from crm.sales.leads import checks
from crm.sales.leads.events import LEAD
from crm.sales.leads.models import Lead
from crm.sales.leads.rules import ALLOWED
from crm.sales.leads.schemas import LeadBody, LeadFilters, LeadOut

LEADS = Record(
    "lead",
    row=Lead,
    body=LeadBody,
    out=LeadOut,
    filters=LeadFilters,
    sort=("name", "score", "created_at", "updated_at"),
    order="-created_at",
    where={
        "email": lambda text: Lead.email_key == (email_key(text) or text),
        "owner_id": lambda employee_id: Lead.owner_id == UUID(str(employee_id)),
        "score_from": lambda score: Lead.score >= score,
    },
    announced=LEAD,
    refers={"owner_id": EMPLOYEES},
    expands={"customer_id": CUSTOMERS, "contact_id": CONTACTS, "deal_id": DEALS},
    callers={"owner_id": employee_id_of(Employee)},
    allows=States(ALLOWED, lambda row: row.state),
    actions={
        "contact": (),
        "qualify": (),
        "disqualify": (),
        "reopen": (),
        "assign": (),
        "convert": ("customers:write", "contacts:write", "deals:write"),
    },
    prepare=checks.may_change,
    check=checks.scored,
    personal=True,
)
