"""Declarations of employees."""

from party.records import employee_record, entered
from records import routes

from erp.people.employees import checks
from erp.people.employees.events import EMPLOYEE
from erp.people.employees.models import Employee
from erp.people.employees.schemas import EmployeeBody

EMPLOYEES = employee_record(Employee, EmployeeBody, EMPLOYEE, prepare=checks.subject_is_free, check=checks.manager_fits)
router = routes(EMPLOYEES, says={"create": entered("an employee", "its manager is linked there")})
