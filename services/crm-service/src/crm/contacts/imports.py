"""How a row of a CSV file is read as a contact."""

from chassis.importing import Target

from crm.contacts import commands
from crm.contacts.schemas import ContactBody

CONTACTS = Target(ContactBody, commands.create, commands.change, references={"customer_id": "customers"})
