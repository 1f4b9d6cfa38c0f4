"""Fields of a tenant's own: declared once with a type, then filled in on customers."""
