"""The contacts' REST interface and port on a real database."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import TENANT
from crm.wiring import IMPORTS
from importing import Import, Target, spreadsheet
from party.testing import MARIA

from .factories import CANONICAL, CUSTOMER, delivery

pytestmark = pytest.mark.servers
PATH = "/v1/contacts"
PORT = "/replication/v1/contact"


async def customer(api: httpx.AsyncClient) -> str:
    answer = await api.post("/v1/customers", json={"name": "Alfreds Futterkiste"})
    return str(answer.json()["id"])


async def entered(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post(PATH, params={"allow_duplicate": "true"}, json={**MARIA, **values})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_contact_is_entered_at_a_customer(api: httpx.AsyncClient) -> None:
    customer_id = await customer(api)
    shown = await entered(api, customer_id=customer_id)
    await entered(api, name="Thomas Hardy")
    answer = await api.get(PATH, params={"customer_id": customer_id})
    assert [item["id"] for item in answer.json()["items"]] == [shown["id"]]


async def test_a_contact_of_nobody_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post(PATH, json={**MARIA, "customer_id": str(CUSTOMER)})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/reference-unknown")
    (error,) = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("customer_id", "reference-unknown")


async def test_a_customer_of_another_tenant_cannot_be_referred_to(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    answer = await stranger.post(PATH, json={**MARIA, "customer_id": await customer(api)})
    assert answer.status_code == 409


async def test_consent_is_given_here(api: httpx.AsyncClient) -> None:
    shown = await entered(api)
    answer = await api.patch(f"{PATH}/{shown['id']}", json={"consent": {"email": True}}, headers={"If-Match": '"1"'})
    assert answer.json()["consent"] == {"email": True, "sms": False}


async def test_each_item_of_a_batch_stands_or_falls_alone(api: httpx.AsyncClient) -> None:
    items = [{"body": MARIA}, {"body": {**MARIA, "customer_id": str(CUSTOMER)}}]
    answer = await api.post(f"{PATH}:batch", json={"items": items})
    assert [each["outcome"] for each in answer.json()["items"]] == ["created", "refused"]


async def test_a_delivered_contact_stands_at_its_customer(api: httpx.AsyncClient) -> None:
    customer_id = await customer(api)
    item = delivery(name="Maria Anders", customer=customer_id, consent={"email": True, "sms": False})
    item["references"] = {"customer": {"kind": "customer", "canonical_id": str(CUSTOMER)}}
    (outcome,) = (await api.post(PORT, json={"items": [item]})).json()["items"]
    assert outcome["outcome"] == "applied"
    (shown,) = (await api.get(PATH, params={"canonical_id": str(CANONICAL)})).json()["items"]
    assert (shown["customer_id"], shown["consent"]) == (customer_id, {"email": True, "sms": False})


async def test_a_delivered_contact_of_nobody_is_rejected_alone(api: httpx.AsyncClient) -> None:
    lost = delivery(name="Maria Anders", customer=str(CUSTOMER))
    found = {**delivery(name="Thomas Hardy"), "canonical_id": "01900000-0000-7000-8000-00000000000c"}
    answer = await api.post(PORT, json={"items": [lost, found]})
    refused, taken = answer.json()["items"]
    assert (refused["outcome"], taken["outcome"]) == ("rejected", "applied")
    assert refused["problem"]["type"] == "/problems/refers-to-nothing"


@pytest.mark.parametrize(("group", "value"), [("email", "MARIA@alfreds.example"), ("phone", "030 / 007 43 21")])
async def test_a_delivery_waits_while_its_unlinked_twin_is_here(api: httpx.AsyncClient, group: str, value: str) -> None:
    await entered(api, phone="030-0074321")
    groups: dict[str, Any] = {group: value}
    item = delivery(name="M. Anders", **groups)
    (outcome,) = (await api.post(PORT, json={"items": [item]})).json()["items"]
    assert outcome["outcome"] == "skipped"


def rows_of(file: Path, columns: str, target: Target) -> list[spreadsheet.Row]:
    file.write_text("id,company,contact\nALFKI,Alfreds,Maria\n", encoding="utf-8")
    return spreadsheet.read(file, columns, "id", target.shape)


async def test_contacts_of_a_file_find_the_customers_imported_from_it(
    sessions: Sessions, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    results = []
    for name, target, columns in (
        ("customers", IMPORTS["customers"], "company=name"),
        ("contacts", IMPORTS["contacts"], "contact=name,id=customer_id"),
    ):
        rows = rows_of(tmp_path / "northwind.csv", columns, target)
        results += await Import(name, target, "northwind", TENANT, "import:northwind.csv").run(sessions, rows)
    shown = (await api.get(f"{PATH}/{results[1].id}")).json()
    assert shown["customer_id"] == str(results[0].id)
