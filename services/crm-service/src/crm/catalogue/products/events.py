"""What the catalogue announces, and the groups in which its records are merged with those of other systems."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.replication import Kind, Replicated, checked, composed, fields, single
from contracts.groups import GROUPS
from contracts.product import Availability as AvailabilityValue
from contracts.product import ListedPrice, PriceListTerms, TaxRate

from crm.catalogue.products import queries
from crm.catalogue.products.models import Availability, DeclaredRate, ListEntry, PriceList, Product

SINGLE = (
    "description", "category", "sku", "gtin", "product_kind", "units", "tax_class", "list_price", "dimensions",
)  # fmt: skip


def named(kind: str) -> Any:
    """The group of a record's name."""

    def write(row: Any, value: Any) -> None:
        row.change({"name": checked(GROUPS[kind]["name"].value, value, "name")})

    return fields("name", lambda row: row.name, write)


def made_of(kind: str, required: Sequence[str], blank: Callable[[], Replicated]) -> Callable[[Mapping[str, Any]], Any]:
    """How a delivered record is made: blank, once every required value is one."""

    def create(values: Mapping[str, Any]) -> Replicated:
        for group in required:
            checked(GROUPS[kind][group].value, values.get(group), group)
        return blank()

    return create


PRODUCT = Kind(
    "product",
    system="crm",
    create=made_of("product", ("name",), Product.blank),
    rows=queries.rows,
    twin=queries.twin,
    required=("name",),
    groups=(named("product"), *(single(name, GROUPS["product"][name].value) for name in SINGLE)),
)


def copies(kind: str, model: type[Any], required: Sequence[str], *groups: Any) -> Kind:
    """A kind that only the ERP writes."""
    return Kind(
        kind,
        system="crm",
        create=made_of(kind, required, model),
        rows=queries.copies_of(model),
        required=tuple(required),
        groups=groups,
    )


def reference(kind: str) -> Any:
    """The group that names a record of this kind."""
    return single(kind, UUID, field=f"{kind}_id", reference=kind)


AVAILABILITY = copies(
    "availability",
    Availability,
    ("product", "availability"),
    reference("product"),
    composed("availability", AvailabilityValue),
)
PRICE_LIST = copies(
    "price_list",
    PriceList,
    ("name", "terms"),
    named("price_list"),
    reference("customer"),
    composed("terms", PriceListTerms),
)
PRICE = copies(
    "price",
    ListEntry,
    ("price_list", "product", "price"),
    reference("price_list"),
    reference("product"),
    composed("price", ListedPrice),
)
TAX_RATE = copies("tax_rate", DeclaredRate, ("tax_rate",), composed("tax_rate", TaxRate))
KINDS = (PRODUCT, AVAILABILITY, TAX_RATE, PRICE_LIST, PRICE)
