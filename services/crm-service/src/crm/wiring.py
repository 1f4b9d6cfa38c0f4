"""The one list of the CRM's modules."""

from pathlib import Path

from annotations import annotated
from chassis.service import Service
from contracts.scopes import EVENT_SCOPES
from custom_fields import routes as custom_fields
from importing import IMPORT_KEYS, UPLOADS, ImportJobs
from importing import routes as imports
from jobs import FINISHED_JOBS, tasks
from jobs import routes as jobs
from numbering.routes import series_router

from crm.catalogue.products import routes as catalogue
from crm.catalogue.products.events import KINDS as CATALOGUE
from crm.catalogue.products.records import IMPORTS as PRODUCTS
from crm.parties.contacts import records as contacts
from crm.parties.contacts.events import CONTACT
from crm.parties.customers import records as customers
from crm.parties.customers.events import CUSTOMER
from crm.parties.customers.imports import IMPORTS as CUSTOMERS
from crm.people.employees import records as employees
from crm.people.employees.events import EMPLOYEE
from crm.people.teams import records as teams
from crm.people.teams.events import TEAM
from crm.receivables import routes as receivables
from crm.receivables.events import KINDS as RECEIVABLES
from crm.receivables.records import IMPORTS as PAYMENTS
from crm.sales.deals import routes as deals
from crm.sales.deals.events import DEAL
from crm.sales.orders import routes as orders
from crm.sales.orders.events import ORDER, SHIPMENT
from crm.sales.orders.imports import IMPORTS as ORDERS
from crm.sales.orders.rules import NUMBERS as ORDER_NUMBERS
from crm.sales.quotes import routes as quotes
from crm.sales.quotes.events import QUOTE
from crm.sales.quotes.rules import NUMBERS as QUOTE_NUMBERS
from crm.settings import Settings
from crm.tables import Base

IMPORTS = {
    "customers": CUSTOMERS,
    "contacts": contacts.IMPORTS,
    "orders": ORDERS,
    "products": PRODUCTS,
    "payments": PAYMENTS,
}


SERVICE = Service(
    name="crm",
    title="Concord CRM",
    description="Customers, deals, quotes and orders, as the people see them who speak with customers.",
    settings=Settings,
    metadata=Base.metadata,
    versions=Path(__file__).resolve().parents[2] / "migrations" / "versions",
    routers=annotated(
        employees.router,
        teams.router,
        customers.router,
        contacts.router,
        *catalogue.routers,
        *receivables.routers,
        custom_fields.router,
        series_router((QUOTE_NUMBERS, ORDER_NUMBERS)),
        jobs.router,
        imports.routes(IMPORTS),
        *deals.routers,
        *quotes.routers,
        *orders.routers,
    ),
    event_scopes=EVENT_SCOPES,
    kinds=(EMPLOYEE, TEAM, CUSTOMER, CONTACT, *CATALOGUE, *RECEIVABLES, ORDER, SHIPMENT),
    tasks=lambda running: tasks(running, ImportJobs(IMPORTS).kinds),
    announced=(DEAL, QUOTE),
    expiring=(IMPORT_KEYS, UPLOADS, FINISHED_JOBS),
    uploads=(imports.PATH,),
)
