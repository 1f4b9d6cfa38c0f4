"""Sending and receiving text messages, with a gateway that is a real HTTP server."""

import json
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import application, caller
from crm.activities.messages.handlers import Messaging
from crm.activities.messages.rules import FORM, JSON, request_of
from crm.wiring import SERVICE
from sqlalchemy import text

pytestmark = pytest.mark.servers
NUMBER = "+49421123456"


class Gateway(ThreadingHTTPServer):
    """Keeps what it gets, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.got = 202, list[tuple[str | None, Any]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/send"


class Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.headers["authorization"], json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b'{"error": "no credit"}')

    def log_message(self, *_: Any) -> None:
        """The tests read `got`."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
async def api(committing: Sessions, scopes: str) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(SERVICE, committing, scopes) as client:
        yield client


@pytest.fixture
async def messaging(working: Sessions, api: httpx.AsyncClient) -> AsyncIterator[Messaging]:
    settings = application(SERVICE).state.settings.model_copy(update={"webhooks_private_networks": True})
    yield Messaging(working, settings)
    async with working() as session:
        for table in ("text_messages", "message_channels", "interactions", "contacts", "customers"):
            await session.execute(text(f"delete from {table}"))  # noqa: S608  (of this list)
        await session.commit()


async def a_channel(api: httpx.AsyncClient, gateway: Gateway | None = None, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"name": "SMS", "medium": "sms", "sender": "Teehaus", **more}
    if gateway:
        called = {
            "url": gateway.url,
            "headers": {"Authorization": "Bearer $secret"},
            "body": '{"to": "$to", "text": "$text"}',
        }
        body |= {"driver": "http", "gateway": called, "secret": "k3y"}
    answer = await api.post("/v1/message-channels", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def queued(api: httpx.AsyncClient, channel: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"channel_id": channel["id"], "to": NUMBER, "text": 'Tee "Assam"\nkommt', **more}
    answer = await api.post("/v1/text-messages", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def read(api: httpx.AsyncClient, message: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/v1/text-messages/{message['id']}")).json()
    return found


async def test_a_message_goes_to_the_gateway_and_stands_in_the_history_of_the_contact(
    api: httpx.AsyncClient, messaging: Messaging, gateway: Gateway
) -> None:
    contact = (await api.post("/v1/contacts", json={"name": "Ana", "phone": NUMBER})).json()
    channel = await a_channel(api, gateway)
    assert (channel["has_secret"], "secret" in channel) == (True, False)
    message = await queued(api, channel, to=None, contact_id=contact["id"])
    await messaging.step()
    assert gateway.got == [("Bearer k3y", {"to": NUMBER, "text": 'Tee "Assam"\nkommt'})]
    sent = await read(api, message)
    assert (sent["state"], sent["due_at"], sent["party"]) == ("sent", None, NUMBER)
    (entry,) = (await api.get("/v1/interactions", params={"contact_id": contact["id"]})).json()["items"]
    assert (entry["channel"], entry["subject"]) == ("sms", 'Tee "Assam" kommt')
    await messaging.step()
    assert len(gateway.got) == 1


async def test_a_gateway_that_refuses_is_tried_again_or_fails_with_its_answer(
    api: httpx.AsyncClient, messaging: Messaging, gateway: Gateway
) -> None:
    channel = await a_channel(api, gateway)
    gateway.status = 503
    later = await queued(api, channel)
    await messaging.step()
    later = await read(api, later)
    assert (later["state"], later["attempts"]) == ("queued", 1)
    gateway.status = 402
    never = await queued(api, channel)
    await messaging.step()
    never = await read(api, never)
    assert (never["state"], never["reason"]) == ("failed", 'HTTP 402 {"error": "no credit"}')
    assert (await api.get(f"/v1/message-channels/{channel['id']}")).json()["trouble"] == never["reason"]
    gateway.status = 200
    assert (await api.post(f"/v1/text-messages/{never['id']}/send")).json()["state"] == "queued"
    await messaging.step()
    assert (await read(api, never))["state"] == "sent"


async def test_a_channel_that_cannot_send_holds_up_no_other(
    api: httpx.AsyncClient, messaging: Messaging, gateway: Gateway
) -> None:
    gone = await queued(api, await a_channel(api, gateway, name="Gone"))
    gateway.shutdown()
    gateway.server_close()
    logged = await queued(api, await a_channel(api, name="Log"))
    await messaging.step()
    assert (await read(api, logged))["state"] == "sent"
    assert "ConnectError" in (await read(api, gone))["reason"]


async def test_gateways_in_private_networks_are_not_called_unless_the_operator_allows_it(
    api: httpx.AsyncClient, messaging: Messaging, working: Sessions, gateway: Gateway
) -> None:
    message = await queued(api, await a_channel(api, gateway))
    await Messaging(working, application(SERVICE).state.settings).step()
    assert (await read(api, message))["reason"] == "the address of the gateway is not HTTPS"
    assert gateway.got == []


async def test_a_message_that_arrives_twice_is_one_and_belongs_to_whose_number_it_is(
    api: httpx.AsyncClient, messaging: Messaging
) -> None:
    customer = (await api.post("/v1/customers", json={"name": "Trujillo", "phone": NUMBER})).json()
    channel = await a_channel(api)
    body = {"channel_id": channel["id"], "sender": "+49 421 123456", "text": "Twelve", "external_id": "SM-1"}
    first, again = [(await api.post("/v1/text-messages:receive", json=body)).json() for _ in range(2)]
    assert (first["id"], first["customer_id"], first["state"]) == (again["id"], customer["id"], "received")
    entries = (await api.get("/v1/interactions", params={"customer_id": customer["id"]})).json()["items"]
    assert [each["text"] for each in entries] == ["Twelve"]


async def test_marketing_needs_consent_and_a_number_its_country(api: httpx.AsyncClient, messaging: Messaging) -> None:
    channel = await a_channel(api)
    contact = (await api.post("/v1/contacts", json={"name": "Ana", "phone": NUMBER})).json()
    offer = {"channel_id": channel["id"], "contact_id": contact["id"], "text": "Sale", "marketing": True}
    refused = await api.post("/v1/text-messages", json=offer)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/sms-consent-missing")
    seen = {"If-Match": "*"}
    await api.patch(f"/v1/contacts/{contact['id']}", json={"consent": {"sms": True}}, headers=seen)
    assert (await api.post("/v1/text-messages", json=offer)).status_code == 201
    unknown = await api.post("/v1/text-messages", json={**offer, "to": "0421 123456"})
    assert (unknown.status_code, unknown.json()["type"]) == (409, "/problems/no-number")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"body": '{"to": "$phone"}'}, "gateway.body"),
        ({"body": '{"to": $to}'}, "gateway.body"),
        ({"body": '{"to": "$to"}', "headers": {"Key": "$key"}}, "gateway.headers.Key"),
        ({"body": "{}", "headers": {"X Y": "1"}}, "gateway.headers"),
        ({"body": "{}", "url": "ftp://sms.example"}, "gateway.url"),
    ],
)
async def test_a_gateway_that_cannot_be_called_is_refused_when_it_is_entered(
    api: httpx.AsyncClient, wrong: dict[str, Any], field: str
) -> None:
    gateway = {"url": "https://sms.example/", **wrong}
    answer = await api.post(
        "/v1/message-channels", json={"name": "SMS", "medium": "sms", "driver": "http", "gateway": gateway}
    )
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, [field])


def test_values_are_escaped_for_the_encoding_and_headers_stay_one_line() -> None:
    values = {"to": "+49", "from": "", "text": 'a"b\n& c', "id": "1", "secret": "k\r\nX: y"}
    gateway = {
        "url": "https://sms.example",
        "headers": {"Key": "$secret"},
        "encoding": JSON,
        "body": '{"t": "$text"}',
    }
    assert json.loads(request_of(gateway, values).body) == {"t": 'a"b\n& c'}
    assert request_of(gateway, values).headers["Key"] == "k X: y"
    form = request_of({**gateway, "encoding": FORM, "body": "t=$text&to=$to"}, values)
    assert form.body == "t=a%22b%0A%26+c&to=%2B49"
