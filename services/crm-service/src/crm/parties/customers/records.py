"""Declarations of customers."""

from party.records import customer_record, entered
from records import routes

from crm.parties.customers.events import CUSTOMER
from crm.parties.customers.models import Customer
from crm.parties.customers.schemas import CustomerBody, CustomerOut
from crm.people.employees.records import EMPLOYEES

CUSTOMERS = customer_record(
    Customer,
    CustomerBody,
    CustomerOut,
    CUSTOMER,
    EMPLOYEES,
    kept_by={"payment_terms": "erp", "credit": "erp"},
    shown_only={"legal_entities": {"__all__": {"tax_id_key", "tax_id_valid"}}},
    own_timeline=True,
)
router = routes(CUSTOMERS, says={"create": entered("a customer")})
