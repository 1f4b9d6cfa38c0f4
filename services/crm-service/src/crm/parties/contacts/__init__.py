"""Contacts: contact persons at customers."""

from modules import Module

from crm.parties.contacts.records import router

MODULE = Module(routers=(router,))
