"""A tenant as a whole: created, suspended, resumed, exported and deleted, by an operator on the command line."""

from tenants.verb import add_tenants

__all__ = ["add_tenants"]
