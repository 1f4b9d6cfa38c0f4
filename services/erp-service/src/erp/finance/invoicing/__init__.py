"""Invoicing: invoices of shipments, credit notes, open amounts, and dunning."""

from modules import Module
from templates import templates_router

from erp.finance.invoicing import handlers
from erp.finance.invoicing.paper import TEMPLATES
from erp.finance.invoicing.routes import routers
from erp.finance.invoicing.rules import CREDIT_NOTE_NUMBERS, INVOICE_NUMBERS

MODULE = Module(
    routers=(*routers, templates_router(TEMPLATES, "invoices:read")),
    tasks=handlers.tasks,
    numbers=(INVOICE_NUMBERS, CREDIT_NOTE_NUMBERS),
    option="invoicing",
)
