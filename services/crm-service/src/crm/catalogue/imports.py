"""How a row of a CSV file is read as a product."""

from importing import Target

from crm.catalogue import commands
from crm.catalogue.events import PRODUCT
from crm.catalogue.schemas import ProductBody

PRODUCTS = Target(PRODUCT, ProductBody, commands.create, commands.change)
