"""The same customer, entered on both sides by people who do not know of each other, is one."""

import asyncio
from typing import Any
from uuid import UUID

from chassis.db import create_engine, session_factory, transaction
from erp.parties.customers.records import CUSTOMERS
from erp.parties.customers.schemas import CustomerBody
from records import writes
from stack.services import Stack

from .clients import Company
from .database import as_administrator
from .equality import equal
from .waiting import eventually

ALFREDS: dict[str, Any] = {
    "name": "Alfreds Futterkiste",
    "phone": "+49 30 0074321",
    "website": "https://alfreds.example",
}


def test_a_customer_with_the_same_phone_and_a_similar_name_is_linked(company: Company) -> None:
    with company.hub.paused("crm", "erp"):
        mine = company.crm.create("customer", **ALFREDS)
        company.erp.create("customer", **{**ALFREDS, "name": "ALFREDS FUTTERKISTE GmbH"}, segment="food")
    mine, theirs = company.both("customer", mine)
    assert (mine["segment"], theirs["website"]) == ("food", "https://alfreds.example")
    assert equal(company) == 1
    reasons = [link["reason"] for link in company.hub.links("customer") if link["tier"] == "T2"]
    assert len(reasons) == 1
    assert "phone" in reasons[0]


def test_a_customer_with_the_same_tax_id_is_linked_whatever_its_name(company: Company) -> None:
    entity = {"legal_name": "Alfreds GmbH", "country": "DE", "tax_id": "DE136695976"}
    with company.hub.paused("crm", "erp"):
        mine = company.crm.create("customer", name="Alfreds", legal_entities=[entity])
        company.erp.create("customer", name="Futterkiste Berlin", legal_entities=[{**entity, "tax_id": "136 695 976"}])
    mine, theirs = company.both("customer", mine)
    assert len(theirs["legal_entities"]) == 1
    assert equal(company) == 1
    assert [link["tier"] for link in company.hub.links("customer")].count("T1") == 1


def test_another_customer_behind_the_same_phone_is_not_linked(company: Company) -> None:
    with company.hub.paused("crm", "erp"):
        mine = company.crm.create("customer", **ALFREDS)
        theirs = company.erp.create("customer", **{**ALFREDS, "name": "Berglunds snabbköp"})
    company.both("customer", mine)
    company.both("customer", theirs, by=company.erp)
    assert equal(company) == 2


async def waiting_for_a_lock(stack: Stack) -> bool:
    """Whether a transaction of the ERP waits for another one's advisory lock."""
    async with as_administrator(stack, "erp") as database:
        query = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        return bool(await database.fetchval(query))


async def test_a_delivery_waits_for_an_entry_that_is_not_saved_yet_and_links_to_it(
    stack: Stack, company: Company
) -> None:
    engine = create_engine(stack.plan.databases["erp"], "erp", "app")
    async with transaction(session_factory(engine), UUID(company.tenant)) as session:
        theirs = await writes.create(
            session, CUSTOMERS, CustomerBody.model_validate({**ALFREDS, "segment": "food"}), "otto"
        )
        mine = company.crm.create("customer", **ALFREDS)

        await asyncio.to_thread(eventually, lambda: asyncio.run(waiting_for_a_lock(stack)))
        assert company.erp.records("customer") == []
    await engine.dispose()
    _, there = company.both("customer", mine)
    assert there["id"] == str(theirs.id)
    assert equal(company) == 1
    assert [len(office.records("customer")) for office in company.offices] == [1, 1]
