"""Shapes of requests and responses; `party` holds what they are in every service."""

from party.people import EmployeeFields, EmployeeFilters, EmployeeOut

__all__ = ["EmployeeBody", "EmployeeFilters", "EmployeeOut"]


class EmployeeBody(EmployeeFields):
    """What may be changed of an employee here: `email` and `phone`. All other fields belong to the ERP."""
