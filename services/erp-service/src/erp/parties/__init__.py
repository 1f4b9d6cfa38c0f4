"""Parties: customers and the persons at them."""

from erp.parties import contacts, customers

MODULES = (customers.MODULE, contacts.MODULE)
