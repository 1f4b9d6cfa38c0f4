"""The areas of the CRM, each above the ones that it depends on."""

from pathlib import Path

import webhooks
from modules import service, targets_of

from crm import activities, catalogue, insight, parties, people, receivables, sales
from crm.settings import Settings
from crm.tables import Base
from crm.tags import TAGS

MODULES = (
    webhooks.MODULE,
    *people.MODULES,
    *parties.MODULES,
    *catalogue.MODULES,
    *receivables.MODULES,
    *sales.MODULES,
    *activities.MODULES,
    *insight.MODULES,
)
IMPORTS = targets_of(MODULES)
SERVICE = service(
    MODULES,
    name="crm",
    title="Concord CRM",
    description="Customers, deals, quotes and orders, for sales.",
    tags=TAGS,
    settings=Settings,
    metadata=Base.metadata,
    versions=Path(__file__).resolve().parents[2] / "migrations" / "versions",
)
