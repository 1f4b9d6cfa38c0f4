"""Every replicated or announced kind of record: one table each, and the parts of a table."""

from contracts.kinds.activity import INTERACTION, TASK
from contracts.kinds.contact import CONTACT
from contracts.kinds.custom_field import CUSTOM_FIELD
from contracts.kinds.customer import CUSTOMER
from contracts.kinds.order import ORDER, SHIPMENT
from contracts.kinds.people import EMPLOYEE, TEAM
from contracts.kinds.pricing import PRICE, PRICE_LIST, TAX_RATE
from contracts.kinds.product import AVAILABILITY, PRODUCT
from contracts.kinds.receivable import BALANCE, CREDIT_NOTE, INVOICE, PAYMENT
from contracts.kinds.table import Access, KindTable

__all__ = [
    "AVAILABILITY",
    "BALANCE",
    "CONTACT",
    "CREDIT_NOTE",
    "CUSTOMER",
    "CUSTOM_FIELD",
    "EMPLOYEE",
    "INTERACTION",
    "INVOICE",
    "ORDER",
    "PAYMENT",
    "PRICE",
    "PRICE_LIST",
    "PRODUCT",
    "SHIPMENT",
    "TABLES",
    "TASK",
    "TAX_RATE",
    "TEAM",
    "Access",
    "KindTable",
]

TABLES: dict[str, KindTable] = {
    table.name: table
    for table in (
        CUSTOM_FIELD,
        EMPLOYEE,
        TEAM,
        CUSTOMER,
        CONTACT,
        PRODUCT,
        AVAILABILITY,
        TAX_RATE,
        PRICE_LIST,
        PRICE,
        ORDER,
        SHIPMENT,
        INTERACTION,
        TASK,
        INVOICE,
        CREDIT_NOTE,
        PAYMENT,
        BALANCE,
    )
}
"""In order of reference: a referenced kind comes first."""
