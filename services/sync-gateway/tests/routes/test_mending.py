"""Links and deliveries that cannot go on by themselves, mended over HTTP."""

from typing import Any

import httpx
import pytest
from chassis.testing import OTHER_TENANT

from .events import LocalRecord
from .hub import Hub
from .test_deliveries import REFUSAL, listed

pytestmark = pytest.mark.servers

NAME = {"name": "Alfreds Futterkiste", "kind": "company"}
WHY = {"reason": "The ERP was restored from a backup."}


async def links(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get("/v1/links", params=params)).json()["items"]
    return items


async def logged(client: httpx.AsyncClient, mended: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = (await client.get(f"/v1/decisions/{mended['logged_as']}")).json()
    return row


async def test_a_record_that_took_the_place_of_a_lost_one_is_linked_and_its_edits_arrive(
    hub: Hub, client: httpx.AsyncClient
) -> None:
    mine = await hub.enter(hub.crm, {"name": NAME})
    lost = hub.erp.rows.pop(hub.erp.copy_of(str(mine.canonical_id)).local_id)
    made = hub.erp.holds(LocalRecord("erp", canonical_id=mine.canonical_id))
    await hub.read(made.edit({"name": NAME, "phone": "030-0074321"}))
    (held,) = (await client.get("/v1/quarantine", params={"state": "held"})).json()["items"]
    assert "has linked" in held["error"]

    (link,) = await links(client, system="erp")
    assert link["local_id"] == lost.local_id
    answer = await client.post(f"/v1/links/{link['id']}/relink", json={"local_id": made.local_id, **WHY})
    mended = answer.json()
    assert (answer.status_code, mended["outcome"], mended["replaying"]) == (200, "relinked", 1)
    assert (mended["link"]["id"], mended["link"]["local_id"]) == (link["id"], made.local_id)
    await hub.replay()
    await hub.deliver()

    assert mine.values["phone"] == "030-0074321"
    assert made.values["name"] == NAME
    row = await logged(client, mended)
    assert (row["rule"], row["detail"], row["resolved_by"]) == ("relink", WHY["reason"], "stella")
    assert row["value"] == {"local_id": made.local_id, "local_id_before": lost.local_id}
    again = (await client.post(f"/v1/links/{link['id']}/relink", json={"local_id": made.local_id, **WHY})).json()
    assert (again["outcome"], again["logged_as"]) == ("unchanged", None)


async def test_a_local_record_is_not_taken_from_another_canonical_one(hub: Hub, client: httpx.AsyncClient) -> None:
    first = await hub.enter(hub.crm, {"name": NAME})
    second = await hub.enter(hub.crm, {"name": {"name": "Bon app'", "kind": "company"}})
    taken = hub.erp.copy_of(str(second.canonical_id)).local_id
    (link,) = await links(client, system="erp", canonical_id=str(first.canonical_id))
    refused = await client.post(f"/v1/links/{link['id']}/relink", json={"local_id": taken, **WHY})
    assert (refused.status_code, refused.json()["canonical_id"]) == (409, second.canonical_id)
    assert "/unlink" in refused.json()["hint"]


async def test_a_record_that_is_unlinked_is_delivered_anew_and_whole(hub: Hub, client: httpx.AsyncClient) -> None:
    mine = await hub.enter(hub.crm, {"name": NAME, "phone": "030-0074321"})
    lost = hub.erp.rows.pop(hub.erp.copy_of(str(mine.canonical_id)).local_id)
    (link,) = await links(client, system="erp")
    mended = (await client.post(f"/v1/links/{link['id']}/unlink", json=WHY)).json()
    assert mended["outcome"] == "unlinked"
    assert (await logged(client, mended))["value"] == {"local_id": lost.local_id}
    await hub.deliver()
    made = hub.erp.copy_of(str(mine.canonical_id))
    assert (made.values["name"], made.values["phone"]) == (NAME, "030-0074321")
    (now,) = await links(client, system="erp")
    assert now["local_id"] == made.local_id != lost.local_id
    gone = await client.post(f"/v1/links/{link['id']}/unlink", json=WHY)
    assert gone.status_code == 404 and gone.json()["hint"]


async def test_a_dropped_delivery_rests_until_the_record_changes_again(hub: Hub, client: httpx.AsyncClient) -> None:
    hub.erp.refuses["email"] = REFUSAL
    mine = await hub.enter(hub.crm, {"name": NAME, "email": "info@alfreds.example"})
    (refused,) = await listed(client, state="rejected")
    dropped = (await client.post(f"/v1/deliveries/{refused['id']}/drop", json=WHY)).json()
    assert (dropped["outcome"], dropped["groups"]) == ("dropped", ["email"])
    row = await logged(client, dropped)
    assert (row["rule"], row["value"]) == ("drop", {"groups": {"email": "info@alfreds.example"}})
    await hub.deliver()
    assert await listed(client) == []
    again = (await client.post(f"/v1/deliveries/{refused['id']}/drop", json=WHY)).json()
    assert (again["outcome"], again["groups"], again["logged_as"]) == ("unchanged", [], None)

    hub.erp.refuses.clear()
    await hub.merge(mine.edit({"email": "new@alfreds.example"}))
    await hub.deliver()
    assert hub.erp.copy_of(str(mine.canonical_id)).values["email"] == "new@alfreds.example"


async def test_a_resync_delivers_all_groups_of_what_is_chosen(hub: Hub, client: httpx.AsyncClient) -> None:
    first = await hub.enter(hub.crm, {"name": NAME, "phone": "030-0074321"})
    second = await hub.enter(hub.crm, {"name": {"name": "Bon app'", "kind": "company"}})
    there = hub.erp.copy_of(str(first.canonical_id))
    there.values.clear()
    there.sync.clear()
    for body, due in (
        ({"canonical_id": first.canonical_id, "system": "erp"}, 1),
        ({"canonical_id": second.canonical_id}, 2),
        ({"kind": "customer", "system": "erp"}, 2),
        ({"kind": "contact"}, 0),
        ({"changed_until": "2020-01-01T00:00:00Z"}, 0),
        ({"changed_since": "2020-01-01T00:00:00Z"}, 4),
    ):
        answer = await client.post("/v1/records:resync", json={**body, **WHY})
        assert answer.json() == {"due": due, "next": None}, body
    await hub.deliver()
    assert (there.values["name"], there.values["phone"]) == (NAME, "030-0074321")
    about = {"canonical_id": str(first.canonical_id), "rule": "resync"}
    rows = (await client.get("/v1/decisions", params=about)).json()["items"]
    assert {row["detail"] for row in rows} == {WHY["reason"]}
    assert len(rows) == 4


async def test_a_long_resync_continues_where_the_last_call_ended(
    hub: Hub, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.resolve.deliveries.MOST", 3)
    for number in range(4):
        await hub.enter(hub.crm, {"name": {"name": f"Firm {number}", "kind": "company"}})
    due, after = [], None
    while True:
        answer = (await client.post("/v1/records:resync", json={"kind": "customer", "after": after, **WHY})).json()
        due.append(answer["due"])
        if (after := answer["next"]) is None:
            break
    assert due == [3, 3, 2]


async def test_a_key_makes_mending_twice_as_good_as_once(hub: Hub, client: httpx.AsyncClient) -> None:
    await hub.enter(hub.crm, {"name": NAME})
    (link,) = await links(client, system="erp")
    address, key = f"/v1/links/{link['id']}/unlink", {"Idempotency-Key": "once"}
    first, second = [await client.post(address, json=WHY, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (200, first.json())


async def test_a_line_about_a_link_holds_no_value_to_restore(hub: Hub, client: httpx.AsyncClient) -> None:
    await hub.enter(hub.crm, {"name": NAME})
    (link,) = await links(client, system="erp")
    mended = (await client.post(f"/v1/links/{link['id']}/unlink", json=WHY)).json()
    refused = await client.post(f"/v1/decisions/{mended['logged_as']}/restore", json={})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/no-value")


async def test_wrong_input_and_another_tenants_records_are_refused(hub: Hub, client: httpx.AsyncClient) -> None:
    row = await hub.enter(hub.crm, {"name": NAME})
    (link,) = await links(client, system="erp")
    for path, body, status in (
        (f"/v1/links/{link['id']}/unlink", None, 422),
        (f"/v1/links/{link['id']}/unlink", {"reason": ""}, 422),
        (f"/v1/links/{link['id']}/relink", WHY, 422),
        (f"/v1/links/{link['id']}/relink", {"local_id": "a b", **WHY}, 422),
        ("/v1/deliveries/nonsense/drop", WHY, 422),
        ("/v1/deliveries/nonsense.erp/drop", WHY, 422),
        (f"/v1/deliveries/{row.canonical_id}.shop/drop", WHY, 404),
        ("/v1/records:resync", WHY, 422),
        ("/v1/records:resync", {"system": "shop", **WHY}, 404),
        ("/v1/records:resync", {"kind": "customer", "after": "x", **WHY}, 422),
    ):
        refused = await client.post(path, json=body)
        assert refused.status_code == status, (path, body, refused.text)
        assert refused.json()["hint"]
    async with hub.client(OTHER_TENANT) as other:
        assert (await other.post(f"/v1/links/{link['id']}/unlink", json=WHY)).status_code == 404
        assert (await other.post(f"/v1/deliveries/{row.canonical_id}.erp/drop", json=WHY)).status_code == 404
        resynced = await other.post("/v1/records:resync", json={"canonical_id": row.canonical_id, **WHY})
        assert resynced.json() == {"due": 0, "next": None}
    async with hub.client(scope="sync:read") as reader:
        assert (await reader.post("/v1/records:resync", json={"kind": "customer", **WHY})).status_code == 403
