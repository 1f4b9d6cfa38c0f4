"""Webhooks, from an edit to a receiver over real HTTP."""

import asyncio
from typing import Any

import pytest
from chassis.db import transaction
from sqlalchemy import text
from webhooks.handlers import Sending
from webhooks.rules import PAUSES_SECONDS, pause

from .conftest import Desk
from .receiver import Receiver, is_signed, receiving

SUSPEND = "insert into tenants (tenant_id, name, created_at, suspended_at) values (:id, '', now(), now())"
pytestmark = pytest.mark.servers


async def test_an_event_is_posted_once_signed_and_as_the_feed_shows_it(desk: Desk, receiver: Receiver) -> None:
    before = await desk.customer("Before")
    await desk.relay()
    webhook = await desk.subscribe(receiver.url)
    customer = await desk.customer()
    for _ in range(2):
        await desk.send()
    ((headers, body),) = receiver.got
    assert is_signed(webhook["secret"], headers, body)
    assert not is_signed(webhook["secret"], headers, body + b" ")
    (event,) = receiver.events
    assert (event["type"], event["subject"]) == ("crm.customer.changed.v1", customer["id"])
    assert event["data"]["snapshot"]["name"]["name"] == "Alfreds"
    assert headers["webhook-id"] == event["id"]
    (message,) = await desk.messages()
    assert (message["state"], message["attempts"], message["status"]) == ("delivered", 1, 200)
    assert message["record_id"] != before["id"]


async def test_only_the_kinds_and_types_asked_for_are_sent_and_only_to_their_tenant(
    desk: Desk, receiver: Receiver
) -> None:
    await desk.subscribe(receiver.url, "contact")
    await desk.subscribe(receiver.url, "customer", types=["crm.customer.merged.v1"])
    customer = await desk.customer()
    await desk.api.post("/v1/contacts", json={"name": "Maria Anders", "customer_id": customer["id"]})
    await desk.send()
    assert [event["type"] for event in receiver.events] == ["crm.contact.changed.v1"]


async def test_a_webhook_needs_the_scopes_that_show_its_kinds(desk: Desk, receiver: Receiver) -> None:
    async with desk.with_scopes("webhooks:read webhooks:write contacts:read") as other:
        refused = await other.post("/v1/webhooks", json={"url": receiver.url, "kinds": ["customer"]})
        unknown = await other.post("/v1/webhooks", json={"url": receiver.url, "kinds": ["ghost"]})
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/webhook-kind-not-readable")
        assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "kinds")
        webhook = await desk.subscribe(receiver.url)
        elsewhere = {"url": "https://elsewhere.example.com/"}
        path = f"/v1/webhooks/{webhook['id']}"
        changed = await other.patch(path, json=elsewhere, headers={"If-Match": "*"})
        rotated = await other.post(f"{path}/rotate-secret")
    assert (changed.status_code, rotated.status_code) == (403, 403)


async def test_a_receiver_that_fails_is_tried_again_and_then_gets_all_of_it_in_order(
    desk: Desk, receiver: Receiver
) -> None:
    webhook = await desk.subscribe(receiver.url)
    receiver.answers = ["503 Service Unavailable", "302 Found"]
    customer = await desk.customer()
    for name in ("Second", "Third"):
        tag = (await desk.api.get(f"/v1/customers/{customer['id']}")).headers["ETag"]
        await desk.api.patch(f"/v1/customers/{customer['id']}", json={"name": name}, headers={"If-Match": tag})
    await desk.send()
    await desk.send()
    assert len(receiver.got) == 1
    first, *others = await desk.messages()
    assert (first["state"], first["attempts"], first["status"]) == ("pending", 1, 503)
    assert [each["attempts"] for each in others] == [0, 0]
    assert (await desk.webhook(webhook["id"]))["failures"] == 1
    for _ in range(2):
        await desk.wait_no_longer()
        await desk.send()
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert ids[0] == ids[1] == ids[2]
    assert [event["data"]["snapshot"]["name"]["name"] for event in receiver.events[2:]] == [
        "Alfreds",
        "Second",
        "Third",
    ]
    assert {each["state"] for each in await desk.messages()} == {"delivered"}
    assert (await desk.webhook(webhook["id"]))["failures"] == 0


async def test_a_message_that_is_refused_holds_up_its_own_record_only(desk: Desk, receiver: Receiver) -> None:
    await desk.subscribe(receiver.url)
    receiver.answers = ["400 Bad Request"]
    await desk.customer("First")
    await desk.customer("Second")
    await desk.send()
    states = [(each["state"], each["status"]) for each in await desk.messages()]
    assert sorted(states) == [("delivered", 200), ("pending", 400)]


async def test_a_slow_receiver_holds_up_no_other(desk: Desk, receiver: Receiver) -> None:
    async with receiving() as slow:
        slow.hold = asyncio.Event()
        await desk.subscribe(slow.url)
        await desk.subscribe(receiver.url)
        await desk.customer()
        await desk.relay()
        stop = asyncio.Event()
        running = asyncio.create_task(desk.sending.run(stop))
        async with asyncio.timeout(20):
            await asyncio.gather(receiver.arrived.wait(), slow.arrived.wait())
        slow.hold.set()
        stop.set()
        await running
    assert len(receiver.got) == len(slow.got) == 1


