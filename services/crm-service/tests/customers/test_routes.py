"""The customers' REST interface on a real database."""

from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from party.testing import ALFREDS
from sqlalchemy import event

pytestmark = pytest.mark.servers
PATH = "/v1/customers"


async def entered(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post(PATH, params={"allow_duplicate": "true"}, json={**ALFREDS, **values})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def if_match(shown: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"{shown["version"]}"'}


async def test_a_customer_is_entered_and_found_at_its_location(api: httpx.AsyncClient) -> None:
    answer = await api.post(PATH, json=ALFREDS)
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    found = await api.get(answer.headers["Location"])
    assert found.json() == answer.json()
    assert ALFREDS.items() <= found.json().items()
    unmet: dict[str, Any] = {
        "canonical_id": None,
        "state": "on_its_way",
        "systems": {},
        "conflicts": [],
        "decisions": [],
    }
    assert found.json()["sync"] == unmet


async def test_only_the_name_is_required(api: httpx.AsyncClient) -> None:
    assert (await api.post(PATH, json={"name": "B's Beverages"})).status_code == 201
    refused = await api.post(PATH, json={})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "name"


async def test_an_unknown_field_is_named(api: httpx.AsyncClient) -> None:
    refused = await api.post(PATH, json={"name": "A", "billing_address": {"town": "Berlin"}})
    assert [error["field"] for error in refused.json()["errors"]] == ["billing_address.town"]


async def test_a_patch_changes_what_it_names(api: httpx.AsyncClient) -> None:
    shown = await entered(api)
    answer = await api.patch(f"{PATH}/{shown['id']}", json={"email": "a@b.example"}, headers=if_match(shown))
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    assert answer.json()["phone"] == shown["phone"]


async def test_a_stale_patch_gets_all_three_sides(api: httpx.AsyncClient) -> None:
    shown = await entered(api)
    await api.patch(f"{PATH}/{shown['id']}", json={"name": "First"}, headers=if_match(shown))
    late = await api.patch(f"{PATH}/{shown['id']}", json={"name": "Second"}, headers=if_match(shown))
    assert late.status_code == 412
    assert (late.json()["current"]["name"], late.json()["base"], late.json()["yours"]) == (
        "First",
        1,
        {"name": "Second"},
    )
    assert late.headers["ETag"] == '"2"'


async def test_fields_of_the_erp_are_refused_with_their_owner(api: httpx.AsyncClient) -> None:
    refused = await api.post(PATH, json={"name": "A", "credit": {"limit": "10", "currency": "EUR"}})
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/owned-elsewhere"
    assert (refused.json()["owner"], refused.json()["fields"]) == ("erp", ["credit"])


async def test_the_same_key_enters_one_customer(api: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "one"}
    first = await api.post(PATH, json=ALFREDS, headers=key)
    again = await api.post(PATH, json=ALFREDS, headers=key)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len((await api.get(PATH)).json()["items"]) == 1
    assert (await api.post(PATH, json={"name": "Other"}, headers=key)).status_code == 422


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"q": "futterkiste"}, ["Alfreds Futterkiste"]),
        ({"q": "AROUND horn"}, ["Around the Horn"]),
        ({"q": "comercio"}, ["Comércio Mineiro"]),
        ({"q": "0074321"}, ["Alfreds Futterkiste"]),
        ({"q": "+49 300074321"}, ["Alfreds Futterkiste"]),
        ({"q": "100%"}, []),
        ({"country": "GB"}, ["Around the Horn"]),
        ({"tag": "vip"}, ["Around the Horn"]),
        ({"kind": "person"}, ["Comércio Mineiro"]),
        ({"email": "HORN@example.com"}, ["Around the Horn"]),
        ({"kind": "person", "segment": "small"}, ["Comércio Mineiro"]),
        ({"updated_since": "2020-01-01T00:00:00Z", "sort": "-name", "tag": "retail"}, ["Alfreds Futterkiste"]),
        ({"updated_since": "2999-01-01T00:00:00Z"}, []),
    ],
)
async def test_a_list_is_narrowed(api: httpx.AsyncClient, parameters: dict[str, str], found: list[str]) -> None:
    await entered(api)
    horn = {"country": "GB", "lines": ["120 Hanover Sq."]}
    await entered(
        api,
        name="Around the Horn",
        phone=None,
        email="horn@example.com",
        tags=["vip"],
        billing_address=horn,
    )
    await entered(
        api,
        name="Comércio Mineiro",
        kind="person",
        phone=None,
        segment="small",
        tags=[],
        billing_address=None,
    )
    answer = await api.get(PATH, params=parameters)
    assert [item["name"] for item in answer.json()["items"]] == found


