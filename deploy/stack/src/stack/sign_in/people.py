"""The people who may sign in: one for each built-in role."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in."""

    subject: str
    name: str
    roles: tuple[str, ...]
    about: str

    @property
    def email(self) -> str:
        """An address in a domain that belongs to nobody."""
        return f"{self.subject}@northwind.example"


PEOPLE = {
    each.subject: each
    for each in (
        Person("nancy", "Nancy Davolio", ("sales",), "customers, deals, quotes, orders"),
        Person("andrew", "Andrew Fuller", ("sales-lead",), "the same, and prices, discounts, orders on hold"),
        Person("laura", "Laura Callahan", ("service",), "customers, orders and returns after the sale"),
        Person("robert", "Robert King", ("purchasing",), "products and what is in stock"),
        Person("michael", "Michael Suyama", ("warehouse",), "stock, shipments, returns"),
        Person("janet", "Janet Leverling", ("accounting",), "invoices, payments, credit, the ledger"),
        Person("margaret", "Margaret Peacock", ("steward",), "conflicts, links, shared data"),
        Person("steven", "Steven Buchanan", ("operator",), "the gateway of all tenants, refused events"),
        Person("anne", "Anne Dodsworth", ("auditor",), "reads everything, writes nothing"),
        Person("ada", "Ada Admin", ("admin",), "everything in this tenant, roles and API keys too"),
    )
}
