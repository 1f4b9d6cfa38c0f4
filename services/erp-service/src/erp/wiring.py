"""What the ERP is made of: its areas, in the order in which each stands on those before it."""

from pathlib import Path

import custom_fields
from modules import service, targets_of

from erp import catalogue, finance, ledger, parties, people, sales, warehouse
from erp.settings import Settings
from erp.tables import Base

MODULES = (
    custom_fields.MODULE,
    *ledger.MODULES,
    *people.MODULES,
    *parties.MODULES,
    *catalogue.MODULES,
    *warehouse.MODULES,
    *sales.MODULES,
    *finance.MODULES,
)
IMPORTS = targets_of(MODULES)
SERVICE = service(
    MODULES,
    name="erp",
    title="Concord ERP",
    description=(
        "Products and prices, stock, orders, invoices and payments, as the back office handles them, "
        "with a ledger that says what they come to."
    ),
    settings=Settings,
    metadata=Base.metadata,
    versions=Path(__file__).resolve().parents[2] / "migrations" / "versions",
)
