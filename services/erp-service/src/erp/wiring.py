"""The one list of the ERP's modules."""

from pathlib import Path

from annotations import annotated
from chassis.service import Running, Service
from chassis.worker import Task
from contracts.scopes import EVENT_SCOPES
from custom_fields import routes as custom_fields
from importing import IMPORT_KEYS, UPLOADS, ImportJobs, Target
from importing import routes as imports
from jobs import FINISHED_JOBS
from jobs import routes as jobs
from jobs import tasks as jobs_tasks
from numbering.routes import series_router

from erp.catalogue.products import handlers as products_tasks
from erp.catalogue.products import routes as products
from erp.catalogue.products.events import KINDS as PRODUCT_KINDS
from erp.catalogue.products.imports import IMPORTS as PRODUCTS
from erp.catalogue.products.records import PRICE_LISTS, PRICES, TAX_RATES
from erp.catalogue.products.rules import SKUS
from erp.finance.balances import handlers as balances_tasks
from erp.finance.balances import routes as balances
from erp.finance.balances.events import BALANCE
from erp.finance.bank_statements import routes as bank_statements
from erp.finance.invoicing import handlers as invoicing_tasks
from erp.finance.invoicing import routes as invoicing
from erp.finance.invoicing.events import CREDIT_NOTE, INVOICE
from erp.finance.invoicing.rules import CREDIT_NOTE_NUMBERS, INVOICE_NUMBERS
from erp.finance.payments import handlers as payments_tasks
from erp.finance.payments import routes as payments
from erp.finance.payments.events import PAYMENT
from erp.finance.payments.imports import IMPORTS as PAYMENTS
from erp.ledger import routes as ledger
from erp.parties.contacts import records as contacts
from erp.parties.contacts.events import CONTACT
from erp.parties.customers import records as customers
from erp.parties.customers.events import CUSTOMER
from erp.parties.customers.imports import IMPORTS as CUSTOMERS
from erp.parties.customers.models import NUMBERS as CUSTOMER_NUMBERS
from erp.people.employees import records as employees
from erp.people.employees.events import EMPLOYEE
from erp.people.teams import records as teams
from erp.people.teams.events import TEAM
from erp.sales.orders import handlers as orders_tasks
from erp.sales.orders import routes as orders
from erp.sales.orders.events import ORDER, SHIPMENT
from erp.sales.orders.rules import NUMBERS as ORDER_NUMBERS
from erp.sales.orders.rules import RETURN_NUMBERS, SHIPMENT_NUMBERS
from erp.settings import Settings
from erp.tables import Base
from erp.warehouse.stock import handlers as inventory_tasks
from erp.warehouse.stock import routes as inventory
from erp.warehouse.stock.events import AVAILABILITY
from erp.warehouse.stock.imports import STOCK
from erp.warehouse.stock.records import WAREHOUSES

IMPORTS = {
    "employees": employees.IMPORTS,
    "teams": teams.IMPORTS,
    "customers": CUSTOMERS,
    "contacts": contacts.IMPORTS,
    "products": PRODUCTS,
    "price_lists": Target.of(PRICE_LISTS),
    "prices": Target.of(PRICES),
    "tax_rates": Target.of(TAX_RATES),
    "warehouses": Target.of(WAREHOUSES),
    "stock": STOCK,
    "payments": PAYMENTS,
}


NUMBERS = (
    CUSTOMER_NUMBERS, SKUS, ORDER_NUMBERS, SHIPMENT_NUMBERS, RETURN_NUMBERS, INVOICE_NUMBERS, CREDIT_NOTE_NUMBERS,
)  # fmt: skip


def _tasks(running: Running) -> dict[str, Task]:
    return {
        **products_tasks.tasks(running),
        **inventory_tasks.tasks(running),
        **orders_tasks.tasks(running),
        **invoicing_tasks.tasks(running),
        **payments_tasks.tasks(running),
        **balances_tasks.tasks(running),
        **jobs_tasks(running, ImportJobs(IMPORTS).kinds),
    }


SERVICE = Service(
    name="erp",
    title="Concord ERP",
    description=(
        "Products and prices, stock, orders, invoices and payments, as the back office handles them, "
        "with a ledger that says what they come to."
    ),
    settings=Settings,
    metadata=Base.metadata,
    versions=Path(__file__).resolve().parents[2] / "migrations" / "versions",
    routers=annotated(
        employees.router,
        teams.router,
        customers.router,
        contacts.router,
        custom_fields.router,
        series_router(NUMBERS),
        jobs.router,
        imports.routes(IMPORTS),
        *ledger.routers,
        *products.routers,
        *inventory.routers,
        *orders.routers,
        *invoicing.routers,
        *payments.routers,
        *bank_statements.routers,
        *balances.routers,
    ),
    event_scopes=EVENT_SCOPES,
    kinds=(
        EMPLOYEE,
        TEAM,
        CUSTOMER,
        CONTACT,
        *PRODUCT_KINDS,
        AVAILABILITY,
        ORDER,
        SHIPMENT,
        INVOICE,
        CREDIT_NOTE,
        PAYMENT,
        BALANCE,
    ),
    tasks=_tasks,
    expiring=(IMPORT_KEYS, UPLOADS, FINISHED_JOBS),
    uploads=(imports.PATH,),
)
