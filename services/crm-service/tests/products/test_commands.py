"""Use cases on a real database: rows and events."""

from typing import Any

import orjson
import pytest
from chassis import outbox
from chassis.errors import NotFound
from crm.catalogue.products import queries
from crm.catalogue.products.checks import ProductNumberTaken
from crm.catalogue.products.records import PRODUCTS
from crm.catalogue.products.schemas import ProductBody
from records import reads, writes
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import CHAI, CHANG, numbered

pytestmark = pytest.mark.servers
BODY = ProductBody.model_validate(CHAI)


def seen(_row: object) -> None:
    """The caller has seen the row as it is."""


async def events(session: AsyncSession) -> list[dict[str, Any]]:
    found = await session.scalars(select(outbox.OutboxRow).order_by(outbox.OutboxRow.id))
    return [orjson.loads(row.data) for row in found]


async def test_an_entered_product_is_announced_without_what_the_erp_keeps(session: AsyncSession) -> None:
    await writes.create(session, PRODUCTS, BODY, "anna")
    (event,) = await events(session)
    usual = {"product_kind": "goods", "units": {"unit": "piece", "conversions": []}, "tax_class": "standard"}
    assert event["snapshot"] == {**CHAI, **usual, "life": "live"}


async def test_a_change_announces_what_changed(session: AsyncSession) -> None:
    row = await writes.create(session, PRODUCTS, BODY, "anna")
    await writes.change(session, PRODUCTS, row.id, {"description": "10 boxes", "name": "Chai"}, "anna", seen)
    changes = {each["group"]: (each["old"], each["new"]) for each in (await events(session))[-1]["changes"]}
    assert changes == {"description": (None, "10 boxes"), "life": ("live", "live")}
    await writes.change(session, PRODUCTS, row.id, {"description": "10 boxes"}, "anna", seen)
    assert (len(await events(session)), row.version) == (2, 2)


async def test_an_archived_product_keeps_its_number(session: AsyncSession) -> None:
    row = await writes.create(session, PRODUCTS, BODY, "anna")
    await writes.archive(session, PRODUCTS, row.id, "anna", seen)
    with pytest.raises(ProductNumberTaken) as refused:
        await writes.create(session, PRODUCTS, BODY, "anna")
    assert (refused.value.facts["id"], refused.value.facts["archived"]) == (row.id, True)
    assert [event["changes"][0]["new"] for event in (await events(session))[1:]] == ["dead"]


async def test_a_product_is_found_by_its_numbers(session: AsyncSession) -> None:
    chai = await writes.create(session, PRODUCTS, BODY, "anna")
    chang = await writes.create(session, PRODUCTS, ProductBody.model_validate(CHANG), "anna")
    assert await queries.product_by_sku(session, "nw-1") is chai
    assert await queries.product_by_gtin(session, "04006381333931") is chai
    assert await queries.product_by_sku(session, "NW-3") is None
    found = await reads.by_ids(session, PRODUCTS, [chai.id, chang.id, numbered(99)])
    assert found == {chai.id: chai, chang.id: chang}
    with pytest.raises(NotFound):
        await reads.by_id(session, PRODUCTS, numbered(99))
