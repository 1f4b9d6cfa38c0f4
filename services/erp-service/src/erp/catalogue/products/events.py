"""Products, and kinds that only the ERP declares: price lists, prices and tax rates."""

from dataclasses import replace

from chassis.replication import Group, Kind, composed, kind_from
from contracts.decimals import amount_names, rewritten
from contracts.product import ListedPrice
from records import rows_of
from sqlalchemy.orm import selectinload, undefer

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


def _in_list_currency(group: Group) -> Group:
    """The same group, with the amount in the decimals of the price list's currency."""
    names = amount_names(ListedPrice)
    return replace(
        group, read=lambda row: {key: rewritten(value, names, row.currency) for key, value in group.read(row).items()}
    )


def declared(table: kinds.KindTable, row: type[Declared]) -> Kind:
    """A kind that only the ERP writes; deliveries from the hub change no value."""
    return kind_from(table, system="erp", row=row, rows=rows_of(row))


PRICE_LIST = declared(kinds.PRICE_LIST, PriceList)
PRICE = kind_from(
    kinds.PRICE,
    _in_list_currency(composed("price", ListedPrice)),
    system="erp",
    row=Price,
    rows=rows_of(Price, undefer(Price.currency)),
)
TAX_RATE = declared(kinds.TAX_RATE, TaxRateRow)
KINDS = (PRODUCT, TAX_RATE, PRICE_LIST, PRICE)
