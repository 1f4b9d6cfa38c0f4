"""Contacts: the persons one talks to at a customer."""

from modules import Module

from erp.parties.contacts.records import router

MODULE = Module(routers=(router,))
