"""Parties: customers and the persons at them."""

from crm.parties import contacts, customers

MODULES = (customers.MODULE, contacts.MODULE)
