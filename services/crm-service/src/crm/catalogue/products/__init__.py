"""Products, prices, tax rates and availability."""

from modules import Module

from crm.catalogue.products.events import KINDS
from crm.catalogue.products.routes import routers

MODULE = Module(routers=routers, kinds=KINDS)
