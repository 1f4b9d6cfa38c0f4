"""Two transactions that change one customer at the same time."""

import asyncio
from typing import Any

import pytest
import saving
from chassis import db
from chassis.db import Sessions
from chassis.history import HistoryEntry
from chassis.outbox import OutboxRow
from chassis.testing import TENANT
from crm.parties.customers.models import Customer
from crm.parties.customers.records import CUSTOMERS
from crm.parties.customers.schemas import CustomerBody
from records import reads, writes
from sqlalchemy import func, select, text

pytestmark = pytest.mark.servers
BERLIN = {"legal_name": "Alfreds Berlin GmbH", "country": "DE", "tax_id": "DE136695976"}
PARIS = {"legal_name": "Alfreds Paris SARL", "country": "FR", "tax_id": "FR40303265045"}


def anything(_row: Any) -> None:
    """The caller has seen every version."""


async def waiting(sessions: Sessions) -> None:
    """Return when a transaction waits for a lock of another."""
    waits = text("select exists (select from pg_locks where not granted)")
    async with asyncio.timeout(30), sessions() as session:
        while not await session.scalar(waits):  # noqa: ASYNC110  (a lock has no event)
            await asyncio.sleep(0.01)


async def test_a_change_that_waited_sees_the_related_rows_of_the_one_before(committing: Sessions) -> None:
    async with db.transaction(committing, TENANT) as session:
        customer = await writes.create(session, CUSTOMERS, CustomerBody.model_validate({"name": "Alfreds"}), "anna")

    async def add(entity: dict[str, Any]) -> None:
        async with db.transaction(committing, TENANT) as session:
            row: Customer = await reads.by_id(session, CUSTOMERS, customer.id, lock=True)
            held = CUSTOMERS.written(row)["legal_entities"]
            await writes.change(session, CUSTOMERS, row.id, {"legal_entities": [*held, entity]}, "anna", anything)

    async with db.transaction(committing, TENANT) as session:
        row: Customer = await reads.by_id(session, CUSTOMERS, customer.id, lock=True)
        other = asyncio.create_task(add(PARIS))
        await waiting(committing)
        await writes.change(session, CUSTOMERS, row.id, {"legal_entities": [BERLIN]}, "anna", anything)
    await other
    async with db.transaction(committing, TENANT) as session:
        found: Customer = await reads.shown_by_id(session, CUSTOMERS, customer.id)
        assert [each.legal_name for each in found.legal_entities] == [BERLIN["legal_name"], PARIS["legal_name"]]
        assert found.version == 3


async def test_a_change_is_written_by_one_statement(committing: Sessions) -> None:
    async with db.transaction(committing, TENANT) as session:
        customer = await writes.create(session, CUSTOMERS, CustomerBody.model_validate({"name": "Berglunds"}), "anna")
    sent: list[str] = []
    async with db.transaction(committing, TENANT) as session, saving.driver_of(session) as driver:
        with driver.query_logger(lambda record: sent.append(record.query)):
            await writes.change(session, CUSTOMERS, customer.id, {"name": "Berglund"}, "anna", anything)
            await asyncio.sleep(0)
    assert len([each for each in sent if each.startswith("with w1")]) == 1
    async with db.transaction(committing, TENANT) as session:
        for table, key in ((HistoryEntry, HistoryEntry.record_id), (OutboxRow, OutboxRow.key)):
            wanted = customer.id if table is HistoryEntry else str(customer.id)
            assert await session.scalar(select(func.count()).select_from(table).where(key == wanted)) == 2
