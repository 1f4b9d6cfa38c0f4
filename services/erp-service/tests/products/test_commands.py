"""Use cases on a real database: rows and events."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from chassis import outbox
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.replication import Delivery, apply
from chassis.testing import OTHER_TENANT, TENANT, act_for
from erp.catalogue.products.checks import KitInKit, ProductNumberTaken
from erp.catalogue.products.events import PRODUCT
from erp.catalogue.products.handlers import give_skus
from erp.catalogue.products.records import PRICE_LISTS, PRICES, PRODUCTS
from erp.catalogue.products.schemas import PriceBody, PriceListBody, ProductBody
from erp.wiring import SERVICE
from records import ReferenceUnknown, reads, writes
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import CANONICAL, CHAI, delivery

pytestmark = pytest.mark.servers


def seen(_row: object) -> None:
    """The caller has seen the row as it is."""


async def events(session: AsyncSession) -> list[dict[str, Any]]:
    found = await session.scalars(select(outbox.OutboxRow.data).order_by(outbox.OutboxRow.id))
    return [orjson.loads(data) for data in found]


async def kit_of(session: AsyncSession, *product_ids: UUID) -> UUID:
    components = [{"product_id": product_id, "quantity": "2"} for product_id in product_ids]
    body = ProductBody(name="Breakfast", product_kind="kit", components=components)
    return (await writes.create(session, PRODUCTS, body, "anna")).id


async def test_prices_are_announced_in_the_decimals_of_their_list(session: AsyncSession) -> None:
    product = await writes.create(session, PRODUCTS, ProductBody(name="Chai"), "anna")
    listed = await writes.create(session, PRICE_LISTS, PriceListBody(name="Retail", currency="EUR"), "anna")
    body = PriceBody(price_list_id=listed.id, product_id=product.id, amount="165")
    row = await writes.create(session, PRICES, body, "anna")
    await writes.change(session, PRICES, row.id, {"amount": "170"}, "anna", seen)
    amounts = [each["snapshot"]["price"]["amount"] for each in (await events(session))[-2:]]
    assert amounts == ["165.00", "170.00"]


async def test_a_product_without_a_sku_gets_the_next_one_that_is_free(session: AsyncSession) -> None:
    await writes.create(session, PRODUCTS, ProductBody(name="A", sku="p-000001"), "anna")
    rows = [await writes.create(session, PRODUCTS, ProductBody(name="B"), "anna") for _ in range(2)]
    assert [row.sku for row in rows] == ["P-000002", "P-000003"]
    assert (await events(session))[-1]["snapshot"]["sku"] == "P-000003"


async def test_a_sku_that_is_taken_away_is_replaced(session: AsyncSession) -> None:
    row = await writes.create(session, PRODUCTS, ProductBody(name="A", sku="A"), "anna")
    await writes.change(session, PRODUCTS, row.id, {"sku": None}, "anna", seen)
    assert row.sku == "P-000001"


async def test_two_products_never_have_one_number(session: AsyncSession) -> None:
    first = await writes.create(session, PRODUCTS, ProductBody(**CHAI), "anna")
    for number, field in (({"sku": "CHAI-10"}, "sku"), ({"gtin": "04006381333931"}, "gtin")):
        with pytest.raises(ProductNumberTaken) as refused:
            await writes.create(session, PRODUCTS, ProductBody(name="B", **number), "anna")
        assert (refused.value.facts["field"], refused.value.facts["id"]) == (field, first.id)
    await writes.change(session, PRODUCTS, first.id, {"sku": "CHAI-10"}, "anna", seen)
    assert first.sku == "CHAI-10"


async def test_what_a_kit_is_made_of_is_changed_and_announced_to_nobody(session: AsyncSession) -> None:
    tea = await writes.create(session, PRODUCTS, ProductBody(name="Tea"), "anna")
    milk = await writes.create(session, PRODUCTS, ProductBody(name="Milk"), "anna")
    kit_id = await kit_of(session, tea.id)
    kit = (await reads.by_ids(session, PRODUCTS, [kit_id]))[kit_id]
    before = len(await events(session))
    parts = [{"product_id": str(milk.id), "quantity": "1"}, {"product_id": str(tea.id), "quantity": "3"}]
    await writes.change(session, PRODUCTS, kit_id, {"components": parts}, "anna", seen)
    session.expunge_all()
    kit = await reads.by_id(session, PRODUCTS, kit_id)
    assert [(each.product_id, each.quantity) for each in kit.components] == [
        (milk.id, Decimal(1)),
        (tea.id, Decimal(3)),
    ]
    assert (kit.version, len(await events(session))) == (2, before)


async def test_a_kit_is_not_part_of_a_kit(session: AsyncSession) -> None:
    tea = await writes.create(session, PRODUCTS, ProductBody(name="Tea"), "anna")
    kit_id = await kit_of(session, tea.id)
    with pytest.raises(KitInKit):
        await kit_of(session, kit_id)
    with pytest.raises(KitInKit):
        await writes.change(session, PRODUCTS, tea.id, {"product_kind": "kit"}, "anna", seen)
    with pytest.raises(ReferenceUnknown):
        await kit_of(session, CANONICAL)


async def test_each_tenant_has_numbers_of_its_own(session: AsyncSession) -> None:
    first = await writes.create(session, PRODUCTS, ProductBody(**CHAI), "anna")
    await act_for(session, OTHER_TENANT)
    assert (await writes.create(session, PRODUCTS, ProductBody(**CHAI), "bert")).sku == first.sku
    assert await reads.by_ids(session, PRODUCTS, [first.id]) == {}


async def test_products_entered_at_once_never_share_a_sku(committing: Sessions) -> None:
    async def enter(sku: str | None) -> str | None:
        async with transaction(committing, TENANT) as own:
            return (await writes.create(own, PRODUCTS, ProductBody(name="A", sku=sku), "anna")).sku

    given = await asyncio.gather(*(enter(None) for _ in range(8)))
    assert sorted(str(sku) for sku in given) == [f"P-{number:06}" for number in range(1, 9)]
    typed = await asyncio.gather(*(enter("Same") for _ in range(4)), return_exceptions=True)
    assert [each for each in typed if each == "Same"] == ["Same"]
    assert all(isinstance(each, ProductNumberTaken | IntegrityError) for each in typed if each != "Same")


async def test_a_product_from_another_system_gets_its_sku_a_moment_later(committed: str) -> None:
    engine = create_engine(committed, SERVICE.name, "worker")
    sessions, tenants = session_factory(engine), (uuid4(), uuid4())
    for tenant in tenants:
        async with transaction(sessions, tenant) as session:
            await apply(session, PRODUCT, [Delivery(**delivery(uuid4(), name="Chai", product_kind="goods"))])
    assert [await give_skus(sessions), await give_skus(sessions)] == [2, 0]
    for tenant in tenants:
        async with transaction(sessions, tenant) as session:
            last = (await events(session))[-1]
            assert [change["group"] for change in last["changes"]] == ["sku", "life"]
            assert (last["origin"], last["snapshot"]["sku"]) == ("user", "P-000001")
    await engine.dispose()
