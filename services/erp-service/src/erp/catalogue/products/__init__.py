"""Products, what they cost for whom, and how they are taxed."""

from modules import Module

from erp.catalogue.products import handlers
from erp.catalogue.products.imports import IMPORTS
from erp.catalogue.products.routes import routers
from erp.catalogue.products.rules import SKUS

MODULE = Module(routers=routers, imports={"products": IMPORTS}, tasks=handlers.tasks, numbers=(SKUS,))
