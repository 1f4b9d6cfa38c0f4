"""Customers in the ERP; `contracts.kinds.customer` declares their groups."""

from collections.abc import Sequence

import numbering
from chassis import clock
from chassis.replication import kind_from
from contracts.customer import CustomerStage
from party.groups import customer_groups
from party.twins import customer_twin
from records import rows_of
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from contracts import kinds
from erp.parties.customers.models import NUMBERS, Customer
from erp.parties.customers.schemas import LegalEntityBody


async def _give_numbers(session: AsyncSession, rows: Sequence[Customer]) -> None:
    unnumbered = [row for row in rows if row.number is None and row.stage != CustomerStage.PROSPECT]
    numbers = await numbering.take_all(session, NUMBERS, [clock.today()] * len(unnumbered))
    for row, number in zip(unnumbered, numbers, strict=True):
        row.number = number


def _shown(row: Customer) -> dict[str, str]:
    return {"number": row.number} if row.number else {}


CUSTOMER = kind_from(
    kinds.CUSTOMER,
    *customer_groups(LegalEntityBody),
    system="erp",
    row=Customer,
    rows=rows_of(Customer, selectinload(Customer.entities)),
    twin=customer_twin(Customer),
    complete=_give_numbers,
    show=_shown,
)
