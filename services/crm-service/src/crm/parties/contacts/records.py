"""Declarations of contacts."""

from party.records import contact_record, entered
from records import routes

from crm.parties.contacts.events import CONTACT
from crm.parties.contacts.models import Contact
from crm.parties.contacts.schemas import ContactBody
from crm.parties.customers.records import CUSTOMERS

CONTACTS = contact_record(Contact, ContactBody, CONTACT, CUSTOMERS)
router = routes(CONTACTS, says={"create": entered("a contact", "its customer is linked there")})
