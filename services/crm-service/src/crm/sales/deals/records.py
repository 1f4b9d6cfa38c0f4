"""Declarations of deals."""

from party.me import employee_id_of
from party.owners import owned_by
from records import Record, States

from crm.catalogue.products.records import PRODUCTS
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.people.employees.models import Employee
from crm.people.employees.records import EMPLOYEES
from crm.sales.deals import checks
from crm.sales.deals.events import DEAL
from crm.sales.deals.models import Deal
from crm.sales.deals.rules import ALLOWED
from crm.sales.deals.schemas import DealBody, DealFilters, DealLineBody, DealLineOut, DealListed, DealOut, NewDeal

DEALS = Record(
    "deal",
    row=Deal,
    body=DealBody,
    new=NewDeal,
    out=DealOut,
    listed=DealListed,
    filters=DealFilters,
    sort=("name", "amount", "expected_close", "created_at", "updated_at", "position"),
    order="-updated_at",
    verbs=("create", "list", "read", "change", "export"),
    where={
        "owner_id": owned_by(Deal),
        "owner_name": lambda text: Deal.owner == text,
        "closes_from": lambda day: Deal.expected_close >= day,
        "closes_until": lambda day: Deal.expected_close <= day,
    },
    announced=DEAL,
    refers={"customer_id": CUSTOMERS, "contact_id": CONTACTS, "owner_id": EMPLOYEES},
    expands={"lines.product_id": PRODUCTS, "contacts.contact_id": CONTACTS},
    callers={"owner_id": employee_id_of(Employee)},
    allows=States(ALLOWED, lambda row: row.state),
    actions={"move": (), "win": (), "lose": (), "reopen": (), "quote": ("quotes:write",)},
    prepare=checks.may_change,
    check=checks.fits_stage,
    shown_only={"lines": {"__all__": DealLineOut.model_fields.keys() - DealLineBody.model_fields.keys()}},
    own_timeline=True,
)
