"""Shapes of requests and responses; `party` holds what they are in every service."""

from party.people import EmployeeFields, EmployeeFilters, EmployeeOut

__all__ = ["EmployeeBody", "EmployeeFilters", "EmployeeOut"]


class EmployeeBody(EmployeeFields):
    """An employee as its users write it; only `name` is required."""
