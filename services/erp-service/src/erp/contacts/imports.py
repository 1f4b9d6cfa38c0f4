"""How a row of a CSV file is read as a contact."""

from importing import Target

from erp.contacts import commands
from erp.contacts.events import CONTACT
from erp.contacts.schemas import ContactBody

CONTACTS = Target(CONTACT, ContactBody, commands.create, commands.change, references={"customer_id": "customers"})
