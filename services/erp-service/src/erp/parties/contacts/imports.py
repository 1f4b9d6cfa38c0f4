"""How a row of a CSV file is read as a contact."""

from importing import Target

from erp.parties.contacts import commands
from erp.parties.contacts.events import CONTACT
from erp.parties.contacts.schemas import ContactBody

CONTACTS = Target(CONTACT, ContactBody, commands.create, commands.change, references={"customer_id": "customers"})
