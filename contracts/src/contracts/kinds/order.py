"""The order: sales writes it until it is submitted, from then on the ERP decides. And its shipments."""

from uuid import UUID

from pydantic import StrictBool

from contracts.charge import Charge
from contracts.customer import Address
from contracts.kinds import same
from contracts.kinds.custom_field import own_fields
from contracts.kinds.policies import machine, newest, strict
from contracts.kinds.table import READS, WRITES, KindTable, ShownValue, family, group, reference
from contracts.order import (
    FIXED_STATES,
    NEXT_STATES,
    GoldenOrderLine,
    OrderAnswer,
    OrderDates,
    OrderLine,
    OrderReason,
    OrderRequest,
    OrderState,
    ShipmentDocument,
    ShippedLines,
)
from contracts.text import NotesText, OptionalShortText
from contracts.values import Amount, CurrencyCode, Moment

ERP = strict("erp")
UNTIL_SUBMITTED = newest.until("state", FIXED_STATES, ERP)

ORDER = KindTable(
    "order",
    holders={"crm": WRITES, "erp": WRITES},
    currency="currency",
    groups=(
        group("state", OrderState, machine(NEXT_STATES), required=True),
        reference("customer", UNTIL_SUBMITTED, required=True),
        group("currency", CurrencyCode, UNTIL_SUBMITTED, required=True),
        group("dates", OrderDates, UNTIL_SUBMITTED, required=True),
        group("submitted_at", Moment | None, UNTIL_SUBMITTED, same=same.instant),
        group("sales_number", OptionalShortText, strict("crm")),  # The CRM's number; `number` is the ERP's.
        group("number", OptionalShortText, ERP),
        group("reference", OptionalShortText, UNTIL_SUBMITTED),  # The customer's reference of the order.
        group("shipping_address", Address | None, UNTIL_SUBMITTED),
        group("whole", StrictBool | None, UNTIL_SUBMITTED, same=same.flag),  # Ship the order as a whole or not at all.
        group("notes", NotesText | None, UNTIL_SUBMITTED, same=same.prose),
        group("reason", OrderReason | None, newest),
        group("request", OrderRequest | None, strict("crm"), same=same.amounts("quantity")),
        group("answer", OrderAnswer | None, ERP),
        family(
            "line",
            OrderLine | None,
            UNTIL_SUBMITTED,
            member=UUID,
            same=same.order_line,
            refers="product",
            reference_field="product",
            golden=GoldenOrderLine | None,
        ),
        # Freight and the like: beside the lines, with a tax of its own or taxed as they are.
        own_fields(UNTIL_SUBMITTED),
        family("charge", Charge | None, UNTIL_SUBMITTED, member=UUID, same=same.amounts("amount", "tax_rate")),
    ),
    shown=tuple(ShownValue(name, Amount, by=("crm", "erp")) for name in ("net", "tax", "total")),
)

SHIPMENT = KindTable(
    "shipment",
    holders={"erp": WRITES, "crm": READS},
    life=ERP,
    groups=(
        reference("order", ERP, required=True),
        group("document", ShipmentDocument, ERP, required=True),
        group("lines", ShippedLines, ERP, same=same.amounts("quantity"), required=True),
    ),
)
