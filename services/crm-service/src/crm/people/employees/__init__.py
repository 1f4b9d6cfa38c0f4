"""Employees: owners of records and subjects of tokens."""

from modules import Module

from crm.people.employees.records import router

MODULE = Module(routers=(router,))
