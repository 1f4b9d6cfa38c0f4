"""Customers in the CRM; `contracts.kinds.customer` declares their groups."""

from chassis.replication import kind_from
from party.groups import customer_groups
from party.twins import customer_twin
from records import rows_of
from sqlalchemy.orm import selectinload

from contracts import kinds
from crm.parties.customers.models import Customer
from crm.parties.customers.schemas import LegalEntityBody

CUSTOMER = kind_from(
    kinds.CUSTOMER,
    *customer_groups(LegalEntityBody),
    system="crm",
    row=Customer,
    rows=rows_of(Customer, selectinload(Customer.entities)),
    twin=customer_twin(Customer),
)
