"""Declarations of customers."""

from contracts.normalise import email_key
from party.duplicates import alike
from party.me import employee_id_of
from party.owners import owned_by
from records import Record, routes
from sqlalchemy.orm import selectinload

from crm.parties.customers.events import CUSTOMER
from crm.parties.customers.models import Customer
from crm.parties.customers.schemas import CustomerBody, CustomerFilters, CustomerOut
from crm.people.employees.models import Employee
from crm.people.employees.records import EMPLOYEES

CUSTOMERS = Record(
    "customer",
    path="/v1/customers",
    scope="customers",
    row=Customer,
    body=CustomerBody,
    out=CustomerOut,
    filters=CustomerFilters,
    sort=("name", "created_at", "updated_at"),
    kind=CUSTOMER,
    loads=(selectinload(Customer.entities),),
    where={
        "country": lambda code: Customer.billing_address["country"].astext == code,
        "email": lambda text: Customer.email_key == (email_key(text) or text),
        "owner_id": owned_by(Customer),
        "owner_name": lambda text: Customer.owner == text,
        "tag": lambda tag: Customer.tags.contains([tag]),
    },
    refers={"owner_id": EMPLOYEES},
    callers={"owner_id": employee_id_of(Employee)},
    kept_by={"payment_terms": "erp", "credit": "erp"},
    shown_only={"legal_entities": {"__all__": {"tax_id_key", "tax_id_valid"}}},
    personal=True,
    alike=alike(Customer),
    own_timeline=True,
)
router = routes(CUSTOMERS, says={"create": "Enter a customer. It is synchronised to the other systems within moments."})
