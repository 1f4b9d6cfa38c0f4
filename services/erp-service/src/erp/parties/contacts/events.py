"""Contacts in the ERP; `contracts.kinds.contact` declares their groups."""

from chassis.replication import kind_from
from party.twins import contact_twin
from records import rows_of

from contracts import kinds
from erp.parties.contacts.models import Contact

CONTACT = kind_from(kinds.CONTACT, system="erp", row=Contact, rows=rows_of(Contact), twin=contact_twin(Contact))