async def test_a_receiver_that_is_gone_disables_its_webhook_until_somebody_enables_it(
    desk: Desk, receiver: Receiver
) -> None:
    webhook = await desk.subscribe(receiver.url)
    receiver.answers = ["410 Gone"]
    await desk.customer()
    await desk.send()
    await desk.wait_no_longer()
    await desk.send()
    disabled = await desk.webhook(webhook["id"])
    assert (disabled["enabled"], len(receiver.got)) == (False, 1)
    assert "410" in disabled["disabled_reason"]
    path, tag = f"/v1/webhooks/{webhook['id']}", {"If-Match": f'"{disabled["version"]}"'}
    enabled = await desk.api.patch(path, json={"enabled": True}, headers=tag)
    assert (enabled.status_code, enabled.json()["disabled_reason"]) == (200, None)
    await desk.wait_no_longer()
    await desk.send()
    assert len(receiver.got) == 2


async def test_events_of_a_webhook_that_is_off_wait_and_nothing_is_lost(desk: Desk, receiver: Receiver) -> None:
    webhook = await desk.subscribe(receiver.url, enabled=False)
    await desk.customer()
    await desk.send()
    assert (receiver.got, await desk.messages()) == ([], [])
    await desk.api.patch(f"/v1/webhooks/{webhook['id']}", json={"enabled": True}, headers={"If-Match": "*"})
    await desk.send()
    assert len(receiver.got) == 1


async def test_a_rotated_secret_signs_beside_the_former_one_for_a_day(desk: Desk, receiver: Receiver) -> None:
    webhook = await desk.subscribe(receiver.url)
    rotated = await desk.api.post(f"/v1/webhooks/{webhook['id']}/rotate-secret")
    secrets = [webhook["secret"], rotated.json()["secret"]]
    await desk.customer()
    await desk.send()
    async with transaction(desk.worker) as session:
        await session.execute(text("update webhooks set previous_until = now() - interval '1 s'"))
    await desk.customer("Second")
    await desk.send()
    assert [[is_signed(secret, *sent) for secret in secrets] for sent in receiver.got] == [[True, True], [False, True]]
    assert "secret" not in await desk.webhook(webhook["id"])


async def test_a_message_is_replayed_with_the_same_id(desk: Desk, receiver: Receiver) -> None:
    await desk.subscribe(receiver.url)
    await desk.customer()
    await desk.relay()
    await desk.sending.collect()
    (message,) = await desk.messages()
    early = await desk.api.post(f"/v1/webhook-messages/{message['id']}/replay")
    assert (early.status_code, early.json()["type"]) == (409, "/problems/webhook-message-waits")
    await desk.send()
    assert (await desk.api.post(f"/v1/webhook-messages/{message['id']}/replay")).status_code == 200
    await desk.send()
    first, second = (headers["webhook-id"] for headers, _ in receiver.got)
    assert first == second


async def test_a_receiver_in_a_private_network_is_not_called_unless_that_is_allowed(
    desk: Desk, receiver: Receiver
) -> None:
    await desk.subscribe(receiver.url.replace("http:", "https:").replace("127.0.0.1", "localhost"))
    await desk.subscribe(receiver.url)
    await desk.customer()
    await desk.relay()
    await Sending(desk.worker, desk.keys, private=False).step()
    errors = sorted(str(each["error"]) for each in await desk.messages())
    assert receiver.got == []
    assert errors == ["NotPublic: localhost is not on the public internet", "the address is not HTTPS"]


async def test_what_was_on_its_way_when_a_worker_died_is_sent_again(desk: Desk, receiver: Receiver) -> None:
    await desk.subscribe(receiver.url)
    await desk.customer()
    await desk.relay()
    receiver.hold = asyncio.Event()
    dying = asyncio.create_task(desk.sending.step())
    async with asyncio.timeout(20):
        await receiver.arrived.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    receiver.hold.set()
    await desk.send()
    assert len(receiver.got) == 1
    await desk.wait_no_longer()
    await desk.send()
    assert len(receiver.got) == 2
    assert {each["state"] for each in await desk.messages()} == {"delivered"}


async def test_a_webhook_is_deleted_with_its_messages(desk: Desk, receiver: Receiver) -> None:
    webhook = await desk.subscribe(receiver.url)
    await desk.customer()
    await desk.relay()
    await desk.sending.collect()
    path = f"/v1/webhooks/{webhook['id']}"
    assert (await desk.api.delete(path, headers={"If-Match": '"9"'})).status_code == 412
    assert (await desk.api.delete(path, headers={"If-Match": '"1"'})).status_code == 200
    await desk.send()
    assert (await desk.messages(), receiver.got) == ([], [])


@pytest.mark.parametrize("url", ["ftp://example.com/", "https://user:secret@example.com/", "https://", "example.com"])
async def test_an_address_that_is_none_is_refused(desk: Desk, url: str) -> None:
    refused = await desk.api.post("/v1/webhooks", json={"url": url, "kinds": ["customer"]})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "url")


def test_pauses_grow_from_half_a_minute_to_a_day() -> None:
    pauses: list[Any] = [pause(attempts) for attempts in range(1, len(PAUSES_SECONDS) + 2)]
    assert 30 <= pauses[0].total_seconds() <= 36
    assert 86_400 <= pauses[-2].total_seconds() <= 86_400 * 1.2
    assert pauses[-1] is None


async def test_messages_of_a_suspended_tenant_wait_until_it_is_resumed(desk: Desk, receiver: Receiver) -> None:
    await desk.subscribe(receiver.url)
    await desk.customer()
    async with transaction(desk.worker) as session:
        suspended = text(
            "insert into tenants (tenant_id, name, created_at, suspended_at) values (:id, '', now(), now())"
        )
        await session.execute(suspended, {"id": desk.tenant})
    await desk.send()
    assert receiver.got == []
    async with transaction(desk.worker) as session:
        await session.execute(text("update tenants set suspended_at = null where tenant_id = :id"), {"id": desk.tenant})
    await desk.send()
    assert len(receiver.got) == 1
