"""The declaration of quotas."""

from records import Record
from sqlalchemy import literal

from crm.people.employees.records import EMPLOYEES
from crm.people.teams.records import TEAMS
from crm.sales.quotas.models import Quota
from crm.sales.quotas.schemas import QuotaBody, QuotaFilters, QuotaOut

QUOTAS = Record(
    "quota",
    path="/v1/quotas",
    scope="deals",
    writes="quotas:write",
    row=Quota,
    body=QuotaBody,
    out=QuotaOut,
    filters=QuotaFilters,
    sort=("first_day", "amount", "created_at", "updated_at"),
    order="-first_day",
    where={"day": lambda day: literal(day).between(Quota.first_day, Quota.last_day)},
    refers={"employee_id": EMPLOYEES, "team_id": TEAMS},
)
