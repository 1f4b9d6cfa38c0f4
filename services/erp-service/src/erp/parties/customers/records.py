"""Declarations of customers."""

from chassis.auth import FieldScopes
from contracts.normalise import email_key
from contracts.scopes import write_scopes_of
from party.duplicates import alike
from party.me import employee_id_of
from party.owners import owned_by
from records import Record, routes
from sqlalchemy.orm import selectinload

from erp.parties.customers.events import CUSTOMER
from erp.parties.customers.models import Customer
from erp.parties.customers.schemas import CustomerBody, CustomerFilters, CustomerOut
from erp.people.employees.models import Employee
from erp.people.employees.records import EMPLOYEES

CUSTOMERS = Record(
    "customer",
    path="/v1/customers",
    scope="customers",
    row=Customer,
    body=CustomerBody,
    out=CustomerOut,
    filters=CustomerFilters,
    sort=("name", "number", "created_at", "updated_at"),
    kind=CUSTOMER,
    loads=(selectinload(Customer.entities),),
    codes=lambda text: Customer.number == text.strip().upper(),
    where={
        "country": lambda code: Customer.billing_address["country"].astext == code,
        "email": lambda text: Customer.email_key == (email_key(text) or text),
        "owner_id": owned_by(Customer),
        "owner_name": lambda text: Customer.owner == text,
        "tag": lambda tag: Customer.tags.contains([tag]),
    },
    refers={"owner_id": EMPLOYEES},
    callers={"owner_id": employee_id_of(Employee)},
    field_scopes=FieldScopes(write_scopes_of("customer")),
    shown_only={"legal_entities": {"__all__": {"tax_id_key"}}},
    personal=True,
    alike=alike(Customer),
)
router = routes(CUSTOMERS, says={"create": "Enter a customer. It is synchronised to the other systems within moments."})
