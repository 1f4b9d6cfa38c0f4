"""Stages of customers in the ERP: a prospect has no number until it is qualified."""

import json
from uuid import UUID

import httpx
import pytest
from chassis import outbox
from chassis.testing import delivered
from erp.parties.customers.records import CUSTOMERS
from erp.sales.orders import commands
from records import reads
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ..orders.factories import a_customer, a_draft, a_product
from .factories import delivery
from .test_routes import NAME, PATH, entered, present

pytestmark = pytest.mark.servers


async def test_a_prospect_is_numbered_when_it_becomes_a_customer(api: httpx.AsyncClient) -> None:
    shown = await entered(api, stage="prospect")
    assert (shown["stage"], shown["number"]) == ("prospect", "")
    changed = await api.patch(f"{PATH}/{shown['id']}", json={"stage": "customer"}, headers={"If-Match": "*"})
    assert (changed.json()["stage"], changed.json()["number"]) == ("customer", "C-000001")


@pytest.mark.parametrize(
    ("stage", "wanted"), [("prospect", "former"), ("customer", "prospect"), ("former", "prospect")]
)
async def test_a_stage_is_not_skipped_and_nobody_becomes_a_prospect_again(
    api: httpx.AsyncClient, stage: str, wanted: str
) -> None:
    shown = await entered(api, stage=stage)
    refused = await api.patch(f"{PATH}/{shown['id']}", json={"stage": wanted}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "stage-forbids")
    assert [each["id"] for each in (await api.get(PATH, params={"stage": stage})).json()["items"]] == [shown["id"]]


async def test_a_delivered_prospect_is_numbered_by_the_delivery_that_qualifies_it(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    await delivered(api, "customer", delivery(name=NAME, stage="prospect"))
    assert (await present(api))["number"] == ""
    await delivered(api, "customer", delivery(rev=2, stage="customer"))
    assert (await present(api))["number"] == "C-000001"
    await delivered(api, "customer", delivery(rev=3, stage="prospect"))
    assert ((await present(api))["stage"], (await present(api))["number"]) == ("prospect", "C-000001")
    told = (
        select(outbox.OutboxRow.data).where(outbox.OutboxRow.topic == "erp.customer.v1").order_by(outbox.OutboxRow.id)
    )
    shown = [json.loads(data).get("shown") for data in await session.scalars(told)]
    assert shown == [None, {"number": "C-000001"}, {"number": "C-000001"}]


async def test_what_is_delivered_without_a_stage_is_a_customer(api: httpx.AsyncClient) -> None:
    await delivered(api, "customer", delivery(name=NAME))
    assert ((await present(api))["stage"], (await present(api))["number"]) == ("customer", "C-000001")


@pytest.mark.parametrize("stage", ["prospect", "former"])
async def test_the_first_confirmed_order_makes_a_customer(session: AsyncSession, stage: str) -> None:
    customer_id: UUID = await a_customer(session, stage=stage)
    order = await a_draft(session, customer_id, (await a_product(session, 10), 1))
    await commands.submit(session, order.id, "anna")
    assert (await reads.by_id(session, CUSTOMERS, customer_id)).stage == stage
    await commands.confirm(session, order.id, "anna")
    customer = await reads.by_id(session, CUSTOMERS, customer_id)
    assert (customer.stage, customer.number) == ("customer", "C-000001")
