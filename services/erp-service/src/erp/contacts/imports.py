"""How a row of a CSV file is read as a contact."""

from chassis.importing import Target

from erp.contacts import commands
from erp.contacts.schemas import ContactBody

CONTACTS = Target(ContactBody, commands.create, commands.change, references={"customer_id": "customers"})
