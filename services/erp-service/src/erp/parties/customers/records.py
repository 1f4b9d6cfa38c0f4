"""Declarations of customers."""

from chassis.auth import FieldScopes
from contracts.scopes import write_scopes_of
from party.records import customer_record, entered
from records import routes
from sqlalchemy.ext.asyncio import AsyncSession

from erp.parties.customers.events import CUSTOMER
from erp.parties.customers.models import Customer
from erp.parties.customers.schemas import CustomerBody, CustomerFilters, CustomerOut
from erp.people.employees.records import EMPLOYEES


async def _number(session: AsyncSession, row: Customer) -> None:
    if row.id is not None:  # A new row gets its number before it is announced.
        await CUSTOMER.complete(session, [row])


CUSTOMERS = customer_record(
    Customer,
    CustomerBody,
    CustomerOut,
    CUSTOMER,
    EMPLOYEES,
    filters=CustomerFilters,
    sort=("name", "number", "created_at", "updated_at"),
    codes=lambda text: Customer.number == text.strip().upper(),
    field_scopes=FieldScopes(write_scopes_of("customer")),
    shown_only={"legal_entities": {"__all__": {"tax_id_key"}}},
    check=_number,
)
router = routes(CUSTOMERS, says={"create": entered("a customer")})
