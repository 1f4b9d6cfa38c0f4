"""What a customer owes and pays: invoices, credit notes, payments, balances."""

from contracts.receivable import PAYMENT_STEPS, PaymentState

from gateway.kinds.normalise import amounts, life, prose, reference
from gateway.kinds.spec import GroupSpec, KindSpec
from gateway.policy import Lattice, machine, newest, strict, update_wins

_DOCUMENT = GroupSpec("document", strict("erp"), amounts("net", "tax", "total", "rate"))
_LINES = GroupSpec("lines", strict("erp"), amounts("quantity", "unit_price", "discount", "tax_rate", "net"))
_CUSTOMER = GroupSpec("customer", strict("erp"), reference, reference="customer")
_LIFE = GroupSpec("life", strict("erp"), life)

INVOICE = KindSpec(
    name="invoice",
    groups=(
        _CUSTOMER,
        _DOCUMENT,
        _LINES,
        GroupSpec("settlement", strict("erp"), amounts("settled", "open")),
        _LIFE,
    ),
)

CREDIT_NOTE = KindSpec(
    name="credit_note",
    groups=(
        _CUSTOMER,
        GroupSpec("invoice", strict("erp"), reference, reference="invoice"),
        _DOCUMENT,
        _LINES,
        _LIFE,
    ),
)

_ERP_ONCE_LINKED = strict("erp", once_linked=True)

PAYMENT = KindSpec(
    name="payment",
    groups=(
        GroupSpec("state", machine(Lattice(tuple(PaymentState), frozenset(PAYMENT_STEPS)))),
        GroupSpec("customer", _ERP_ONCE_LINKED, reference, reference="customer"),
        GroupSpec("payment", _ERP_ONCE_LINKED, amounts("amount")),
        GroupSpec("reference", _ERP_ONCE_LINKED),
        GroupSpec("note", _ERP_ONCE_LINKED, prose),
        GroupSpec("reason", newest),
        GroupSpec("allocation", strict("erp"), amounts("allocated", "unallocated", "amount")),
        GroupSpec("life", update_wins, life),
    ),
)

BALANCE = KindSpec(
    name="balance",
    groups=(
        _CUSTOMER,
        GroupSpec("balance", strict("erp"), amounts("open", "on_order", "credit_limit", "credit_left")),
        _LIFE,
    ),
)
