"""Declarations of deals."""

from records import Record
from sqlalchemy import and_, true

from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.sales.deals import checks
from crm.sales.deals.events import DEAL
from crm.sales.deals.models import Deal
from crm.sales.deals.schemas import DealBody, DealFilters, DealOut, NewDeal

DEALS = Record(
    "deal",
    path="/v1/deals",
    scope="deals",
    row=Deal,
    body=DealBody,
    new=NewDeal,
    out=DealOut,
    filters=DealFilters,
    sort=("name", "amount", "expected_close", "created_at", "updated_at"),
    order="-updated_at",
    verbs=("create", "list", "read", "change", "export"),
    where={
        "q": lambda text: and_(true(), *(Deal.name.icontains(word, autoescape=True) for word in text.split())),
        "closes_from": lambda day: Deal.expected_close >= day,
        "closes_until": lambda day: Deal.expected_close <= day,
    },
    announced=DEAL,
    refers={"customer_id": CUSTOMERS, "contact_id": CONTACTS},
    prepare=checks.may_change,
    check=checks.fits_stage,
)
