"""What a system's status says about a restore, and that its deliveries go on as soon as it answers."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from access.identity import ServiceIdentity
from chassis.client import Unreachable
from chassis.db import Sessions
from gateway.deliver import loop
from gateway.deliver.watch import Seen, Watching, restored
from stack.keys import gateway_issuer

from .hub import Hub, ScriptedSpoke, applied


@pytest.mark.parametrize(
    ("before", "now", "is_restored"),
    [
        (Seen("7400/1/16384", 5), Seen("7400/1/16384", 6), False),
        (Seen("7400/1/16384", 5), Seen("7400/1/16384", 4), True),
        (Seen("7400/1/16384", 5), Seen("7400/2/16384", 5), True),
        (Seen("7400/1/16384", 5), Seen("7400/1/16385", 5), True),
        (Seen("unknown/16384", 5), Seen("7400/1/16384", 5), False),
        (Seen("7400/1/16384", 5), Seen("unknown/16384", 5), False),
        (Seen("7400/1/16384", 5), Seen("unknown/16385", 5), True),
        (None, Seen("7400/1/16384", 5), False),
    ],
)
def test_a_restore_is_told_by_the_server_the_database_or_a_position_that_went_back(
    before: Seen | None, now: Seen, is_restored: bool
) -> None:
    assert (restored(before, now) is not None) == is_restored


@pytest.mark.servers
async def test_a_system_that_answers_again_is_delivered_to_at_once(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "FIRST_PAUSE_SECONDS", 600.0)
    monkeypatch.setattr(loop, "LONGEST_PAUSE_SECONDS", 600.0)
    hub = Hub(sessions)
    await hub.ingest.handle([hub.event("crm", "1", 1, {"name": {"name": "Ana Trujillo", "kind": "company"}})])
    stop, refused, delivered = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def answer(item: dict[str, Any]) -> dict[str, Any]:
        if not refused.is_set():
            refused.set()
            raise Unreachable(address="http://erp", reason="refused")
        delivered.set()
        return applied(item)

    delivering = hub.delivering["erp"]
    running = asyncio.create_task(delivering.run(ScriptedSpoke(answer), stop))
    await asyncio.wait_for(refused.wait(), 20)
    issuer = gateway_issuer(tmp_path)
    issuer.ensure()
    watching = Watching(sessions, delivering, ServiceIdentity(issuer.private_file, issuer.name, "concord"))
    statuses = [503, 404]
    transport = httpx.MockTransport(lambda _request: httpx.Response(statuses.pop(0)))
    async with httpx.AsyncClient(base_url="http://erp.test", transport=transport) as client:
        await watching.look(client)
        assert not delivered.is_set()
        await watching.look(client)
    await asyncio.wait_for(delivered.wait(), 20)
    stop.set()
    await asyncio.wait_for(running, 20)
