"""The declaration of interactions."""

from activities import Parties, interaction_record

from erp.activities.interactions.events import INTERACTION
from erp.activities.interactions.models import Interaction
from erp.parties.contacts.records import CONTACTS
from erp.parties.customers.records import CUSTOMERS
from erp.people.employees.records import EMPLOYEES
from erp.sales.orders.records import ORDERS

PARTIES = Parties(customers=CUSTOMERS, contacts=CONTACTS, employees=EMPLOYEES, orders=ORDERS)
INTERACTIONS = interaction_record(Interaction, INTERACTION, PARTIES)
