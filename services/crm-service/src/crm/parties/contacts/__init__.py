"""Contacts: the persons one talks to at a customer."""
