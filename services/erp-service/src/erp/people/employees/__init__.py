"""Employees: the persons who work here; owners of records and subjects of tokens."""
