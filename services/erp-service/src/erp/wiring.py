"""The areas of the ERP, each above the ones that it depends on."""

from pathlib import Path

import webhooks
from modules import service, targets_of

from erp import activities, catalogue, finance, ledger, parties, people, sales, warehouse
from erp.settings import Settings
from erp.tables import Base
from erp.tags import TAGS

MODULES = (
    webhooks.MODULE,
    *ledger.MODULES,
    *people.MODULES,
    *parties.MODULES,
    *catalogue.MODULES,
    *warehouse.MODULES,
    *sales.MODULES,
    *activities.MODULES,
    *finance.MODULES,
)
IMPORTS = targets_of(MODULES)
SERVICE = service(
    MODULES,
    name="erp",
    title="Concord ERP",
    description=("Products and prices, stock, orders, invoices and payments for the back office, with a ledger."),
    tags=TAGS,
    settings=Settings,
    metadata=Base.metadata,
    versions=Path(__file__).resolve().parents[2] / "migrations" / "versions",
)
