"""The REST interface of orders and shipments, and their port, on a real database."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.testing import delivered
from erp.sales.orders import commands
from erp.sales.orders.rules import ALLOWED
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import (
    CANONICAL,
    a_confirmed,
    a_customer,
    a_draft,
    a_product,
    a_submitted,
    delivery,
    line_value,
)

pytestmark = pytest.mark.servers
PATH = "/v1/orders"
PORT = "/replication/v1/order"
ANY = {"If-Match": "*"}
LINE = "01900000-0000-7000-8000-000000000001"
DATES = {"ordered_on": "1996-07-04", "required_on": None}


async def posted(api: httpx.AsyncClient, path: str, body: Any = None, status: int = 201) -> dict[str, Any]:
    answer = await api.post(path, json=body)
    assert answer.status_code == status, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def read(api: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await api.get(path)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def brought(api: httpx.AsyncClient, item: dict[str, Any], kind: str = "order") -> dict[str, Any]:
    (outcome,) = await delivered(api, kind, item)
    return outcome


async def sent(api: httpx.AsyncClient, customer_id: UUID, product_id: UUID, **groups: Any) -> dict[str, Any]:
    """An order as it comes from the CRM."""
    line = {f"line__{LINE}": line_value(product_id)}
    head: dict[str, Any] = {"customer": str(customer_id), "currency": "EUR", "dates": DATES, "state": "draft"}
    return await brought(api, delivery(**{**head, "sales_number": "SO-000001", **line, **groups}))


async def here(api: httpx.AsyncClient) -> dict[str, Any]:
    (shown,) = (await read(api, f"{PATH}?canonical_id={CANONICAL}"))["items"]
    found: dict[str, Any] = shown
    return found


async def test_a_line_takes_the_price_of_the_customer_and_the_declared_tax(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    customer_id, product_id = await a_customer(session, segment="retail"), await a_product(session)
    prices = {"name": "Retail", "currency": "EUR", "customer_group": "retail"}
    listed = {"price_list_id": (await posted(api, "/v1/price-lists", prices))["id"], "product_id": str(product_id)}
    await posted(api, "/v1/prices", {**listed, "min_quantity": "12", "amount": "8.50"})
    await posted(api, "/v1/tax-rates", {"country": "DE", "tax_class": "standard", "rate": "0.19"})
    lines = [
        {"product_id": str(product_id), "quantity": "12", "discount": "0.05"},
        {"product_id": str(product_id), "quantity": "11"},
        {"product_id": str(product_id), "quantity": "1", "unit_price": "9", "tax_rate": "0"},
    ]
    shown = await posted(api, PATH, {"customer_id": str(customer_id), "lines": lines})
    found = [(line["unit_price"], line["price_from"], line["tax_rate"], line["net"]) for line in shown["lines"]]
    assert found == [
        ("8.50", "price_list", "0.19", "96.90"),
        ("10.00", "list_price", "0.19", "110.00"),
        ("9.00", "entered", "0", "9.00"),
    ]
    assert (shown["currency"], shown["net"], shown["tax"], shown["total"]) == ("EUR", "215.90", "39.31", "255.21")
    assert [each["rate"] for each in shown["taxes"]] == ["0", "0.19"]


async def test_what_nobody_has_declared_must_be_said(api: httpx.AsyncClient, session: AsyncSession) -> None:
    customer_id, product_id = await a_customer(session), await a_product(session)
    lines = [{"product_id": str(product_id), "quantity": "1"}]
    body = {"customer_id": str(customer_id), "currency": "USD", "lines": lines}
    assert (await posted(api, PATH, body, 409))["type"] == "/problems/no-price-known"
    unknown = {**body, "customer_id": str(uuid4())}
    assert (await posted(api, PATH, unknown, 409))["type"] == "/problems/reference-unknown"
    lines[0]["product_id"] = str(uuid4())
    assert (await posted(api, PATH, body, 409))["type"] == "/problems/reference-unknown"
    lines[0]["quantity"] = "0"
    assert (await posted(api, PATH, body, 422))["errors"][0]["field"] == "lines[0].quantity"


async def test_a_draft_is_changed_line_by_line(api: httpx.AsyncClient, session: AsyncSession) -> None:
    product_id = await a_product(session)
    row = await a_draft(session, await a_customer(session), (product_id, 1), (product_id, 2))
    address, (first, second) = f"{PATH}/{row.id}", row.lines
    assert (await api.patch(address, json={"notes": "A"})).status_code == 428
    kept = {"id": str(second.id), "product_id": str(product_id), "quantity": "5", "unit_price": "10", "tax_rate": "0"}
    added = {"product_id": str(product_id), "quantity": "1", "tax_rate": "0"}
    changed = await api.patch(address, json={"lines": [kept, added], "reference": "4711"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    shown = changed.json()
    assert [(line["quantity"], line["position"], line["price_from"]) for line in shown["lines"]] == [
        ("5", 2, "entered"),
        ("1", 3, "list_price"),
    ]
    assert shown["lines"][0]["id"] == str(second.id)
    late = await api.patch(address, json={"notes": "B"}, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["current"]["reference"]) == (412, "4711")
    gone = {**kept, "id": str(first.id)}
    refused = await api.patch(address, json={"lines": [gone]}, headers=ANY)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/no-such-line")
    same = await api.patch(address, json={"reference": "4711"}, headers=ANY)
    assert same.json()["version"] == shown["version"]


async def test_only_a_draft_is_changed(api: httpx.AsyncClient, session: AsyncSession) -> None:
    row = await a_submitted(session, await a_customer(session), (await a_product(session), 1))
    refused = await api.patch(f"{PATH}/{row.id}", json={"notes": "A"}, headers=ANY)
    assert refused.status_code == 409
    assert refused.json()["allowed"] == list(ALLOWED[row.present])


async def test_an_order_goes_its_way(api: httpx.AsyncClient, session: AsyncSession) -> None:
    product_id = await a_product(session, 10)
    row = await a_draft(session, await a_customer(session), (product_id, 12))
    address = f"{PATH}/{row.id}"
    assert (await posted(api, f"{address}/submit", status=200))["state"] == "submitted"
    assert (await posted(api, f"{address}/confirm", status=200))["state"] == "confirmed"
    held = await posted(api, f"{address}/hold", {"reason": "Wait"}, 200)
    assert (held["state"], held["reason"]) == ("on_hold", {"code": "held", "text": "Wait"})
    assert (await posted(api, f"{address}/resume", status=200))["state"] == "confirmed"
    shipment = await posted(api, f"{address}/shipments", {"shipped_on": "1996-07-16"})
    assert (shipment["number"], shipment["shipped_on"]) == ("S-000001", "1996-07-16")
    back = {"lines": [{"line_id": str(row.lines[0].id), "quantity": "3"}], "returned_on": "1996-08-01"}
    assert (await posted(api, f"{address}/returns", back))["kind"] == "return"
    (progress,) = (await read(api, f"{address}/progress"))["lines"]
    assert {name: progress[name] for name in ("ordered", "reserved", "back_ordered", "shipped", "returned")} == {
        "ordered": "12",
        "reserved": "2",
        "back_ordered": "0",
        "shipped": "10",
        "returned": "3",
    }
    refused = await posted(api, f"{address}/cancel", {"reason": "Too late"}, 409)
    assert (refused["state"], refused["allowed"]) == ("partly_shipped", ["shipments", "returns"])


async def test_what_is_on_back_order_is_told(api: httpx.AsyncClient, session: AsyncSession) -> None:
    row = await a_confirmed(session, await a_customer(session), (await a_product(session, 4), 10))
    (progress,) = (await read(api, f"{PATH}/{row.id}/progress"))["lines"]
    assert (progress["reserved"], progress["back_ordered"]) == ("4", "6")


async def test_orders_are_found_by_what_is_known_of_them(api: httpx.AsyncClient, session: AsyncSession) -> None:
    customer_id, product_id = await a_customer(session), await a_product(session)
    row = await a_submitted(session, customer_id, (product_id, 1), reference="4711")
    await a_draft(session, await a_customer(session), (await a_product(session), 1), ordered_on="1997-01-01")
    for narrowed in (
        f"customer_id={customer_id}",
        f"product_id={product_id}",
        "state=submitted",
        "number=O-000001",
        "reference=4711",
        "ordered_until=1996-12-31",
    ):
        items = (await read(api, f"{PATH}?{narrowed}"))["items"]
        assert [item["id"] for item in items] == [str(row.id)], narrowed
    days = [item["ordered_on"] for item in (await read(api, PATH))["items"]]
    assert days == ["1997-01-01", "1996-07-04"]


async def test_an_archived_draft_is_hidden_and_stays_as_it_is_until_it_is_restored(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    row = await a_draft(session, await a_customer(session), (await a_product(session), 1))
    address = f"{PATH}/{row.id}"
    assert (await api.delete(address, headers=ANY)).json()["archived_at"]
    found = {each: (await read(api, f"{PATH}?archived={each}"))["items"] for each in ("false", "true", "any")}
    assert {each: len(items) for each, items in found.items()} == {"false": 0, "true": 1, "any": 1}
    assert (await read(api, PATH))["items"] == []
    for refused in (
        await api.patch(address, json={"notes": "x"}, headers=ANY),
        await api.post(f"{address}/submit"),
        await api.post(f"{address}/cancel"),
    ):
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/archived")
    assert (await posted(api, f"{address}/restore", status=200))["archived_at"] is None
    assert (await posted(api, f"{address}/submit", status=200))["state"] == "submitted"


async def test_a_draft_that_the_crm_archived_is_hidden(api: httpx.AsyncClient, session: AsyncSession) -> None:
    await sent(api, await a_customer(session), await a_product(session))
    assert (await brought(api, delivery(rev=2, life="dead")))["outcome"] == "applied"
    assert (await read(api, PATH))["items"] == []
    (shown,) = (await read(api, f"{PATH}?archived=true"))["items"]
    assert shown["canonical_id"] == str(CANONICAL)


async def test_an_order_that_is_decided_on_is_not_archived(api: httpx.AsyncClient, session: AsyncSession) -> None:
    row = await a_confirmed(session, await a_customer(session), (await a_product(session, 5), 1))
    refused = await api.delete(f"{PATH}/{row.id}", headers=ANY)
    assert (refused.status_code, refused.json()["state"]) == (409, "confirmed")
    assert refused.json()["allowed"] == list(ALLOWED[row.present])


async def test_shipments_are_found_by_order_and_by_what_is_to_be_billed(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    customer_id = await a_customer(session)
    row = await a_confirmed(session, customer_id, (await a_product(session, 10), 10))
    shipment = await posted(api, f"{PATH}/{row.id}/shipments")
    assert (await read(api, f"/v1/shipments/{shipment['id']}"))["lines"] == shipment["lines"]
    for narrowed in (f"order_id={row.id}", f"customer_id={customer_id}", "to_invoice=true", "number=S-000001"):
        assert len((await read(api, f"/v1/shipments?{narrowed}"))["items"]) == 1, narrowed
    assert (await read(api, "/v1/shipments?to_invoice=false"))["items"] == []


async def test_many_are_entered_and_shipped_at_once_and_each_stands_alone(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    customer_id, product_id = await a_customer(session), await a_product(session, 10)
    body = {"customer_id": str(customer_id), "lines": [{"product_id": str(product_id), "quantity": "1"}]}
    entered = await posted(
        api, f"{PATH}:batch", {"items": [{"body": body}, {"body": {**body, "currency": "USD"}}]}, 200
    )
    assert [item["outcome"] for item in entered["items"]] == ["created", "refused"]
    rows = [await a_confirmed(session, customer_id, (product_id, 6)) for _ in range(2)]
    items = [{"order_id": str(row.id), "shipped_on": "1996-07-16"} for row in (*rows, rows[0])]
    results = (await posted(api, "/v1/shipments:batch", {"items": items}, 200))["items"]
    assert [(each["outcome"], each["number"], each["state"]) for each in results] == [
        ("shipped", "S-000001", "shipped"),
        ("shipped", "S-000002", "partly_shipped"),
        ("refused", None, None),
    ]
    assert results[2]["problem"]["state"] == "shipped"


async def test_the_same_key_ships_once(api: httpx.AsyncClient, session: AsyncSession) -> None:
    row = await a_confirmed(session, await a_customer(session), (await a_product(session, 4), 4))
    key = {"Idempotency-Key": "one"}
    answers = [await api.post(f"{PATH}/{row.id}/shipments", headers=key) for _ in range(2)]
    assert answers[0].status_code == 201
    assert answers[0].json() == answers[1].json()


async def test_another_tenant_sees_no_orders(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, session: AsyncSession
) -> None:
    row = await a_draft(session, await a_customer(session), (await a_product(session), 1))
    assert (await stranger.get(PATH)).json()["items"] == []
    assert (await stranger.post(f"{PATH}/{row.id}/submit")).status_code == 404


async def test_who_may_only_read_submits_nothing(with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    async with with_scopes("orders:read") as reader:
        assert (await reader.post(f"{PATH}/{uuid4()}/submit")).status_code == 403


async def test_a_draft_of_the_crm_and_its_submission_are_taken(api: httpx.AsyncClient, session: AsyncSession) -> None:
    customer_id, product_id = await a_customer(session), await a_product(session)
    first = await sent(api, customer_id, product_id)
    assert (first["outcome"], (await here(api))["state"]) == ("applied", "draft")
    assert (await sent(api, customer_id, product_id))["outcome"] == "already"
    groups: dict[str, Any] = {"state": "submitted", "submitted_at": "1996-07-04T08:00:00Z"}
    groups[f"line__{uuid4()}"] = line_value(product_id, "7", 2)
    assert (await brought(api, delivery(rev=2, **groups)))["outcome"] == "applied"
    shown = await here(api)
    assert (shown["state"], shown["sales_number"], shown["number"]) == ("submitted", "SO-000001", None)
    assert [line["quantity"] for line in shown["lines"]] == ["3", "7"]


async def test_an_order_that_the_crm_cancelled_before_we_saw_it_is_taken_as_it_is(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    outcome = await sent(api, await a_customer(session), await a_product(session), state="cancelled")
    assert (outcome["outcome"], (await here(api))["state"]) == ("applied", "cancelled")


async def test_a_submitted_order_of_the_crm_is_decided_on_and_then_closed_to_others(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    product_id = await a_product(session, 10)
    await sent(api, await a_customer(session), product_id, state="submitted")
    address = f"{PATH}/{(await here(api))['id']}"
    assert (await posted(api, f"{address}/confirm", status=200))["number"] == "O-000001"
    line: dict[str, Any] = {f"line__{LINE}": line_value(product_id, "9")}
    changed = await brought(api, delivery(rev=5, seen_seq=9, **line))
    assert (changed["outcome"], changed["problem"]["status"]) == ("rejected", 409)
    assert changed["problem"]["type"] == "/problems/already-decided"
    assert (await here(api))["lines"][0]["quantity"] == "3"


async def test_a_cancelled_one_that_is_confirmed_waits_for_its_stock_to_be_released(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    customer_id, product_id = await a_customer(session), await a_product(session, 10)
    await sent(api, customer_id, product_id, state="submitted")
    order_id = (await here(api))["id"]
    await posted(api, f"{PATH}/{order_id}/confirm", status=200)
    reason = {"code": "cancelled", "text": "The customer called."}
    assert (await brought(api, delivery(rev=5, seen_seq=9, state="cancelled", reason=reason)))["outcome"] == "applied"
    shown = await here(api)
    assert (shown["state"], shown["reason"], shown["on_order"]) == ("cancelled", reason, "0.00")


async def test_what_is_on_its_way_is_not_cancelled_by_another_system(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    await sent(api, await a_customer(session), await a_product(session, 2), state="submitted")
    address = f"{PATH}/{(await here(api))['id']}"
    await posted(api, f"{address}/confirm", status=200)
    await posted(api, f"{address}/shipments")
    refused = await brought(api, delivery(rev=5, seen_seq=9, state="cancelled"))
    assert (refused["outcome"], refused["problem"]["status"]) == ("rejected", 409)
    assert (refused["problem"]["state"], refused["problem"]["states"]) == ("partly_shipped", [])
    assert (await here(api))["state"] == "partly_shipped"


async def test_an_order_without_its_customer_is_no_order(api: httpx.AsyncClient, session: AsyncSession) -> None:
    outcome = await sent(api, uuid4(), await a_product(session))
    assert (outcome["outcome"], outcome["problem"]["type"]) == ("rejected", "/problems/refers-to-nothing")
    assert (await read(api, f"{PATH}?canonical_id={CANONICAL}"))["items"] == []


async def test_nobody_else_writes_shipments(api: httpx.AsyncClient, session: AsyncSession) -> None:
    row = await a_confirmed(session, await a_customer(session), (await a_product(session, 4), 4))
    document = {"number": "S-000009", "kind": "shipment", "shipped_on": "1996-07-16"}
    lines = [{"line_id": str(row.lines[0].id), "quantity": "1"}]
    outcome = await brought(api, delivery(order=str(row.id), document=document, lines=lines), "shipment")
    assert (outcome["outcome"], outcome["problem"]["type"]) == ("rejected", "/problems/erp-document")


async def test_our_own_shipment_comes_back_with_its_shared_id(api: httpx.AsyncClient, session: AsyncSession) -> None:
    row = await a_confirmed(session, await a_customer(session), (await a_product(session, 4), 4))
    shipment = await posted(api, f"{PATH}/{row.id}/shipments", {"carrier": "Speedy Express"})
    document = {**{name: shipment[name] for name in ("number", "kind", "shipped_on", "carrier", "tracking")}}
    lines = [{"line_id": str(row.lines[0].id), "quantity": "4"}]
    item = delivery(seen_seq=1, order=str(row.id), document=document, lines=lines, life="live")
    outcome = await brought(api, {**item, "local_id": shipment["id"]}, "shipment")
    assert outcome["outcome"] == "applied"
    assert (await read(api, f"/v1/shipments/{shipment['id']}"))["canonical_id"] == str(CANONICAL)


async def test_a_request_of_the_crm_is_kept_until_it_is_answered(api: httpx.AsyncClient, session: AsyncSession) -> None:
    await sent(api, await a_customer(session), await a_product(session, 2), state="submitted")
    shown = await here(api)
    request: dict[str, Any] = {"id": str(uuid4()), "kind": "cancel", "reason": None, "lines": []}
    assert (await brought(api, delivery(rev=2, request=request)))["outcome"] == "applied"
    await commands.grant(session, UUID(shown["id"]), "orders")
    found = await here(api)
    assert (found["state"], found["answer"]["outcome"]) == ("cancelled", "accepted")


async def test_holding_and_releasing_an_order_take_a_scope_of_their_own(
    session: AsyncSession, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    row = await a_submitted(session, await a_customer(session), (await a_product(session, 5), 1))
    address = f"{PATH}/{row.id}"
    async with with_scopes("orders:read orders:write") as clerk:
        refused = await clerk.post(f"{address}/hold", json={"reason": "Later"})
        assert (refused.status_code, refused.json()["missing"]) == (403, "orders:hold")
    async with with_scopes("orders:write orders:hold") as controller:
        assert (await controller.post(f"{address}/hold", json={"reason": "Later"})).json()["state"] == "on_hold"
    async with with_scopes("orders:read orders:write") as clerk:
        for verb in ("resume", "confirm"):
            refused = await clerk.post(f"{address}/{verb}")
            assert (refused.status_code, refused.json()["missing"]) == (403, "orders:hold"), verb
        assert (await clerk.get(address)).json()["state"] == "on_hold"
    async with with_scopes("orders:write orders:hold") as controller:
        assert (await controller.post(f"{address}/confirm")).json()["state"] == "confirmed"
