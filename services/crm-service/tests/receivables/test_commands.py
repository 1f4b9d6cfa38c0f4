"""Use cases on a real database: rows, events, and what happens at the same time."""

import asyncio
from typing import Any

import orjson
import pytest
from chassis import outbox
from chassis.db import Sessions, transaction
from chassis.testing import TENANT
from crm.receivables import commands
from crm.receivables.checks import PaymentRegisteredAlready
from crm.receivables.models import Payment
from crm.receivables.records import PAYMENTS
from crm.receivables.schemas import PaymentBody
from records import writes
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import payment

pytestmark = pytest.mark.servers
BODY = PaymentBody.model_validate(payment(None, note="2026-000001"))


async def events(session: AsyncSession) -> list[dict[str, Any]]:
    found = await session.scalars(select(outbox.OutboxRow).order_by(outbox.OutboxRow.id))
    return [orjson.loads(row.data) for row in found]


async def test_a_registered_payment_is_announced_for_the_erp_to_book(session: AsyncSession) -> None:
    row = await writes.create(session, PAYMENTS, BODY, "anna")
    (event,) = await events(session)
    assert (event["kind"], event["local_id"], event["origin"]) == ("payment", str(row.id), "user")
    assert event["snapshot"] == {
        "payment": {"amount": "119.00", "currency": "EUR", "direction": "in", "received_on": "2026-06-01"},
        "state": "entered",
        "reference": "BANK 4711",
        "note": "2026-000001",
        "life": "live",
    }


async def test_a_reversal_is_announced_with_its_reason(session: AsyncSession) -> None:
    row = await writes.create(session, PAYMENTS, BODY, "anna")
    await commands.reverse(session, row.id, "typed twice", "anna")
    changes = {each["group"]: (each["old"], each["new"]) for each in (await events(session))[-1]["changes"]}
    assert changes == {"state": ("entered", "reversed"), "reason": (None, "typed twice"), "life": ("live", "live")}


async def test_one_reference_registered_by_many_at_once_is_one_payment(committing: Sessions) -> None:
    async def register() -> str:
        try:
            async with transaction(committing, TENANT) as session:
                await writes.create(session, PAYMENTS, BODY, "anna")
        except PaymentRegisteredAlready as refused:
            return str(refused.facts["id"])
        return "registered"

    outcomes = await asyncio.gather(*(register() for _ in range(8)))
    async with transaction(committing, TENANT) as session:
        payment_id = await session.scalar(select(Payment.id))
        assert await session.scalar(select(func.count()).select_from(Payment)) == 1
    assert sorted(outcomes) == sorted(["registered", *[str(payment_id)] * 7])
