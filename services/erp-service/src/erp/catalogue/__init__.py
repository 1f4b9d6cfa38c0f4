"""Catalogue: products, price lists and tax rates."""

from erp.catalogue import products

MODULES = (products.MODULE,)
