"""What products, price lists, prices and tax rates announce, and the groups in which they are merged."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from chassis.replication import Group, Kind, checked, fields, single
from contracts.groups import GROUPS
from records import rows_of
from sqlalchemy.orm import selectinload

from erp.catalogue.products import queries
from erp.catalogue.products.models import Declared, Price, PriceList, Product, TaxRateRow

SHAPES = GROUPS["product"]


def _text(kind: str, name: str) -> Group:
    """A group of one field that is never empty."""
    shape = GROUPS[kind][name].value

    def write(row: Product | Declared, value: Any) -> None:
        row.change({name: checked(shape, value, name)})

    return fields(name, lambda row: getattr(row, name), write)


def _write_description(row: Product, value: Any) -> None:
    row.change({"description": checked(SHAPES["description"].value, value, "description") or ""})


def _create_product(values: Mapping[str, Any]) -> Product:
    """A row for what is delivered; without a name that is one there is no product."""
    checked(SHAPES["name"].value, values.get("name"), "name")
    return Product.blank()


PRODUCT = Kind(
    "product",
    system="erp",
    create=_create_product,
    rows=rows_of(Product, selectinload(Product.components)),
    twin=queries.twin,
    required=("name",),
    groups=(
        _text("product", "name"),
        fields("description", lambda row: row.description, _write_description),
        *(single(name, SHAPES[name].value) for name in ("category", "sku", "gtin", "list_price", "dimensions")),
        *(_text("product", name) for name in ("product_kind", "units", "tax_class")),
    ),
)


def _several(kind: str, name: str, filled: str, read: Callable[[Any], Any]) -> Group:
    """A group of several columns; `read` makes its published value of a row whose column `filled` has a value."""
    shape = GROUPS[kind][name].value

    def published(row: Declared) -> Any:
        return None if getattr(row, filled) is None else read(row).model_dump(mode="json")

    def write(row: Declared, value: Any) -> None:
        row.change(checked(shape, value, name))

    return fields(name, published, write)


def _declared(kind: str, model: type[Declared], *groups: Group) -> Kind:
    """A kind that only the ERP enters; what comes back from the hub is what stands here already."""
    required = tuple(name for name, shape in GROUPS[kind].items() if shape.required and name != "life")

    def create(values: Mapping[str, Any]) -> Declared:
        for name in required:
            checked(GROUPS[kind][name].value, values.get(name), name)
        return model.blank()

    return Kind(kind, system="erp", create=create, rows=rows_of(model), required=required, groups=groups)


PRICE_LIST = _declared(
    "price_list",
    PriceList,
    _text("price_list", "name"),
    _several("price_list", "terms", "currency", lambda row: row.terms),
    single("customer", UUID, field="customer_id", reference="customer"),
)
PRICE = _declared(
    "price",
    Price,
    single("price_list", UUID, field="price_list_id", reference="price_list"),
    single("product", UUID, field="product_id", reference="product"),
    _several("price", "price", "amount", lambda row: row.listed),
)
TAX_RATE = _declared("tax_rate", TaxRateRow, _several("tax_rate", "tax_rate", "rate", lambda row: row.declared))
KINDS = (PRODUCT, TAX_RATE, PRICE_LIST, PRICE)
