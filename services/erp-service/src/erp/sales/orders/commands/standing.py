"""What the decision on orders depends on beside stock: customers, their credit, and archived products."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from erp.ledger import queries as ledger
from erp.sales.orders import queries
from erp.sales.orders.models import Order
from erp.sales.orders.queries import Buyer
from erp.sales.orders.rules import NOTHING, CustomerArchived, CustomerBlocked, ProductArchived, check_credit

Amounts = Mapping[tuple[UUID, str], Decimal]
"""By customer and currency."""


@dataclass(frozen=True)
class Standing:
    """The state of the customers and products of some orders. The receivables of customers with credit terms are
    locked."""

    buyers: Mapping[UUID, Buyer]
    archived: Mapping[UUID, str]
    owed: Amounts
    on_order: defaultdict[tuple[UUID, str], Decimal]

    def check(self, row: Order, total: Decimal) -> None:
        """Raises the reason why an order of this total cannot be confirmed: `CustomerArchived`, `ProductArchived`,
        `CustomerBlocked`, `CreditCurrency`, `CreditExceeded`."""
        buyer = self.buyers[row.customer_id]
        if buyer.archived_at is not None:
            raise CustomerArchived(customer=buyer.name)
        if gone := {line.product_id for line in row.lines} & self.archived.keys():
            raise ProductArchived(product=min(self.archived[product_id] for product_id in gone))
        if buyer.credit is None:
            return
        if buyer.credit["blocked"]:
            raise CustomerBlocked(customer=buyer.name)
        place = (row.customer_id, row.currency)
        owed, others = self.owed.get(place, NOTHING), self.on_order[place]
        check_credit(buyer.credit, row.currency, owed, others, total)

    def count(self, row: Order) -> None:
        """Count a confirmed order against the credit limit of the orders after it."""
        if self.buyers[row.customer_id].credit is not None:
            self.on_order[(row.customer_id, row.currency)] += row.to_invoice


async def standing_of(session: AsyncSession, rows: Sequence[Order]) -> Standing:
    """Read what these orders depend on. Credit checks of one customer are serialised until the transaction ends."""
    buyers = await queries.buyers(session, {row.customer_id for row in rows})
    archived = await queries.archived_products(session, {line.product_id for row in rows for line in row.lines})
    owed: Amounts = {}
    on_order: defaultdict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
    if limited := sorted(customer_id for customer_id, buyer in buyers.items() if buyer.credit is not None):
        for customer_id in limited:  # In one sequence, so that two transactions cannot deadlock.
            await ledger.receivable_lock(session, customer_id)
        owed = await ledger.receivables(session, limited)
        on_order.update(await queries.on_order(session, limited, but=[row.id for row in rows]))
    return Standing(buyers, archived, owed, on_order)
