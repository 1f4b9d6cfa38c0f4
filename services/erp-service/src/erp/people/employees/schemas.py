"""Shapes of requests; the shared part is in `party`."""

from party.people import EmployeeFields


class EmployeeBody(EmployeeFields):
    """An employee as a client sends it; only `name` is required."""
