"""Catalogue: products, price lists and tax rates."""
