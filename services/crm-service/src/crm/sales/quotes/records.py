"""Declarations of quotes."""

from chassis import clock
from records import Record, States
from sqlalchemy import ColumnElement, and_, func

from crm.catalogue.products.records import PRODUCTS
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.sales.deals.records import DEALS
from crm.sales.orders.records import ORDERS
from crm.sales.quotes.models import Quote
from crm.sales.quotes.rules import ALLOWED, QuoteState
from crm.sales.quotes.schemas import LineOut, QuoteBody, QuoteFilters, QuoteLineBody, QuoteOut


def _in_state(state: QuoteState) -> ColumnElement[bool]:
    """A sent quote counts as expired after its last day."""
    over = and_(Quote.state == QuoteState.SENT, func.coalesce(Quote.valid_until < clock.today(), False))
    if state is QuoteState.EXPIRED:
        return over
    return and_(Quote.state == state, ~over)


QUOTES = Record(
    "quote",
    row=Quote,
    body=QuoteBody,
    out=QuoteOut,
    filters=QuoteFilters,
    sort=("number", "total", "valid_until", "created_at", "updated_at"),
    order="-updated_at",
    verbs=("create", "list", "read", "change", "export"),
    expands={
        "customer_id": CUSTOMERS,
        "contact_id": CONTACTS,
        "deal_id": DEALS,
        "order_id": ORDERS,
        "lines.product_id": PRODUCTS,
    },
    allows=States(ALLOWED, lambda row: row.shown_state(clock.today())),
    actions={"send": (), "accept": ("orders:write",), "decline": (), "revise": ()},
    shown_only={"lines": {"__all__": LineOut.model_fields.keys() - QuoteLineBody.model_fields.keys()}},
    where={"state": _in_state},
)
