"""Parties: customers and the persons at them."""
