"""Employees: owners of records and subjects of tokens."""

from modules import Module

from crm.people.employees.routes import routers

MODULE = Module(routers=routers)
