"""Contacts: the contact persons at customers."""

from modules import Module

from erp.parties.contacts.records import router

MODULE = Module(routers=(router,))
