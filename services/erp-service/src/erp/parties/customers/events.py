"""Customers in the ERP; `contracts.kinds.customer` declares their groups."""

import numbering
from chassis import clock
from chassis.replication import kind_from
from party.groups import customer_groups
from party.twins import customer_twin
from records import rows_of
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from contracts import kinds
from erp.parties.customers.models import NUMBERS, Customer
from erp.parties.customers.schemas import LegalEntityBody


async def _give_number(session: AsyncSession, row: Customer) -> None:
    row.number = await numbering.take(session, NUMBERS, clock.today())


CUSTOMER = kind_from(
    kinds.CUSTOMER,
    *customer_groups(LegalEntityBody),
    system="erp",
    row=Customer,
    rows=rows_of(Customer, selectinload(Customer.entities)),
    twin=customer_twin(Customer),
    complete=_give_number,
)
