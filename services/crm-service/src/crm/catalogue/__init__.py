"""Catalogue: what is sold, and at which prices."""
