"""Secrets of webhooks are sealed in the database, and changes of webhooks are in the audit log."""

import base64
from typing import Any
from uuid import UUID

import pytest
import sealing
from chassis.db import transaction
from sqlalchemy import text
from webhooks.handlers import Sending
from webhooks.sealed import seal_all

from .conftest import Desk
from .receiver import Receiver, is_signed

pytestmark = pytest.mark.servers
SEEN = {"If-Match": "*"}


def raw(webhook: dict[str, Any]) -> bytes:
    return base64.b64decode(str(webhook["secret"]).removeprefix("whsec_"))


async def stored(desk: Desk, webhook_id: str) -> list[bytes]:
    async with transaction(desk.worker) as session:
        wanted = text("select secret, previous_secret from webhooks where id = :id")
        row = (await session.execute(wanted, {"id": UUID(webhook_id)})).one()
    return [each for each in row if each is not None]


async def test_a_secret_and_its_successor_are_stored_sealed(desk: Desk, receiver: Receiver) -> None:
    webhook = await desk.subscribe(receiver.url)
    rotated = (await desk.api.post(f"/v1/webhooks/{webhook['id']}/rotate-secret")).json()
    kept = await stored(desk, webhook["id"])
    seal = sealing.Seal(desk.keys)
    assert [seal.opened(each, about=f"webhook:{webhook['id']}") for each in kept] == [raw(rotated), raw(webhook)]
    assert not any(raw(each) in found for each in (webhook, rotated) for found in kept)


async def test_a_secret_from_before_sealing_signs_and_is_sealed_by_the_worker(desk: Desk, receiver: Receiver) -> None:
    webhook = await desk.subscribe(receiver.url)
    async with transaction(desk.worker) as session:
        plain = {"secret": raw(webhook), "id": UUID(webhook["id"])}
        await session.execute(text("update webhooks set secret = :secret where id = :id"), plain)
    await desk.customer()
    await desk.send()
    assert await seal_all(desk.worker, desk.keys) == 1
    assert await seal_all(desk.worker, desk.keys) == 0
    assert raw(webhook) not in await stored(desk, webhook["id"])
    await desk.customer("Second")
    await desk.send()
    assert [is_signed(webhook["secret"], *sent) for sent in receiver.got] == [True, True]


async def test_a_new_key_seals_what_a_former_one_has_sealed(desk: Desk, receiver: Receiver) -> None:
    webhook = await desk.subscribe(receiver.url)
    keys = (sealing.new_key(), *desk.keys)
    assert await seal_all(desk.worker, keys) == 1
    await desk.customer()
    await desk.relay()
    await Sending(desk.worker, keys[:1], private=True).step()
    ((headers, body),) = receiver.got
    assert is_signed(webhook["secret"], headers, body)


async def test_changes_of_webhooks_are_in_the_audit_log_without_secrets(desk: Desk, receiver: Receiver) -> None:
    webhook = await desk.subscribe(f"{receiver.url}?token=hidden")
    path = f"/v1/webhooks/{webhook['id']}"
    await desk.api.patch(path, json={"enabled": False}, headers=SEEN)
    rotated = (await desk.api.post(f"{path}/rotate-secret")).json()
    await desk.api.delete(path, headers=SEEN)
    async with transaction(desk.worker, desk.tenant) as session:
        wanted = text("select action, facts from audit_entries where facts->>'webhook_id' = :id order by at, id")
        rows = (await session.execute(wanted, {"id": webhook["id"]})).all()
    assert [row.action for row in rows] == [
        "create_webhook",
        "change_webhook",
        "rotate_webhook_secret",
        "delete_webhook",
    ]
    assert (rows[1].facts["before"]["enabled"], rows[1].facts["enabled"]) == (True, False)
    assert not [each for each in ("hidden", webhook["secret"], rotated["secret"]) if each in str(rows)]
