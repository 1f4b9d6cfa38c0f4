"""Employees as the ERP holds them; `contracts.kinds.people` says what they are made of."""

from chassis.replication import kind_from
from party.employees import employment
from records import rows_of

from contracts import kinds
from erp.people.employees.models import Employee

EMPLOYEE = kind_from(kinds.EMPLOYEE, employment(), system="erp", row=Employee, rows=rows_of(Employee))
