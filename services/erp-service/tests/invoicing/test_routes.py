"""The REST interface on a real database."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from chassis.db import uuid7
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import a_customer, an_invoice, an_order, ship, take_back

pytestmark = pytest.mark.servers
INVOICES, CREDIT_NOTES = "/v1/invoices", "/v1/credit-notes"


async def listed(api: httpx.AsyncClient, path: str = INVOICES, **filters: Any) -> list[str]:
    return [item["number"] for item in (await api.get(path, params=filters)).json()["items"]]


async def test_an_order_is_billed_once(session: AsyncSession, api: httpx.AsyncClient) -> None:
    order = await an_order(session, await a_customer(session))
    await ship(session, order)
    await session.commit()
    body = {"order_id": str(order.id), "issued_on": "2026-11-02"}
    answer = await api.post(INVOICES, json=body, headers={"Idempotency-Key": "one"})
    assert (answer.status_code, answer.json()["number"]) == (201, "INV-2026-000001")
    again = await api.post(INVOICES, json=body, headers={"Idempotency-Key": "one"})
    assert (again.json()["id"], again.headers["Idempotent-Replayed"]) == (answer.json()["id"], "true")
    refused = await api.post(INVOICES, json=body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/nothing-to-invoice")
    shown = (await api.get(answer.headers["Location"])).json()
    assert (shown["total"], shown["open"], shown["state"], shown["due_on"]) == (
        "166.60",
        "166.60",
        "open",
        "2026-12-02",
    )
    lines = (await api.get(f"{answer.headers['Location']}/lines")).json()
    assert [(line["quantity"], line["unit_price"], line["credited"]) for line in lines] == [("10", "14.00", "0")]


@pytest.mark.parametrize("body", [{}, {"shipment_ids": []}, {"order_id": str(uuid7()), "shipment_ids": [str(uuid7())]}])
async def test_what_to_bill_is_said_in_one_way(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await api.post(INVOICES, json=body)).status_code == 422


async def test_each_item_of_a_batch_stands_or_falls_alone(session: AsyncSession, api: httpx.AsyncClient) -> None:
    orders = [await an_order(session, await a_customer(session)) for _ in range(3)]
    for order in orders[:2]:
        await ship(session, order)
    await session.commit()
    bodies: list[dict[str, Any]] = [{"order_id": str(order.id)} for order in (orders[0], orders[2], orders[1])]
    items = [{"body": body} for body in [*bodies, {"nothing": 1}]]
    results = (await api.post(f"{INVOICES}:batch", json={"items": items})).json()["items"]
    assert [each["outcome"] for each in results] == ["created", "refused", "created", "refused"]
    assert sorted(number[-6:] for number in await listed(api)) == ["000001", "000002"]


async def test_lists_are_narrowed_by_what_was_asked(session: AsyncSession, api: httpx.AsyncClient) -> None:
    customer_id = await a_customer(session)
    old = await an_invoice(session, customer_id, issued_on=date(1996, 7, 4))
    new = await an_invoice(session, await a_customer(session), issued_on=datetime.now(UTC).date())
    await session.commit()
    assert await listed(api) == [new.number, old.number]
    assert await listed(api, sort="number") == [old.number, new.number]
    assert await listed(api, customer_id=str(customer_id)) == [old.number]
    assert await listed(api, number=new.number) == [new.number]
    assert await listed(api, state="overdue") == [old.number]
    assert await listed(api, state="paid") == []
    assert await listed(api, issued_from="1996-07-05") == [new.number]
    assert await listed(api, issued_until="1996-07-04") == [old.number]
    assert await listed(api, order_id=str(new.lines[0].order_id)) == [new.number]


async def test_an_invoice_is_cancelled_by_a_credit_note_in_full(session: AsyncSession, api: httpx.AsyncClient) -> None:
    row = await an_invoice(session, await a_customer(session))
    await session.commit()
    answer = await api.post(CREDIT_NOTES, json={"invoice_id": str(row.id), "issued_on": "2026-11-03"})
    assert (answer.status_code, answer.json()["number"], answer.json()["total"]) == (201, "CN-2026-000001", "166.60")
    assert (await api.get(f"{INVOICES}/{row.id}")).json()["state"] == "paid"
    assert await listed(api, CREDIT_NOTES, invoice_id=str(row.id)) == ["CN-2026-000001"]
    assert await listed(api, CREDIT_NOTES, unused="true") == []
    line = {"line_id": str(row.lines[0].id), "quantity": "1"}
    refused = await api.post(CREDIT_NOTES, json={"invoice_id": str(row.id), "lines": [line]})
    assert (refused.status_code, refused.json()["left"]) == (409, "0.0000")


async def test_a_return_is_credited_and_the_credit_used(session: AsyncSession, api: httpx.AsyncClient) -> None:
    customer_id = await a_customer(session)
    order = await an_order(session, customer_id)
    await ship(session, order)
    await session.commit()
    invoice = (await api.post(INVOICES, json={"order_id": str(order.id)})).json()
    back = await take_back(session, order, "4")
    other = await an_invoice(session, customer_id)
    await session.commit()
    answer = await api.post(f"{CREDIT_NOTES}:from-returns", json={"return_ids": [str(back.id)]})
    (note,) = answer.json()["items"]
    assert (answer.status_code, note["total"], note["invoice_id"]) == (201, "66.64", invoice["id"])
    refused = await api.post(f"{CREDIT_NOTES}/{note['id']}/use", json={"invoice_id": str(other.id)})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/nothing-to-settle")


async def test_documents_are_printed(session: AsyncSession, api: httpx.AsyncClient) -> None:
    customer_id = await a_customer(session, language="pt-BR")
    row = await an_invoice(session, customer_id, issued_on=date(2026, 1, 5))
    await session.commit()
    line = {"line_id": str(row.lines[0].id), "quantity": "1"}
    note = (await api.post(CREDIT_NOTES, json={"invoice_id": str(row.id), "lines": [line]})).json()
    reminder = f"/v1/dunning-letters/{customer_id}/EUR/pdf"
    assert (await api.get(reminder)).json()["type"] == "/problems/nothing-to-remind-of"
    raised = (await api.post("/v1/dunning-runs", json={"on": "2026-06-01"})).json()["raised"]
    assert [(each["number"], each["level"], each["days_overdue"]) for each in raised] == [(row.number, 1, 117)]
    for address in (f"{INVOICES}/{row.id}/pdf", f"{CREDIT_NOTES}/{note['id']}/pdf", reminder):
        answer = await api.get(address)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
        assert answer.headers["Content-Disposition"].endswith('.pdf"')
        assert answer.content.startswith(b"%PDF-")


async def test_dunning_levels_are_declared(api: httpx.AsyncClient) -> None:
    shown = await api.get("/v1/dunning-levels")
    assert (shown.json()["days"], shown.headers["ETag"][:3]) == ([7, 21, 45], '"0-')
    body = {"days": [3, 10]}
    assert (await api.put("/v1/dunning-levels", json=body)).status_code == 428
    declared = await api.put("/v1/dunning-levels", json=body, headers={"If-Match": '"0"'})
    assert (declared.json()["days"], declared.headers["ETag"]) == ([3, 10], '"1"')
    assert (await api.put("/v1/dunning-levels", json=body, headers={"If-Match": '"0"'})).status_code == 412
    wrong = await api.put("/v1/dunning-levels", json={"days": [9, 9]}, headers={"If-Match": "*"})
    assert wrong.status_code == 422


async def test_another_tenant_sees_and_bills_nothing(
    session: AsyncSession, api: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    row = await an_invoice(session, await a_customer(session))
    await session.commit()
    assert len(await listed(api)) == 1
    assert await listed(stranger) == []
    assert (await stranger.get(f"{INVOICES}/{row.id}/pdf")).status_code == 404
    assert (await stranger.post(CREDIT_NOTES, json={"invoice_id": str(row.id)})).status_code == 404
    assert (await stranger.post(INVOICES, json={"order_id": str(row.lines[0].order_id)})).status_code == 404


async def test_reading_and_issuing_need_their_scopes(with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    async with with_scopes("invoices:read") as reader:
        assert (await reader.get(INVOICES)).status_code == 200
        assert (await reader.post(INVOICES, json={"order_id": str(uuid7())})).status_code == 403


async def test_another_system_writes_no_invoice(session: AsyncSession, api: httpx.AsyncClient) -> None:
    row = await an_invoice(session, await a_customer(session))
    await session.commit()
    item = {"canonical_id": str(uuid7()), "local_id": str(row.id), "seen_seq": 9, "hlc": 1}
    value = {
        "group": "settlement",
        "value": {"state": "paid", "settled": "1", "open": "0", "dunning_level": 0},
        "rev": 1,
    }
    answer = await api.post("/replication/v1/invoice", json={"items": [{**item, "groups": [value]}]})
    (outcome,) = answer.json()["items"]
    assert (outcome["outcome"], outcome["problem"]["type"]) == ("rejected", "/problems/issued-here")
