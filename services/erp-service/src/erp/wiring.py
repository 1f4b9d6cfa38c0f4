"""The one list of the ERP's modules."""

from pathlib import Path

from chassis.service import Running, Service
from chassis.worker import Task
from contracts.scopes import EVENT_SCOPES
from custom_fields import routes as custom_fields
from importing import IMPORT_KEYS

from erp.balances import handlers as balances_tasks
from erp.balances import routes as balances
from erp.balances.events import BALANCE
from erp.bank_statements import routes as bank_statements
from erp.contacts import routes as contacts
from erp.contacts.events import CONTACT
from erp.contacts.imports import CONTACTS
from erp.customers import routes as customers
from erp.customers.events import CUSTOMER
from erp.customers.imports import CUSTOMERS
from erp.inventory import handlers as inventory_tasks
from erp.inventory import routes as inventory
from erp.inventory.events import AVAILABILITY
from erp.inventory.imports import STOCK
from erp.invoicing import handlers as invoicing_tasks
from erp.invoicing import routes as invoicing
from erp.invoicing.events import CREDIT_NOTE, INVOICE
from erp.ledger import routes as ledger
from erp.orders import handlers as orders_tasks
from erp.orders import routes as orders
from erp.orders.events import ORDER, SHIPMENT
from erp.payments import handlers as payments_tasks
from erp.payments.events import PAYMENT
from erp.payments.imports import PAYMENTS
from erp.payments.routes import bank_accounts, payments
from erp.products import handlers as products_tasks
from erp.products import routes as products
from erp.products.events import KINDS as PRODUCT_KINDS
from erp.products.imports import PRODUCTS
from erp.settings import Settings
from erp.tables import Base


def _tasks(running: Running) -> dict[str, Task]:
    return {
        **products_tasks.tasks(running),
        **inventory_tasks.tasks(running),
        **orders_tasks.tasks(running),
        **invoicing_tasks.tasks(running),
        **payments_tasks.tasks(running),
        **balances_tasks.tasks(running),
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
    routers=(
        customers.router,
        customers.batches,
        contacts.router,
        contacts.batches,
        custom_fields.router,
        ledger.router,
        *products.routers,
        inventory.warehouses,
        inventory.router,
        orders.limits,
        orders.batches,
        orders.router,
        orders.shipments,
        invoicing.router,
        payments.router,
        payments.batches,
        bank_accounts.router,
        bank_statements.router,
        balances.router,
        balances.receivables,
    ),
    event_scopes=EVENT_SCOPES,
    kinds=(CUSTOMER, CONTACT, *PRODUCT_KINDS, AVAILABILITY, ORDER, SHIPMENT, INVOICE, CREDIT_NOTE, PAYMENT, BALANCE),
    tasks=_tasks,
    expiring=(IMPORT_KEYS,),
)

IMPORTS = {
    "customers": CUSTOMERS,
    "contacts": CONTACTS,
    "products": PRODUCTS,
    "stock": STOCK,
    "payments": PAYMENTS,
}
