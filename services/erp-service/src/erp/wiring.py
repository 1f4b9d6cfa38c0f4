"""The one list of the ERP's modules."""

from pathlib import Path

from chassis.service import Service
from custom_fields import routes as custom_fields

from erp.contacts import routes as contacts
from erp.contacts.events import CONTACT
from erp.contacts.imports import CONTACTS
from erp.customers import routes as customers
from erp.customers.events import CUSTOMER
from erp.customers.imports import CUSTOMERS
from erp.ledger import routes as ledger
from erp.settings import Settings
from erp.tables import Base

SERVICE = Service(
    name="erp",
    title="Concord ERP",
    description="Customers and contacts, as the books see them: numbered, with their terms and credit.",
    settings=Settings,
    metadata=Base.metadata,
    versions=Path(__file__).resolve().parents[2] / "migrations" / "versions",
    routers=(
        customers.router,
        customers.batches,
        contacts.router,
        contacts.batches,
        custom_fields.router,
        ledger.router,
    ),
    kinds=(CUSTOMER, CONTACT),
)

IMPORTS = {"customers": CUSTOMERS, "contacts": CONTACTS}
