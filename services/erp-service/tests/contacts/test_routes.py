"""The contacts' REST interface and port on a real database."""

import httpx
import pytest
from chassis.testing import delivered
from party.testing import MARIA

from .factories import CANONICAL, CUSTOMER, delivery

pytestmark = pytest.mark.servers
PATH = "/v1/contacts"


async def customer(api: httpx.AsyncClient) -> str:
    answer = await api.post("/v1/customers", json={"name": "Alfreds Futterkiste"})
    return str(answer.json()["id"])


async def test_a_contact_is_entered_at_a_customer(api: httpx.AsyncClient) -> None:
    customer_id = await customer(api)
    answer = await api.post(PATH, json={**MARIA, "customer_id": customer_id})
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    found = (await api.get(PATH, params={"customer_id": customer_id, "q": "anders"})).json()["items"]
    assert [item["id"] for item in found] == [answer.json()["id"]]


async def test_a_contact_of_nobody_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post(PATH, json={**MARIA, "customer_id": str(CUSTOMER)})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/reference-unknown")


async def test_consent_is_kept_by_the_crm(api: httpx.AsyncClient) -> None:
    refused = await api.post(PATH, json={**MARIA, "consent": {"email": True}})
    assert refused.status_code == 409
    assert (refused.json()["owner"], refused.json()["fields"]) == ("crm", ["consent"])


async def test_a_delivered_consent_is_shown_and_stays_read_only(api: httpx.AsyncClient) -> None:
    consent = {"email": True, "sms": False}
    await delivered(api, "contact", delivery(name="Maria Anders", customer=await customer(api), consent=consent))
    (shown,) = (await api.get(PATH, params={"canonical_id": str(CANONICAL)})).json()["items"]
    address, seen = f"{PATH}/{shown['id']}", {"If-Match": "*"}
    assert (await api.patch(address, json={"consent": consent, "position": "Owner"}, headers=seen)).status_code == 200
    assert (await api.patch(address, json={"consent": None}, headers=seen)).status_code == 409


async def test_each_item_of_a_batch_stands_or_falls_alone(api: httpx.AsyncClient) -> None:
    items = [{"body": MARIA}, {"body": {**MARIA, "consent": {"sms": True}}}]
    answer = await api.post(f"{PATH}:batch", json={"items": items})
    assert [each["outcome"] for each in answer.json()["items"]] == ["created", "refused"]


async def test_another_tenant_sees_and_changes_nothing(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    address = f"{PATH}/{(await api.post(PATH, json=MARIA)).json()['id']}"
    assert (await stranger.get(PATH)).json()["items"] == []
    assert (await stranger.delete(address, headers={"If-Match": "*"})).status_code == 404
    refused = await stranger.post(PATH, json={**MARIA, "customer_id": await customer(api)})
    assert refused.status_code == 409


async def test_a_delivered_contact_of_nobody_is_rejected_alone(api: httpx.AsyncClient) -> None:
    lost = delivery(name="Maria Anders", customer=str(CUSTOMER))
    found = {**delivery(name="Thomas Hardy"), "canonical_id": "01900000-0000-7000-8000-00000000000c"}
    assert [each["outcome"] for each in await delivered(api, "contact", lost, found)] == ["rejected", "applied"]
