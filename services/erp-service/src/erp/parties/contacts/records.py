"""Declarations of contacts."""

from party.records import contact_record, entered
from records import routes

from erp.parties.contacts.events import CONTACT
from erp.parties.contacts.models import Contact
from erp.parties.contacts.schemas import ContactBody
from erp.parties.customers.records import CUSTOMERS

CONTACTS = contact_record(Contact, ContactBody, CONTACT, CUSTOMERS, kept_by={"consent": "crm"})
router = routes(CONTACTS, says={"create": entered("a contact", "its customer is linked there")})
