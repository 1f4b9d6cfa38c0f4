"""Why a record is not on the other side, in sentences."""

from typing import Any

import httpx
import pytest
from chassis.testing import OTHER_TENANT

from .hub import Hub
from .test_decisions import both_edit
from .test_deliveries import NAME, REFUSAL

pytestmark = pytest.mark.servers


async def explain(client: httpx.AsyncClient, some_id: str, system: str = "erp", kind: str = "customer") -> str:
    answer = await client.post(f"/v1/records/{kind}/{some_id}/explain")
    assert answer.status_code == 200, answer.text
    (found,) = [each for each in answer.json()["systems"] if each["system"] == system]
    return " ".join(found["sentences"])


async def test_a_record_that_is_everywhere_is_in_step(hub: Hub, client: httpx.AsyncClient) -> None:
    row = await hub.enter(hub.crm, {"name": NAME})
    said = await explain(client, str(row.canonical_id))
    assert said.startswith("It is ") and said.endswith("erp has acknowledged all that is merged.")
    assert await explain(client, row.local_id) == said


async def test_a_refusal_is_told_with_the_systems_own_words(hub: Hub, client: httpx.AsyncClient) -> None:
    hub.erp.refuses["email"] = REFUSAL
    row = await hub.enter(hub.crm, {"name": NAME, "email": "info@alfreds.example"})
    said = await explain(client, str(row.canonical_id))
    assert "erp refuses email since " in said
    assert "The tax id is not valid. DE1 is no VAT number. Correct it. It is tried again at " in said


async def test_a_record_that_waits_for_another_names_it(hub: Hub, client: httpx.AsyncClient) -> None:
    row = await hub.enter(hub.crm, {"name": "Maria Anders", "customer": "c-1"}, kind="contact")
    said = await explain(client, row.local_id, kind="contact")
    assert "It is not in erp yet. The delivery waits for customer c-1 of crm since " in said


async def test_a_paused_system_and_what_is_due_there_are_told(hub: Hub, client: httpx.AsyncClient) -> None:
    row = await hub.enter(hub.crm, {"name": NAME})
    await client.post("/v1/systems/erp/pause")
    await hub.merge(row.edit({"website": "https://alfreds.example"}))
    said = await explain(client, str(row.canonical_id))
    assert "website: due since " in said and "erp is paused by stella since " in said


async def test_a_group_that_waits_for_a_steward_is_told(hub: Hub, client: httpx.AsyncClient) -> None:
    row = await hub.enter(hub.crm, {"name": NAME, "notes": "first"})
    await both_edit(hub, (row, hub.erp.copy_of(str(row.canonical_id))), "notes", "a", "b")
    assert "notes: waits for a steward" in await explain(client, str(row.canonical_id))


async def test_nobody_explains_the_record_of_another_tenant(hub: Hub) -> None:
    row = await hub.enter(hub.crm, {"name": NAME})
    async with hub.client(OTHER_TENANT) as other:
        for some_id in (str(row.canonical_id), row.local_id, "nothing"):
            refused: Any = await other.post(f"/v1/records/customer/{some_id}/explain")
            assert refused.json()["type"] == "/problems/no-such-record"
