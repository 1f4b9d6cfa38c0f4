"""Shapes of requests and responses; the shared part is in `party`."""

from party.people import EmployeeFields, EmployeeFilters, EmployeeOut

__all__ = ["EmployeeBody", "EmployeeFilters", "EmployeeOut"]


class EmployeeBody(EmployeeFields):
    """An employee as a client sends it; only `name` is required."""
