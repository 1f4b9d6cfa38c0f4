"""The kinds of record that the hub keeps one: a registry of data."""

from gateway.kinds.contact import CONTACT
from gateway.kinds.customer import CUSTOMER
from gateway.kinds.order import ORDER, SHIPMENT
from gateway.kinds.pricing import PRICE, PRICE_LIST, TAX_RATE
from gateway.kinds.product import AVAILABILITY, PRODUCT
from gateway.kinds.receivable import BALANCE, CREDIT_NOTE, INVOICE, PAYMENT
from gateway.kinds.spec import GroupSpec, KindSpec

__all__ = [
    "CONTACT",
    "CUSTOMER",
    "KINDS",
    "ORDER",
    "PAYMENT",
    "PRODUCT",
    "GroupSpec",
    "KindSpec",
    "UnknownKind",
    "group_spec",
    "kind_spec",
]

KINDS: dict[str, KindSpec] = {
    kind.name: kind
    for kind in (
        CUSTOMER,
        CONTACT,
        PRODUCT,
        AVAILABILITY,
        TAX_RATE,
        PRICE_LIST,
        PRICE,
        ORDER,
        SHIPMENT,
        INVOICE,
        CREDIT_NOTE,
        PAYMENT,
        BALANCE,
    )
}
"""In the order in which they refer to each other: what is referred to comes first."""


class UnknownKind(LookupError):
    """No such kind is declared."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no kind {name!r}. The hub knows {', '.join(KINDS)}.")


def kind_spec(name: str) -> KindSpec:
    """The kind of this name. Raise `UnknownKind`."""
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKind(name) from None


def group_spec(kind: str, group: str) -> GroupSpec:
    """The rules of one group of one kind."""
    return kind_spec(kind).group(group)
