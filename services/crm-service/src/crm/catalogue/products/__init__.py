"""The catalogue: what can be sold, to whom at which price, taxed how, and how much of it can be promised."""

from modules import Module

from crm.catalogue.products.events import KINDS
from crm.catalogue.products.routes import routers

MODULE = Module(routers=routers, kinds=KINDS)
