"""Declarations of employees."""

from party.people import employee_filters
from records import Record, routes

from erp.people.employees import checks
from erp.people.employees.events import EMPLOYEE
from erp.people.employees.models import Employee
from erp.people.employees.schemas import EmployeeBody, EmployeeFilters, EmployeeOut

EMPLOYEES = Record(
    "employee",
    path="/v1/employees",
    scope="employees",
    row=Employee,
    body=EmployeeBody,
    out=EmployeeOut,
    filters=EmployeeFilters,
    sort=("name", "entered_on", "left_on", "created_at", "updated_at"),
    kind=EMPLOYEE,
    where=employee_filters(Employee),
    prepare=checks.subject_is_free,
    check=checks.manager_fits,
)
router = routes(
    EMPLOYEES,
    says={
        "create": (
            "Enter an employee. It is synchronised to the other systems within moments, once its manager is linked "
            "there."
        )
    },
)
