"""The REST interface of inventory on a real database."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from erp.warehouse.stock import commands
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import DAY, product, shipment, want

pytestmark = pytest.mark.servers


@pytest.fixture
async def tea(session: AsyncSession) -> UUID:
    return await product(session, "TEA")


async def posted(api: httpx.AsyncClient, path: str, status: int = 201, **body: Any) -> dict[str, Any]:
    answer = await api.post(path, json={name: str(value) for name, value in body.items()})
    assert answer.status_code == status, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def listed(api: httpx.AsyncClient, path: str, **filters: object) -> list[dict[str, Any]]:
    answer = await api.get(path, params={name: str(value) for name, value in filters.items()})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_receipt_is_shown_as_a_move_and_in_the_stock(api: httpx.AsyncClient, tea: UUID) -> None:
    move = await posted(
        api, "/v1/stock/receipts", product_id=tea, quantity=2, unit="box", unit_cost="30", day=DAY, reference="LS-1"
    )
    assert (move["kind"], move["quantity"], move["value"], move["unit_cost"]) == ("receipt", "24", "60.00", "2.50")
    assert (move["currency"], move["moved_on"], move["reason"], move["actor"]) == ("EUR", str(DAY), "LS-1", "anna")
    assert (await api.get(f"/v1/stock-moves/{move['id']}")).json() == move
    (there,) = await listed(api, "/v1/stock", sku="tea")
    assert (there["on_hand"], there["available"], there["value"], there["average_cost"]) == (
        "24",
        "24",
        "60.00",
        "2.50",
    )
    assert (there["sku"], there["unit"], there["warehouse_name"]) == ("TEA", "piece", "Main")


async def test_a_count_that_says_the_same_moves_nothing(api: httpx.AsyncClient, tea: UUID) -> None:
    await posted(api, "/v1/stock/receipts", product_id=tea, quantity=4, unit_cost=1)
    same = await posted(api, "/v1/stock/adjustments", product_id=tea, counted=4, reason="yearly count")
    fewer = await posted(api, "/v1/stock/adjustments", product_id=tea, counted=3, reason="broken")
    assert (same["move"], fewer["move"]["quantity"], fewer["move"]["reason"]) == (None, "-1", "broken")


async def test_goods_are_transferred_between_warehouses(api: httpx.AsyncClient, tea: UUID) -> None:
    await posted(api, "/v1/stock/receipts", product_id=tea, quantity=4, unit_cost=1)
    (main,) = await listed(api, "/v1/warehouses")
    north = await posted(api, "/v1/warehouses", name="North")
    places = {"from_warehouse_id": main["id"], "to_warehouse_id": north["id"]}
    done = await posted(api, "/v1/stock/transfers", product_id=tea, quantity=3, **places)
    assert [(each["warehouse_id"], each["quantity"]) for each in done["moves"]] == [
        (main["id"], "-3"),
        (north["id"], "3"),
    ]
    refused = await posted(api, "/v1/stock/transfers", 409, product_id=tea, quantity=3, **places)
    assert refused["type"] == "/problems/out-of-stock"
    assert refused["shortages"] == [{"product_id": str(tea), "wanted": "3", "available": "1", "line_ids": []}]
    assert [each["on_hand"] for each in await listed(api, "/v1/stock", warehouse_id=north["id"])] == ["3"]
    moves = await listed(api, "/v1/stock-moves", warehouse_id=main["id"], kind="transfer", sort="position")
    assert [each["id"] for each in moves] == [done["moves"][0]["id"]]
    assert len(await listed(api, "/v1/stock-moves", source_id=done["moves"][0]["source_id"])) == 2


async def test_moves_are_found_by_product_day_and_line(
    api: httpx.AsyncClient, session: AsyncSession, tea: UUID
) -> None:
    for day in ("2026-03-01", "2026-03-05"):
        await posted(api, "/v1/stock/receipts", product_id=tea, quantity=1, unit_cost=1, day=day)
    line, source = want(tea, 1), shipment()
    await commands.reserve(session, [line])
    await commands.issue(session, [line], on=DAY, source=source, actor="anna")
    await session.commit()
    found = await listed(api, "/v1/stock-moves", product_id=tea, since="2026-03-02", until="2026-03-31")
    assert [each["kind"] for each in found] == ["issue", "receipt"]
    assert len(await listed(api, "/v1/stock-moves", line_id=line.line_id, source_kind="shipment")) == 1
    assert await listed(api, "/v1/stock-moves", product_id=uuid4()) == []


async def test_reservations_and_back_orders_are_listed(
    api: httpx.AsyncClient, session: AsyncSession, tea: UUID
) -> None:
    await posted(api, "/v1/stock/receipts", product_id=tea, quantity=4, unit_cost=1)
    first, second = want(tea, 3), want(tea, 3)
    await commands.reserve(session, [first, second])
    await session.commit()
    held = await listed(api, "/v1/reservations", product_id=tea)
    assert [(each["line_id"], each["quantity"]) for each in held] == [
        (str(first.line_id), "3"),
        (str(second.line_id), "1"),
    ]
    (waiting,) = await listed(api, "/v1/back-orders", product_id=tea)
    assert (waiting["line_id"], waiting["wanted"], waiting["missing"]) == (str(second.line_id), "3", "2")
    assert await listed(api, "/v1/reservations", line_id=second.line_id, warehouse_id=uuid4()) == []


@pytest.mark.parametrize("path", ["/v1/stock", "/v1/stock-moves", "/v1/reservations", "/v1/back-orders"])
async def test_what_is_listed_is_exported_in_the_same_order(
    api: httpx.AsyncClient, session: AsyncSession, tea: UUID, path: str
) -> None:
    goods = [tea, await product(session, "CHAI")]
    for product_id in goods:
        await posted(api, "/v1/stock/receipts", product_id=product_id, quantity=2, unit_cost=1)
    await commands.reserve(session, [want(product_id, 3) for product_id in goods])
    await session.commit()
    items = await listed(api, path)
    assert len(items) == 2
    exported = await api.get(f"{path}:export", params={"format": "jsonl"})
    assert [json.loads(line) for line in exported.text.splitlines()] == items


async def test_the_first_warehouse_is_the_default_until_another_one_is(api: httpx.AsyncClient) -> None:
    first = await posted(api, "/v1/warehouses", name="Main")
    second = (await api.post("/v1/warehouses", json={"name": "North", "is_default": True})).json()
    assert (first["is_default"], second["is_default"]) == (True, True)
    stands = (await api.get(f"/v1/warehouses/{first['id']}")).json()
    assert (stands["is_default"], stands["version"]) == (False, 2)
    taken = await posted(api, "/v1/warehouses", 409, name="North")
    assert (taken["type"], taken["id"]) == ("/problems/warehouse-name-taken", second["id"])


async def test_a_warehouse_is_renamed_made_default_and_archived(api: httpx.AsyncClient, tea: UUID) -> None:
    await posted(api, "/v1/warehouses", name="Main")
    north = await posted(api, "/v1/warehouses", name="North")
    address, any_version = f"/v1/warehouses/{north['id']}", {"If-Match": "*"}
    assert (await api.patch(address, json={"name": "Far North"})).status_code == 428
    renamed = await api.patch(address, json={"name": "Far North"}, headers={"If-Match": '"1"'})
    assert (renamed.json()["name"], renamed.headers["ETag"]) == ("Far North", '"2"')
    await posted(api, "/v1/stock/receipts", product_id=tea, quantity=1, unit_cost=1, warehouse_id=north["id"])
    assert (await api.delete(address, headers=any_version)).json()["type"] == "/problems/warehouse-in-use"
    await posted(api, "/v1/stock/adjustments", product_id=tea, counted=0, reason="moved out", warehouse_id=north["id"])
    assert (await api.delete(address, headers=any_version)).json()["archived_at"] is not None
    refused = await posted(
        api, "/v1/stock/receipts", 409, product_id=tea, quantity=1, unit_cost=1, warehouse_id=north["id"]
    )
    assert refused["type"] == "/problems/warehouse-archived"
    assert [each["name"] for each in await listed(api, "/v1/warehouses")] == ["Main"]
    assert (await api.post(f"{address}/restore")).json()["archived_at"] is None
    made = await api.patch(address, json={"is_default": True}, headers=any_version)
    assert made.json()["is_default"]
    assert (await api.delete(address, headers=any_version)).status_code == 409


async def test_the_same_key_receives_once(api: httpx.AsyncClient, tea: UUID) -> None:
    body = {"product_id": str(tea), "quantity": "5", "unit_cost": "1"}
    answers = [await api.post("/v1/stock/receipts", json=body, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert [Decimal(each["on_hand"]) for each in await listed(api, "/v1/stock")] == [5]


@pytest.mark.parametrize("wrong", [{"quantity": "0"}, {"quantity": "-1"}, {"unit_cost": "-1"}, {"day": "yesterday"}])
async def test_a_receipt_of_nothing_is_malformed(api: httpx.AsyncClient, tea: UUID, wrong: dict[str, str]) -> None:
    await posted(api, "/v1/stock/receipts", 422, **{"product_id": tea, "quantity": 1, "unit_cost": 1, **wrong})


async def test_another_tenant_sees_no_stock(api: httpx.AsyncClient, stranger: httpx.AsyncClient, tea: UUID) -> None:
    move = await posted(api, "/v1/stock/receipts", product_id=tea, quantity=5, unit_cost=1)
    for path in ("/v1/stock", "/v1/stock-moves", "/v1/warehouses"):
        assert await listed(stranger, path) == []
    assert (await stranger.get(f"/v1/stock-moves/{move['id']}")).status_code == 404
    await posted(stranger, "/v1/stock/receipts", 404, product_id=tea, quantity=5, unit_cost=1)


async def test_who_may_only_read_moves_nothing(with_scopes: Callable[[str], httpx.AsyncClient], tea: UUID) -> None:
    async with with_scopes("inventory:read") as reader:
        await posted(reader, "/v1/stock/receipts", 403, product_id=tea, quantity=5, unit_cost=1)
        assert await listed(reader, "/v1/stock") == []
