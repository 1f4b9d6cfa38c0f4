"""The timeline: what people and other systems did to a record, in the words of its answers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
import pytest

pytestmark = pytest.mark.servers
CANONICAL = UUID("01900000-0000-7000-8000-00000000000c")
ANY = {"If-Match": "*"}


async def entered(api: httpx.AsyncClient, path: str, body: Mapping[str, Any]) -> str:
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return f"{path}/{answer.json()['id']}"


async def timeline(api: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await api.get(f"{path}/timeline")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def changes(entry: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {each["field"]: (each["old"], each["new"]) for each in entry["changes"]}


async def test_a_change_is_told_field_by_field_with_the_old_value_and_who_did_it(api: httpx.AsyncClient) -> None:
    path = await entered(api, "/v1/customers", {"name": "Alfreds", "tags": ["retail"]})
    patch = {"name": "Alfreds Futterkiste", "kind": "person", "tags": ["retail", "key"], "email": "a@alfreds.example"}
    await api.patch(path, json=patch, headers=ANY)
    changed, created = await timeline(api, path)
    assert (created["action"], created["actor"], created["changes"]) == ("created", "anna", [])
    assert (changed["action"], changed["actor"]) == ("changed", "anna")
    assert changes(changed) == {
        "name": ("Alfreds", "Alfreds Futterkiste"),
        "kind": ("company", "person"),
        "tag:key": (None, True),
        "email": (None, "a@alfreds.example"),
    }


async def test_a_reference_is_called_as_in_the_record(api: httpx.AsyncClient) -> None:
    customer_id = (await entered(api, "/v1/customers", {"name": "Alfreds"})).rpartition("/")[2]
    path = await entered(api, "/v1/contacts", {"name": "Maria"})
    await api.patch(path, json={"customer_id": customer_id}, headers=ANY)
    assert changes((await timeline(api, path))[0]) == {"customer_id": (None, customer_id)}


async def test_what_another_system_did_is_told_as_brought_by_the_gateway(api: httpx.AsyncClient) -> None:
    def item(rev: int, **groups: Any) -> dict[str, Any]:
        values = [{"group": name, "value": value, "rev": rev} for name, value in groups.items()]
        return {"canonical_id": str(CANONICAL), "hlc": 1, "groups": values}

    items = [item(1, name="Maria"), item(2, email="m@alfreds.example"), item(3, life="dead")]
    answer = await api.post("/replication/v1/contact", json={"items": items})
    path = f"/v1/contacts/{answer.json()['items'][0]['local_id']}"
    found = await timeline(api, path)
    assert [(each["action"], each["actor"]) for each in found] == [
        ("archived", "gateway"),
        ("changed", "gateway"),
        ("created", "gateway"),
    ]
    assert changes(found[1]) == {"email": (None, "m@alfreds.example")}


async def test_a_change_of_a_deal_that_stands_in_no_table_of_kinds_is_told(api: httpx.AsyncClient) -> None:
    customer_id = (await entered(api, "/v1/customers", {"name": "Alfreds"})).rpartition("/")[2]
    path = await entered(api, "/v1/deals", {"name": "Tea", "customer_id": customer_id})
    lost = await api.post(f"{path}/lose", json={"reason": "Price"})
    assert lost.status_code == 200, lost.text
    losing, created = await timeline(api, path)
    assert (created["action"], losing["action"], losing["actor"]) == ("created", "changed", "anna")
    assert (changes(losing)["state"], changes(losing)["reason"]) == (("open", "lost"), (None, "Price"))


async def test_a_change_that_changes_nothing_is_not_told(api: httpx.AsyncClient) -> None:
    path = await entered(api, "/v1/contacts", {"name": "Maria"})
    await api.patch(path, json={"name": "Maria"}, headers=ANY)
    assert [each["action"] for each in await timeline(api, path)] == ["created"]


async def test_a_refused_change_leaves_no_trace(api: httpx.AsyncClient) -> None:
    path = await entered(api, "/v1/contacts", {"name": "Maria"})
    refused = await api.patch(path, json={"email": "nonsense"}, headers=ANY)
    assert refused.status_code == 422
    assert [each["action"] for each in await timeline(api, path)] == ["created"]
