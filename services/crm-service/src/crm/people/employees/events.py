"""Employees in the CRM; `contracts.kinds.people` declares their groups."""

from chassis.replication import kind_from
from party.employees import employment
from records import rows_of

from contracts import kinds
from crm.people.employees.models import Employee

EMPLOYEE = kind_from(kinds.EMPLOYEE, employment(), system="crm", row=Employee, rows=rows_of(Employee))
