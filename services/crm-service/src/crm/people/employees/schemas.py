"""Shapes of requests and responses; the shared part is in `party`."""

from party.people import EmployeeFields, EmployeeFilters, EmployeeOut

__all__ = ["EmployeeBody", "EmployeeFilters", "EmployeeOut"]


class EmployeeBody(EmployeeFields):
    """The fields of an employee that may be changed here: `email` and `phone`. All others belong to the ERP."""
