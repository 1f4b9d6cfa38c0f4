"""Custom fields of a tenant: declared once with a type in either system, then filled in on records."""
