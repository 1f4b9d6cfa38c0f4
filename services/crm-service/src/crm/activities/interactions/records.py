"""The declaration of interactions."""

from activities import Parties, interaction_record

from crm.activities.interactions.events import INTERACTION
from crm.activities.interactions.models import Interaction
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.people.employees.records import EMPLOYEES
from crm.sales.orders.records import ORDERS

PARTIES = Parties(customers=CUSTOMERS, contacts=CONTACTS, employees=EMPLOYEES, orders=ORDERS)
INTERACTIONS = interaction_record(Interaction, INTERACTION, PARTIES)
