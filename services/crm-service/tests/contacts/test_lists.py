"""What every list can do, shown on contacts and customers: pages, several values, ranges, sparse answers."""

from typing import Any

import httpx
import pytest

from .factories import delivery

pytestmark = pytest.mark.servers
CUSTOMERS = "/v1/customers"


async def entered(api: httpx.AsyncClient, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
    answers = [await api.post(CUSTOMERS, json=body) for body in bodies]
    assert {answer.status_code for answer in answers} == {201}
    return [answer.json() for answer in answers]


async def names(api: httpx.AsyncClient, path: str = CUSTOMERS, **parameters: Any) -> list[str]:
    answer = await api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["items"]]


async def test_a_page_says_its_cursor_and_on_demand_how_many_there_are(api: httpx.AsyncClient) -> None:
    await entered(api, {"name": "A"}, {"name": "B"}, {"name": "C"})
    first = (await api.get(CUSTOMERS, params={"limit": 2, "count": "exact"})).json()
    assert (first["total"], [each["name"] for each in first["items"]]) == (3, ["A", "B"])
    second = (await api.get(CUSTOMERS, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [each["name"] for each in second["items"]] == ["C"]
    assert (second["next"], second["next_cursor"], second["total"]) == (None, None, None)
    assert (await api.get(first["next"])).json()["items"] == second["items"]


async def test_records_are_read_by_their_ids(api: httpx.AsyncClient) -> None:
    one, _, three = await entered(api, {"name": "A"}, {"name": "B"}, {"name": "C"})
    assert await names(api, ids=f"{one['id']},{three['id']}") == ["A", "C"]
    refused = (await api.get(CUSTOMERS, params={"ids": "7"})).json()["errors"]
    assert [(each["field"], each["code"]) for each in refused] == [("ids[0]", "format")]


async def test_a_value_that_no_record_can_have_finds_none(api: httpx.AsyncClient) -> None:
    await entered(api, {"name": "A", "email": "a@a.example"})
    assert await names(api, email="A@a.example") == ["A"]
    assert await names(api, email="nobody") == []


async def test_a_filter_takes_several_values(api: httpx.AsyncClient) -> None:
    await entered(api, *({"name": name, "segment": name.lower(), "tags": [name]} for name in "ABC"))
    assert await names(api, segment="a,c") == ["A", "C"]
    assert await names(api, tag=["B", "C"]) == ["B", "C"]
    assert await names(api, segment="a,b", tag="B") == ["B"]


async def test_a_filter_is_normalised_as_values_are(api: httpx.AsyncClient) -> None:
    await entered(api, {"name": "A", "billing_address": {"country": "DE", "city": "Berlin"}}, {"name": "B"})
    assert await names(api, country="de") == ["A"]
    assert (await api.get(CUSTOMERS, params={"country": "Atlantis"})).status_code == 422


async def test_a_list_is_narrowed_to_a_range(api: httpx.AsyncClient) -> None:
    await entered(api, {"name": "A"})
    assert await names(api, created_at_from="2020-01-01T00:00:00Z", created_at_to="2200-01-01T00:00:00Z") == ["A"]
    assert await names(api, created_at_to="2020-01-01T00:00:00Z") == []
    naive = await api.get(CUSTOMERS, params={"created_at_from": "2020-01-01T00:00:00"})
    assert naive.json()["errors"][0]["code"] == "zone"


async def test_a_list_is_narrowed_to_what_the_other_systems_have_not(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/contacts", json={"name": "Thomas Hardy"})
    assert answer.status_code == 201
    taken = await api.post("/replication/v1/contact", json={"items": [delivery(name="Maria Anders")]})
    assert taken.json()["items"][0]["outcome"] == "applied"
    shown = {each["name"]: each["sync"]["state"] for each in (await api.get("/v1/contacts")).json()["items"]}
    assert shown["Thomas Hardy"] == "on_its_way"
    for state in ("rejected", "conflict", "waiting", "on_its_way", "in_step"):
        wanted = [name for name, found in shown.items() if found == state]
        assert sorted(await names(api, "/v1/contacts", sync_state=state)) == sorted(wanted)


async def test_an_answer_has_only_the_fields_that_are_wanted(api: httpx.AsyncClient) -> None:
    (one,) = await entered(api, {"name": "A", "segment": "retail"})
    (item,) = (await api.get(CUSTOMERS, params={"fields": "name"})).json()["items"]
    assert item == {"id": one["id"], "version": 1, "name": "A"}
    read = await api.get(f"{CUSTOMERS}/{one['id']}", params={"fields": "segment"})
    assert read.json() == {"id": one["id"], "version": 1, "segment": "retail"}
    assert read.headers["etag"].startswith('"1-')
    refused = await api.get(CUSTOMERS, params={"fields": "nmae"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "fields")
