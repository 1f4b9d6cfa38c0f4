"""How a row of a CSV file is read as a contact."""

from importing import Target

from crm.parties.contacts import commands
from crm.parties.contacts.events import CONTACT
from crm.parties.contacts.schemas import ContactBody

CONTACTS = Target(CONTACT, ContactBody, commands.create, commands.change, references={"customer_id": "customers"})
