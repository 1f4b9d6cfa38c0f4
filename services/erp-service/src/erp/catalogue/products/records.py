"""Declarations of products, price lists, prices and tax rates."""

from chassis.auth import FieldScopes
from contracts.normalise import gtin_key, sku_key
from contracts.scopes import write_scopes_of
from records import Record, routes
from sqlalchemy.orm import selectinload, undefer

from erp.catalogue.products import checks
from erp.catalogue.products.events import PRICE, PRICE_LIST, PRODUCT, TAX_RATE
from erp.catalogue.products.models import Price, PriceList, Product, TaxRateRow
from erp.catalogue.products.schemas import (
    PriceBody,
    PriceFilters,
    PriceListBody,
    PriceListFilters,
    PriceListOut,
    PriceOut,
    ProductBody,
    ProductFilters,
    ProductOut,
    TaxRateBody,
    TaxRateFilters,
    TaxRateOut,
)
from erp.parties.customers.records import CUSTOMERS

PRODUCTS = Record(
    "product",
    row=Product,
    body=ProductBody,
    out=ProductOut,
    filters=ProductFilters,
    sort=("name", "sku", "created_at", "updated_at"),
    kind=PRODUCT,
    loads=(selectinload(Product.components),),
    field_scopes=FieldScopes(write_scopes_of("product")),
    codes=lambda text: Product.sku_key == sku_key(text.strip()),
    where={
        "sku": lambda sku: Product.sku_key == sku_key(sku.strip()),
        "gtin": lambda gtin: Product.gtin_key == gtin_key(gtin.strip()),
    },
    prepare=checks.product,
)
PRICE_LISTS = Record(
    "price_list",
    scope="prices",
    tag="prices",
    row=PriceList,
    body=PriceListBody,
    out=PriceListOut,
    filters=PriceListFilters,
    sort=("name", "updated_at"),
    kind=PRICE_LIST,
    refers={"customer_id": CUSTOMERS},
    check=checks.price_list,
)
PRICES = Record(
    "price",
    row=Price,
    body=PriceBody,
    out=PriceOut,
    loads=(undefer(Price.currency),),
    filters=PriceFilters,
    sort=("updated_at", "min_quantity"),
    kind=PRICE,
    refers={"product_id": PRODUCTS, "price_list_id": PRICE_LISTS},
    check=checks.price,
)
TAX_RATES = Record(
    "tax_rate",
    scope="prices",
    tag="prices",
    row=TaxRateRow,
    body=TaxRateBody,
    out=TaxRateOut,
    filters=TaxRateFilters,
    sort=("country", "tax_class", "valid_from"),
    order="country,tax_class,-valid_from",
    kind=TAX_RATE,
    check=checks.tax_rate,
)
STAYS = "Change the given fields; others are unchanged. Existing documents are not changed."
products = routes(PRODUCTS, says={"create": "Enter a product. It is synchronised to the other systems within moments."})
price_lists = routes(
    PRICE_LISTS,
    without={"batch"},
    says={
        "create": "Declare a price list; its prices follow at /v1/prices.",
        "change": STAYS,
        "archive": "Archive a price list: it no longer applies. `restore` restores it.",
    },
)
prices = routes(
    PRICES,
    says={
        "create": "Declare the price of a product in a price list from a quantity on.",
        "list": "Prices in pages; `sort` by updated_at or min_quantity (`-` for descending).",
        "change": STAYS,
        "archive": "Archive a price: it no longer applies. `restore` restores it.",
    },
)
tax_rates = routes(
    TAX_RATES,
    without={"batch"},
    says={
        "create": "Declare the tax rate of a class of products in a country. A country without any rate is not taxed.",
        "list": "Tax rates in pages, by country and class, the latest first.",
        "change": STAYS,
        "archive": "Archive a tax rate: it no longer applies. `restore` restores it.",
    },
)
