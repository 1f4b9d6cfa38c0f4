"""The order, which sales writes until it is submitted and the ERP decides from then on; and its shipments."""

from itertools import chain, product

from contracts.order import FIXED_STATES, NEXT_STATES

from gateway.kinds.normalise import amounts, flag, instant, life, order_line, prose, reference
from gateway.kinds.spec import GroupSpec, KindSpec
from gateway.policy import Lattice, Once, machine, newest, strict, update_wins

STATES = Lattice(
    states=tuple(NEXT_STATES),
    steps=frozenset(chain.from_iterable(product((state,), following) for state, following in NEXT_STATES.items())),
)

_FIXED = Once("state", frozenset(FIXED_STATES), strict("erp"))

ORDER = KindSpec(
    name="order",
    groups=(
        GroupSpec("state", machine(STATES)),
        GroupSpec("customer", newest, reference, reference="customer", once=_FIXED),
        GroupSpec("currency", newest, once=_FIXED),
        GroupSpec("dates", newest, once=_FIXED),
        GroupSpec("submitted_at", newest, instant, once=_FIXED),
        GroupSpec("sales_number", strict("crm")),
        GroupSpec("number", strict("erp")),
        GroupSpec("reference", newest, once=_FIXED),
        GroupSpec("shipping_address", newest, once=_FIXED),
        GroupSpec("whole", newest, flag, once=_FIXED),
        GroupSpec("notes", newest, prose, once=_FIXED),
        GroupSpec("reason", newest),
        GroupSpec("request", strict("crm"), amounts("quantity")),
        GroupSpec("answer", strict("erp")),
        GroupSpec("line:*", newest, order_line, reference="product", reference_field="product", once=_FIXED),
        GroupSpec("life", update_wins, life),
    ),
)

SHIPMENT = KindSpec(
    name="shipment",
    groups=(
        GroupSpec("order", strict("erp"), reference, reference="order"),
        GroupSpec("document", strict("erp")),
        GroupSpec("lines", strict("erp"), amounts("quantity")),
        GroupSpec("life", strict("erp"), life),
    ),
)
