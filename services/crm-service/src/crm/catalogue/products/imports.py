"""How a row of a CSV file is read as a product."""

from importing import Target

from crm.catalogue.products import commands
from crm.catalogue.products.events import PRODUCT
from crm.catalogue.products.schemas import ProductBody

PRODUCTS = Target(PRODUCT, ProductBody, commands.create, commands.change)
