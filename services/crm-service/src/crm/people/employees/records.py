"""Declarations of employees."""

from party.people import employee_filters
from records import Record, routes

from crm.people.employees.events import EMPLOYEE
from crm.people.employees.models import Employee
from crm.people.employees.schemas import EmployeeBody, EmployeeFilters, EmployeeOut

EDITED_HERE = {"email", "phone", "time_zone", "custom"}

EMPLOYEES = Record(
    "employee",
    path="/v1/employees",
    scope="employees",
    row=Employee,
    body=EmployeeBody,
    out=EmployeeOut,
    filters=EmployeeFilters,
    sort=("name", "entered_on", "left_on", "created_at", "updated_at"),
    verbs=("list", "read", "change", "export"),
    kind=EMPLOYEE,
    where=employee_filters(Employee),
    actions={"hand-over": ("customers:write", "deals:write")},
    kept_by=dict.fromkeys(EmployeeBody.model_fields.keys() - EDITED_HERE, "erp"),
)
router = routes(
    EMPLOYEES,
    says={"change": "Change `email`, `phone`, `time_zone` or custom fields; all other fields belong to the ERP."},
)
