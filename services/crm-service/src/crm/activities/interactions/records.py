"""The declaration of interactions."""

from activities import Parties, interaction_record

from crm.activities.interactions.events import INTERACTION
from crm.activities.interactions.models import Interaction
from crm.activities.interactions.schemas import DealInteractionFilters, DealInteractionOut, NewInteraction
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.people.employees.records import EMPLOYEES
from crm.sales.deals.records import DEALS
from crm.sales.orders.records import ORDERS

PARTIES = Parties(customers=CUSTOMERS, contacts=CONTACTS, employees=EMPLOYEES, orders=ORDERS)
INTERACTIONS = interaction_record(
    Interaction,
    INTERACTION,
    PARTIES,
    new=NewInteraction,
    out=DealInteractionOut,
    filters=DealInteractionFilters,
    refers={"customer_id": CUSTOMERS, "order_id": ORDERS, "deal_id": DEALS},
)