async def test_pages_hold_every_customer_once(api: httpx.AsyncClient) -> None:
    for name in ("D", "A", "C", "A", "B"):
        await entered(api, name=name)
    address: str | None = f"{PATH}?limit=2&sort=-name"
    names = []
    while address:
        page = (await api.get(address)).json()
        names += [item["name"] for item in page["items"]]
        address = page["next"]
    assert names == ["D", "C", "B", "A", "A"]


async def test_each_item_of_a_batch_stands_or_falls_alone(api: httpx.AsyncClient) -> None:
    shown = await entered(api)
    items = [
        {"body": {"name": "New"}},
        {"body": {"nmae": "New"}},
        {"id": shown["id"], "version": 1, "body": {"name": "Changed"}},
        {"id": shown["id"], "version": 1, "body": {"name": "Late"}},
        {"id": shown["id"], "body": {"name": "Blind"}},
        {"id": shown["id"], "version": 2, "body": {"name": "Changed"}},
        {"id": "00000000-0000-7000-8000-0000000000ff", "version": 1, "body": {}},
    ]
    answer = await api.post(f"{PATH}:batch", json={"items": items})
    assert answer.status_code == 200
    results = answer.json()["items"]
    assert [(each["outcome"], (each["problem"] or {}).get("status")) for each in results] == [
        ("created", None),
        ("refused", 422),
        ("updated", None),
        ("refused", 412),
        ("refused", 428),
        ("unchanged", None),
        ("refused", 404),
    ]
    names = [item["name"] for item in (await api.get(PATH)).json()["items"]]
    assert names == ["Changed", "New"]


async def test_a_batch_of_more_items_needs_no_more_statements(api: httpx.AsyncClient, sessions: Sessions) -> None:
    statements: list[str] = []
    connection = sessions.kw["bind"].sync_connection
    event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
    counts = []
    for number in (2, 20):
        statements.clear()
        entered = await api.post(f"{PATH}:batch", json={"items": [{"body": {"name": "New"}}] * number})
        changes = [{**each, "body": {"name": "Changed"}} for each in known(entered)]
        changed = await api.post(f"{PATH}:batch", json={"items": changes})
        assert [each["version"] for each in known(changed)] == [2] * number
        counts.append(len(statements))
    assert counts[0] == counts[1]


def known(answer: httpx.Response) -> list[dict[str, Any]]:
    """The records that a batch has written, by their ids and versions."""
    return [{"id": each["id"], "version": each["version"]} for each in answer.json()["items"]]


async def test_a_batch_has_two_hundred_items_at_most(api: httpx.AsyncClient) -> None:
    answer = await api.post(f"{PATH}:batch", json={"items": [{"body": {"name": "A"}}] * 201})
    assert answer.status_code == 422


async def test_another_tenant_sees_and_changes_nothing(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    shown = await entered(api)
    address = f"{PATH}/{shown['id']}"
    assert (await stranger.get(PATH)).json()["items"] == []
    assert (await stranger.get(address)).status_code == 404
    assert (await stranger.patch(address, json={"name": "B"}, headers=if_match(shown))).status_code == 404
    assert (await stranger.delete(address, headers=if_match(shown))).status_code == 404
    assert (await stranger.get("/v1/events")).json()["items"] == []
