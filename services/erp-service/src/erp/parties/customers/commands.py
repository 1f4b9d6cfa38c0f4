"""Owners that are texts become employees: the ERP is where employees are entered."""

from chassis.replication import edit
from party.matching import ALONE, employees_named, keys_of, some_to_match, texts_of
from records import reads, writes
from sqlalchemy.ext.asyncio import AsyncSession

from erp.parties.customers.events import CUSTOMER
from erp.parties.customers.models import Customer
from erp.parties.customers.records import CUSTOMERS
from erp.people.employees.models import Employee
from erp.people.employees.records import EMPLOYEES
from erp.people.employees.schemas import EmployeeBody

ACTOR = "erp"
BATCH = 200
LIVE = Customer.archived_at.is_(None)


async def match_owners(session: AsyncSession) -> int:
    """Refer up to `BATCH` customers whose owner is a text to the employee of that name; answer how many there were.

    A name that no employee has becomes one. A name that several have stays a text, as does a text without words.
    """
    await session.execute(ALONE)
    keys = keys_of(await texts_of(session, Customer, LIVE))
    known = await employees_named(session, Employee, set(keys.values()))
    # Of several spellings, one with capitals and small letters is the name.
    for name, key in sorted(keys.items(), key=lambda each: each[0].isupper() or each[0].islower()):
        if key not in known:
            known[key] = (await writes.create(session, EMPLOYEES, EmployeeBody(name=name), ACTOR)).id
    matched = {name: known[key] for name, key in keys.items() if known[key] is not None}
    ids = await some_to_match(session, Customer, matched, BATCH, LIVE)
    for row in await reads.lock_all(session, CUSTOMERS, ids):
        with edit(session, CUSTOMER, row, ACTOR):
            row.give_to(matched[row.owner or ""])
    await session.flush()
    return len(ids)
