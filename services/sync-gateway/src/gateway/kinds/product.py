"""The product, and how much of it can be promised."""

from gateway.kinds.normalise import amounts, gtin, life, prose, reference, sku
from gateway.kinds.spec import GroupSpec, KindSpec
from gateway.policy import newest, strict, update_wins

_ERP_ONCE_LINKED = strict("erp", once_linked=True)

PRODUCT = KindSpec(
    name="product",
    groups=(
        GroupSpec("name", newest),
        GroupSpec("description", newest, prose),
        GroupSpec("category", newest),
        GroupSpec("sku", _ERP_ONCE_LINKED, sku),
        GroupSpec("gtin", _ERP_ONCE_LINKED, gtin),
        # A product that sales enters as a service is one until the ERP says otherwise, as with its unit and tax class.
        GroupSpec("product_kind", _ERP_ONCE_LINKED),
        GroupSpec("units", _ERP_ONCE_LINKED, amounts("factor")),
        GroupSpec("tax_class", _ERP_ONCE_LINKED),
        GroupSpec("list_price", strict("erp"), amounts("amount")),
        GroupSpec("dimensions", strict("erp"), amounts("weight_kg", "length_m", "width_m", "height_m")),
        GroupSpec("life", update_wins, life),
    ),
)

AVAILABILITY = KindSpec(
    name="availability",
    groups=(
        GroupSpec("product", strict("erp"), reference, reference="product"),
        GroupSpec("availability", strict("erp"), amounts("on_hand", "reserved", "available")),
        GroupSpec("life", strict("erp"), life),
    ),
)
