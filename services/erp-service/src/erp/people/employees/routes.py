"""HTTP of employees, and of the one who calls."""

from party.me import me_router

from erp.people.employees.models import Employee
from erp.people.employees.records import router

routers = (router, me_router(Employee))
