"""Declarations of products, and of the ERP's prices and tax rates."""

from contracts.normalise import gtin_key, sku_key
from lines.terms import Catalogue
from records import LIST_ONLY, Record, routes
from sqlalchemy import exists, select

from crm.catalogue.products import checks, queries, view
from crm.catalogue.products.events import PRODUCT
from crm.catalogue.products.models import Availability, DeclaredRate, ListEntry, PriceList, Product, QuoteSetting
from crm.catalogue.products.schemas import (
    ListEntryOut,
    PriceFilters,
    PriceListFilters,
    PriceListOut,
    ProductBody,
    ProductFilters,
    ProductOut,
    TaxRateFilters,
    TaxRateOut,
)
from crm.parties.customers.records import CUSTOMERS

IN_STOCK = exists().where(
    Availability.product_id == Product.id, Availability.archived_at.is_(None), Availability.available > 0
)

PRODUCTS = Record(
    "product",
    row=Product,
    body=ProductBody,
    out=ProductOut,
    shown=view.with_stock,
    filters=ProductFilters,
    sort=("name", "sku", "category", "created_at", "updated_at"),
    sort_by={"sku": Product.sku_key},
    kind=PRODUCT,
    codes=lambda text: Product.sku_key == sku_key(text.strip()),
    where={
        "sku": lambda sku: Product.sku_key == sku_key(sku.strip()),
        "gtin": lambda gtin: Product.gtin_key == gtin_key(gtin.strip()),
        "available": lambda wanted: IN_STOCK if wanted else ~IN_STOCK,
    },
    kept_by={"list_price": "erp", "dimensions": "erp"},
    kept_once_linked=dict.fromkeys(("product_kind", "sku", "gtin", "units", "tax_class"), "erp"),
    prepare=checks.numbers_are_free,
)
PRICE_LISTS = Record(
    "price_list",
    scope="prices",
    tag="products",
    row=PriceList,
    out=PriceListOut,
    filters=PriceListFilters,
    among=select(PriceList).where(PriceList.archived_at.is_(None)),
    sort=("name", "valid_from"),
    verbs=LIST_ONLY,
    expands={"customer_id": CUSTOMERS},
)
PRICES = Record(
    "price",
    tag="products",
    row=ListEntry,
    out=ListEntryOut,
    shown=view.in_list_currency,
    filters=PriceFilters,
    among=select(ListEntry)
    .join(PriceList, PriceList.id == ListEntry.price_list_id)
    .join(Product, Product.id == ListEntry.product_id)
    .where(ListEntry.archived_at.is_(None), PriceList.archived_at.is_(None)),
    sort=("product", "amount", "updated_at"),
    sort_by={"product": Product.name},
    verbs=LIST_ONLY,
    expands={"product_id": PRODUCTS, "price_list_id": PRICE_LISTS},
)
TAX_RATES = Record(
    "tax_rate",
    scope="prices",
    tag="products",
    row=DeclaredRate,
    out=TaxRateOut,
    filters=TaxRateFilters,
    among=select(DeclaredRate).where(DeclaredRate.archived_at.is_(None)),
    sort=("country", "tax_class", "rate", "valid_from"),
    order="country,tax_class",
    verbs=LIST_ONLY,
)
CATALOGUE = Catalogue(PRODUCTS, queries.prices, queries.tax_rates, QuoteSetting)
"""The prices and tax rates of lines, from the ERP's lists as last delivered."""
products = routes(
    PRODUCTS,
    says={
        "create": "Enter a product. It is synchronised to the ERP within moments, which adds its prices and its stock.",
        "change": "Change the given fields; others are unchanged. Fields that the ERP owns are changed in the ERP.",
    },
)
price_lists = routes(PRICE_LISTS, says={"list": "The ERP's price lists, as last delivered; read-only."})
prices = routes(
    PRICES,
    says={
        "list": (
            "The entries of the price lists, sorted by product unless `sort` is given (amount, updated_at); read-only."
        )
    },
)
tax_rates = routes(TAX_RATES, says={"list": "The declared rates of all periods, by country and class; read-only."})
