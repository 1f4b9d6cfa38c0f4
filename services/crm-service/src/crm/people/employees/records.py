"""Declarations of employees."""

from party.records import employee_record
from records import routes

from crm.people.employees.events import EMPLOYEE
from crm.people.employees.models import Employee
from crm.people.employees.schemas import EmployeeBody, EmployeeOut

EDITED_HERE = {"email", "phone", "time_zone", "works_from", "custom"}

EMPLOYEES = employee_record(
    Employee,
    EmployeeBody,
    EMPLOYEE,
    out=EmployeeOut,
    verbs=("list", "read", "change", "export"),
    actions={"hand-over": ("customers:write", "deals:write")},
    kept_by=dict.fromkeys(EmployeeBody.model_fields.keys() - EDITED_HERE, "erp"),
)
router = routes(
    EMPLOYEES,
    says={"change": "Change `email`, `phone`, `time_zone`, `works_from` or custom fields; the ERP has all others."},
)
