"""Catalogue: products and their prices."""

from crm.catalogue import products

MODULES = (products.MODULE,)
