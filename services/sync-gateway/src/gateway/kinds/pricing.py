"""What the CRM needs to say what a customer pays today: tax rates, price lists and the prices on them."""

from gateway.kinds.normalise import amounts, life, reference
from gateway.kinds.spec import GroupSpec, KindSpec
from gateway.policy import strict

TAX_RATE = KindSpec(
    name="tax_rate",
    groups=(
        GroupSpec("tax_rate", strict("erp"), amounts("rate")),
        GroupSpec("life", strict("erp"), life),
    ),
)

PRICE_LIST = KindSpec(
    name="price_list",
    groups=(
        GroupSpec("name", strict("erp")),
        GroupSpec("terms", strict("erp")),
        GroupSpec("customer", strict("erp"), reference, reference="customer"),
        GroupSpec("life", strict("erp"), life),
    ),
)

PRICE = KindSpec(
    name="price",
    groups=(
        GroupSpec("price_list", strict("erp"), reference, reference="price_list"),
        GroupSpec("product", strict("erp"), reference, reference="product"),
        GroupSpec("price", strict("erp"), amounts("min_quantity", "amount")),
        GroupSpec("life", strict("erp"), life),
    ),
)
