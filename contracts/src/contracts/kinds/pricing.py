"""The data from which the CRM computes a customer's current price: tax rates, price lists and their prices."""

from contracts.kinds import same
from contracts.kinds.policies import strict
from contracts.kinds.table import FEW_PARTITIONS, READS, WRITES, KindTable, group, reference
from contracts.product import ListedPrice, PriceListTerms, TaxRate
from contracts.text import NameText

ERP = strict("erp")

TAX_RATE = KindTable(
    "tax_rate",
    holders={"erp": WRITES, "crm": READS},
    life=ERP,
    partitions=FEW_PARTITIONS,
    groups=(group("tax_rate", TaxRate, ERP, same=same.amounts("rate"), required=True),),
)

PRICE_LIST = KindTable(
    "price_list",
    holders={"erp": WRITES, "crm": READS},
    life=ERP,
    partitions=FEW_PARTITIONS,
    groups=(
        group("name", NameText, ERP, required=True),
        group("terms", PriceListTerms, ERP, required=True),
        reference("customer", ERP),
    ),
)

PRICE = KindTable(
    "price",
    holders={"erp": WRITES, "crm": READS},
    life=ERP,
    groups=(
        reference("price_list", ERP, required=True),
        reference("product", ERP, required=True),
        group("price", ListedPrice, ERP, same=same.amounts("min_quantity", "amount"), required=True),
    ),
)
