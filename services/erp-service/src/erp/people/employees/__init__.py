"""Employees: owners of records and subjects of tokens."""

from importing import Target
from modules import Module

from erp.people.employees.records import EMPLOYEES
from erp.people.employees.routes import routers

EMPLOYEE_FILES = Target.of(EMPLOYEES, references={"manager_id": "employees"})
MODULE = Module(routers=routers, imports={"employees": EMPLOYEE_FILES})
