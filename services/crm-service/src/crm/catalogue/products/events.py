"""The catalogue's records in the CRM. All except products are copies that only the ERP writes."""

from typing import Any

from chassis.replication import Kind, kind_from
from records import rows_of

from contracts import kinds
from crm.catalogue.products import queries
from crm.catalogue.products.models import Availability, DeclaredRate, ListEntry, PriceList, Product

PRODUCT = kind_from(kinds.PRODUCT, system="crm", row=Product, rows=rows_of(Product), twin=queries.twin)


def copies(table: kinds.KindTable, row: type[Any]) -> Kind:
    return kind_from(table, system="crm", row=row, rows=rows_of(row))


AVAILABILITY = copies(kinds.AVAILABILITY, Availability)
PRICE_LIST = copies(kinds.PRICE_LIST, PriceList)
PRICE = copies(kinds.PRICE, ListEntry)
TAX_RATE = copies(kinds.TAX_RATE, DeclaredRate)
KINDS = (PRODUCT, AVAILABILITY, TAX_RATE, PRICE_LIST, PRICE)
