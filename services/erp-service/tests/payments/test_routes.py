"""The payments' REST interface on a real database."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import DAY, IBAN, a_customer, an_invoice

pytestmark = pytest.mark.servers
PATH = "/v1/payments"
BANK = {"name": "House bank", "iban": "de89 3704 0044 0532 0130 00", "currency": "EUR"}
MONEY = {"amount": "119", "currency": "EUR", "received_on": DAY.isoformat()}
SEEN = {"If-Match": "*"}


async def entered(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post(PATH, json={**MONEY, **values})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_bank_account_has_an_iban_that_is_one(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/bank-accounts", json=BANK)
    assert (answer.status_code, answer.json()["iban"]) == (201, IBAN)
    again = await api.post("/v1/bank-accounts", json={**BANK, "iban": IBAN})
    assert (again.status_code, again.json()["id"]) == (409, answer.json()["id"])
    wrong = await api.post("/v1/bank-accounts", json={**BANK, "iban": "DE89370400440532013001"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "iban")


async def test_a_bank_account_is_renamed_and_taken_out_of_use(api: httpx.AsyncClient) -> None:
    bank = (await api.post("/v1/bank-accounts", json=BANK)).json()
    address = f"/v1/bank-accounts/{bank['id']}"
    assert (await api.patch(address, json={"name": "Old bank"})).status_code == 428
    renamed = await api.patch(address, json={"name": "Old bank"}, headers={"If-Match": '"1"'})
    assert (renamed.json()["name"], renamed.headers["ETag"]) == ("Old bank", '"2"')
    assert (await api.patch(address, json={"currency": "USD"}, headers=SEEN)).status_code == 422
    await api.delete(address, headers=SEEN)
    assert (await api.get("/v1/bank-accounts")).json()["items"] == []
    refused = await api.post(PATH, json={**MONEY, "bank_account_id": bank["id"]})
    assert refused.json()["type"] == "/problems/bank-account-unfit"
    await api.post(f"{address}/restore")
    assert (await entered(api, bank_account_id=bank["id"]))["bank_account_id"] == bank["id"]
    in_dollars = await api.post(PATH, json={**MONEY, "currency": "USD", "bank_account_id": bank["id"]})
    assert in_dollars.json()["detail"] == "Old bank has the currency EUR, the payment USD."


async def test_a_payment_is_entered_found_and_shown_with_what_it_settles(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    customer_id = await a_customer(session)
    invoice = await an_invoice(session, customer_id, "100")
    await session.commit()
    shown = await entered(api, customer_id=str(customer_id), reference="E2E-1")
    assert (shown["state"], shown["allocated"], shown["unallocated"]) == ("booked", "100.00", "19.00")
    (allocation,) = shown["allocations"]
    assert (allocation["invoice_number"], allocation["amount"], allocation["how"]) == (
        invoice.number,
        "100.00",
        "oldest",
    )
    await entered(api)
    for parameters in (
        {"customer_id": str(customer_id)},
        {"reference": "e2e-1"},
        {"invoice_id": str(invoice.id)},
        {"unassigned": "false"},
    ):
        items = (await api.get(PATH, params=parameters)).json()["items"]
        assert [item["id"] for item in items] == [shown["id"]], parameters
    assert len((await api.get(PATH, params={"unallocated": "true", "sort": "-amount"})).json()["items"]) == 2


async def test_the_same_reference_is_told_which_payment_it_is(api: httpx.AsyncClient) -> None:
    shown = await entered(api, reference="E2E-1")
    refused = await api.post(PATH, json={**MONEY, "reference": "E2E-1"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/payment-known")
    assert (refused.json()["id"], refused.json()["state"]) == (shown["id"], "booked")


async def test_notes_are_changed_and_the_amount_is_not(api: httpx.AsyncClient) -> None:
    await entered(api, reference="E2E-1")
    address = f"{PATH}/{(await entered(api))['id']}"
    changed = await api.patch(address, json={"note": "rent", "reference": "R"}, headers={"If-Match": '"1"'})
    assert (changed.json()["note"], changed.json()["reference"], changed.headers["ETag"]) == ("rent", "R", '"2"')
    assert (await api.patch(address, json={"amount": "1"}, headers=SEEN)).status_code == 422
    assert (await api.patch(address, json={"note": "late"}, headers={"If-Match": '"1"'})).status_code == 412
    assert (await api.patch(address, json={"reference": "E2E-1"}, headers=SEEN)).status_code == 409


async def test_a_payment_is_assigned_allocated_undone_and_reversed(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    customer_id = await a_customer(session)
    first, second = await an_invoice(session, customer_id, "50"), await an_invoice(session, customer_id, "50")
    await session.commit()
    address = f"{PATH}/{(await entered(api))['id']}"
    assigned = await api.post(f"{address}/assign", json={"customer_id": str(customer_id), "allocate": "none"})
    assert assigned.json()["unallocated"] == "119.00"
    by_hand = {"allocations": [{"invoice": second.number, "amount": "20"}]}
    await api.post(f"{address}/allocations", json=by_hand)
    shown = (await api.post(f"{address}/allocations", json={"by": "oldest"})).json()
    assert [(each["invoice_number"], each["amount"]) for each in shown["allocations"]] == [
        (second.number, "20.00"),
        (first.number, "50.00"),
        (second.number, "30.00"),
    ]
    allocation = f"{address}/allocations/{shown['allocations'][1]['id']}"
    assert (await api.delete(allocation)).status_code == 428
    undone = await api.delete(allocation, headers={"If-Match": f'"{shown["version"]}"'})
    assert undone.json()["allocated"] == "50.00"
    reversed_ = await api.post(f"{address}/reverse", json={"reason": "bounced"})
    assert (reversed_.json()["state"], reversed_.json()["allocations"]) == ("reversed", [])
    refused = await api.post(f"{address}/reverse", json={"reason": "bounced"})
    assert (refused.status_code, refused.json()["state"], refused.json()["allowed"]) == (409, "reversed", ["change"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"by": "none"},
        {"by": "oldest", "allocations": [{"invoice": "INV-1", "amount": "1"}]},
        {"allocations": [{"amount": "1"}]},
        {"allocations": [{"invoice": "INV-1", "amount": "0"}]},
    ],
)
async def test_an_allocation_says_one_way(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await api.post(f"{PATH}/{(await entered(api))['id']}/allocations", json=body)
    assert answer.status_code == 422


@pytest.mark.parametrize("values", [{"amount": "0"}, {"amount": "1.001"}, {"amount": 1.5}, {"currency": "XXX"}])
async def test_an_amount_that_nobody_can_pay_is_refused(api: httpx.AsyncClient, values: dict[str, Any]) -> None:
    assert (await api.post(PATH, json={**MONEY, **values})).status_code == 422


async def test_each_item_of_a_batch_stands_or_falls_alone(api: httpx.AsyncClient, session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    await an_invoice(session, customer_id, "200")
    await session.commit()
    bodies = [
        {**MONEY, "reference": "E2E-1", "customer_id": str(customer_id)},
        {**MONEY, "reference": "E2E-1"},
        {**MONEY, "customer_id": "nobody"},
        {**MONEY, "customer_id": str(customer_id)},
    ]
    answer = await api.post(f"{PATH}:batch", json={"items": [{"body": body} for body in bodies]})
    assert [each["outcome"] for each in answer.json()["items"]] == ["created", "refused", "refused", "created"]
    shown = (await api.get(PATH, params={"unallocated": "true"})).json()["items"]
    assert [each["unallocated"] for each in shown] == ["38.00"]


async def test_another_tenant_sees_and_changes_nothing(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    address = f"{PATH}/{(await entered(api, reference='E2E-1'))['id']}"
    assert (await stranger.get(PATH)).json()["items"] == []
    assert (await stranger.post(f"{address}/reverse", json={"reason": "x"})).status_code == 404
    assert (await stranger.post(PATH, json={**MONEY, "reference": "E2E-1"})).status_code == 201


async def test_who_may_only_read_writes_nothing(with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    async with with_scopes("payments:read") as reader:
        assert (await reader.get(PATH)).status_code == 200
        for address in (PATH, "/v1/bank-accounts"):
            assert (await reader.post(address, json={})).status_code == 403
