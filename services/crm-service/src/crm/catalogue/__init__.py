"""Catalogue: what is sold, and at which prices."""

from crm.catalogue import products

MODULES = (products.MODULE,)
