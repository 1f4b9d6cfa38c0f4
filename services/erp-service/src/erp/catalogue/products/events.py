"""Products, and kinds that only the ERP declares: price lists, prices and tax rates."""

from chassis.replication import Kind, kind_from
from records import rows_of
from sqlalchemy.orm import selectinload

from contracts import kinds
from erp.catalogue.products import queries
from erp.catalogue.products.models import Declared, Price, PriceList, Product, TaxRateRow

PRODUCT = kind_from(
    kinds.PRODUCT,
    system="erp",
    row=Product,
    rows=rows_of(Product, selectinload(Product.components)),
    twin=queries.twin,
)


def declared(table: kinds.KindTable, row: type[Declared]) -> Kind:
    """A kind that only the ERP writes; deliveries from the hub change no value."""
    return kind_from(table, system="erp", row=row, rows=rows_of(row))


PRICE_LIST = declared(kinds.PRICE_LIST, PriceList)
PRICE = declared(kinds.PRICE, Price)
TAX_RATE = declared(kinds.TAX_RATE, TaxRateRow)
KINDS = (PRODUCT, TAX_RATE, PRICE_LIST, PRICE)
