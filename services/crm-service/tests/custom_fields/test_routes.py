"""Declarations of fields of one's own, and what they mean for customers."""

import httpx
import pytest

pytestmark = pytest.mark.servers
PATH = "/v1/custom-fields/shoe_size"
SHOE_SIZE = {"label": "Shoe size", "type": "integer"}


async def test_a_declared_field_takes_values_of_its_type(api: httpx.AsyncClient) -> None:
    assert (await api.put(PATH, json=SHOE_SIZE)).status_code == 200
    taken = await api.post("/v1/customers", json={"name": "A", "custom": {"shoe_size": 43}})
    assert taken.json()["custom"] == {"shoe_size": 43}
    refused = await api.post("/v1/customers", json={"name": "A", "custom": {"shoe_size": "large"}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "custom.shoe_size"


async def test_declaring_it_again_as_it_is_changes_nothing(api: httpx.AsyncClient) -> None:
    first = await api.put(PATH, json=SHOE_SIZE)
    assert (await api.put(PATH, json=SHOE_SIZE)).json() == first.json()


async def test_a_change_says_which_version_it_changes(api: httpx.AsyncClient) -> None:
    await api.put(PATH, json=SHOE_SIZE)
    renamed = {**SHOE_SIZE, "label": "Size of shoes"}
    assert (await api.put(PATH, json=renamed)).status_code == 428
    assert (await api.put(PATH, json=renamed, headers={"If-Match": '"9"'})).status_code == 412
    changed = await api.put(PATH, json=renamed, headers={"If-Match": '"1"'})
    assert (changed.json()["label"], changed.headers["ETag"]) == ("Size of shoes", '"2"')


async def test_a_type_does_not_change(api: httpx.AsyncClient) -> None:
    await api.put(PATH, json=SHOE_SIZE)
    refused = await api.put(PATH, json={**SHOE_SIZE, "type": "text"}, headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/custom-field-type-is-fixed")


async def test_customers_keep_the_values_of_a_withdrawn_field(api: httpx.AsyncClient) -> None:
    await api.put(PATH, json=SHOE_SIZE)
    shown = (await api.post("/v1/customers", json={"name": "A", "custom": {"shoe_size": 43}})).json()
    assert (await api.delete(PATH, headers={"If-Match": '"1"'})).status_code == 204
    assert (await api.get(PATH)).status_code == 404
    changed = await api.patch(f"/v1/customers/{shown['id']}", json={"name": "B"}, headers={"If-Match": "*"})
    assert changed.json()["custom"] == {"shoe_size": 43}
    refused = await api.post("/v1/customers", json={"name": "A", "custom": {"shoe_size": 43}})
    assert refused.status_code == 422


async def test_another_tenant_declares_for_itself(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    await api.put(PATH, json=SHOE_SIZE)
    assert (await stranger.get("/v1/custom-fields")).json() == {"items": []}
    assert (await stranger.put(PATH, json={"label": "Shoes", "type": "text"})).status_code == 200


async def test_a_field_of_a_record_that_does_not_exist_is_refused_with_those_that_do(api: httpx.AsyncClient) -> None:
    body = {"label": "Horns", "type": "integer"}
    refused = await api.put("/v1/custom-fields/horns", params={"record": "unicorn"}, json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "record")
    assert "customer" in refused.json()["errors"][0]["message"]
