"""The product, and its available quantity."""

from contracts.kinds import same
from contracts.kinds.custom_field import own_fields
from contracts.kinds.match import NAME, strong
from contracts.kinds.policies import newest, strict
from contracts.kinds.table import READS, WRITES, KindTable, group, reference
from contracts.product import Availability, Dimensions, Gtin, Price, ProductKind, Sku, TaxClass, Units
from contracts.text import NameText, NotesText, OptionalShortText

ERP = strict("erp")
ERP_ONCE_LINKED = strict("erp", once_linked=True)

PRODUCT = KindTable(
    "product",
    holders={"crm": WRITES, "erp": WRITES},
    groups=(
        group("name", NameText, newest, NAME, required=True),
        group("description", NotesText | None, newest, same=same.prose),
        group("category", OptionalShortText, newest),
        group("sku", Sku | None, ERP_ONCE_LINKED, strong("sku"), same=same.sku),
        group("gtin", Gtin | None, ERP_ONCE_LINKED, strong("gtin"), same=same.gtin),
        # A product that sales enters as a service stays one until the ERP changes it; the same holds for its unit and
        # tax class.
        group("product_kind", ProductKind, ERP_ONCE_LINKED),
        group("units", Units, ERP_ONCE_LINKED, same=same.amounts("factor")),
        group("tax_class", TaxClass, ERP_ONCE_LINKED),
        group("list_price", Price | None, ERP, same=same.amounts("amount")),
        group("dimensions", Dimensions | None, ERP, same=same.amounts("weight_kg", "length_m", "width_m", "height_m")),
        own_fields(newest),
    ),
)

AVAILABILITY = KindTable(
    "availability",
    holders={"erp": WRITES, "crm": READS},
    life=ERP,
    derived=True,
    groups=(
        reference("product", ERP, required=True),
        group("availability", Availability, ERP, same=same.amounts("on_hand", "reserved", "available"), required=True),
    ),
)
