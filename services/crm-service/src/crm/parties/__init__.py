"""Parties: customers and their contacts."""

from crm.parties import contacts, customers

MODULES = (customers.MODULE, contacts.MODULE)
