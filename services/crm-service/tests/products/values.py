"""What is delivered of each kind."""

from typing import Any
from uuid import UUID

LIST, PRODUCT_ID, CUSTOMER = (str(UUID(int=number)) for number in (1, 2, 3))
VALUES: dict[str, dict[str, Any]] = {
    "product": {
        "name": "Chai",
        "description": "10 boxes x 30 bags",
        "category": "Beverages",
        "sku": "NW-1",
        "gtin": "4006381333931",
        "product_kind": "goods",
        "units": {"unit": "box", "conversions": [{"unit": "case", "factor": "12"}]},
        "tax_class": "reduced",
        "list_price": {"amount": "18.50", "currency": "EUR"},
        "dimensions": {"weight_kg": "1.25", "length_m": None, "width_m": None, "height_m": None},
    },
    "availability": {
        "product": PRODUCT_ID,
        "availability": {"on_hand": "10.5", "reserved": "2", "available": "8.5"},
    },
    "price_list": {
        "name": "Retail",
        "customer": CUSTOMER,
        "terms": {"valid_from": "2026-01-01", "valid_to": None, "currency": "EUR", "customer_group": None},
    },
    "price": {
        "price_list": LIST,
        "product": PRODUCT_ID,
        "price": {"valid_from": None, "valid_to": "2026-12-31", "min_quantity": "10", "amount": "17.25"},
    },
    "tax_rate": {
        "tax_rate": {
            "valid_from": None, "valid_to": None, "country": "DE", "tax_class": "standard", "rate": "0.19",
        }
    },
}  # fmt: skip
