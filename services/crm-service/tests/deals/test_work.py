"""What salespeople record on a deal: its contacts, competitors, checks, and its place on the board."""

from typing import Any

import httpx
import pytest

from .test_routes import UNKNOWN, a_customer, a_deal

pytestmark = pytest.mark.servers
SEEN = {"If-Match": "*"}
PIPELINE = {
    "name": "Tea",
    "stages": [
        {"key": "talk", "name": "Talk", "probability": "0.2", "exit_required": ["source"],
         "checks": ["Need written down"], "tasks_done": True},
        {"key": "offer", "name": "Offer", "probability": "0.6"},
    ],
    "won_reasons": ["Price"],
    "lost_reasons": ["Price"],
}  # fmt: skip


async def at_talk(api: httpx.AsyncClient) -> dict[str, Any]:
    assert (await api.put("/v1/pipelines/tea", json=PIPELINE)).status_code == 200
    return await a_deal(api, pipeline="tea")


async def moved(api: httpx.AsyncClient, deal: dict[str, Any], **body: Any) -> httpx.Response:
    return await api.post(f"/v1/deals/{deal['id']}/move", json={"stage": "qualification", **body})


async def names(api: httpx.AsyncClient) -> list[str]:
    first = (await api.get("/v1/deals:board")).json()["columns"][0]
    return [each["name"] for each in first["deals"]]


async def test_a_deal_names_contacts_with_roles_and_its_competitors(api: httpx.AsyncClient) -> None:
    contact = (await api.post("/v1/contacts", json={"name": "Ana Trujillo"})).json()["id"]
    roles = [{"contact_id": contact, "role": role} for role in ("decides", "pays")]
    deal = await a_deal(api, contacts=roles, competitors=["Exotic Liquids"])
    assert (deal["contacts"], deal["competitors"]) == (roles, ["Exotic Liquids"])
    unknown = {"contacts": [*roles, {"contact_id": UNKNOWN, "role": "uses"}]}
    refused = await api.patch(f"/v1/deals/{deal['id']}", json=unknown, headers=SEEN)
    assert (refused.status_code, refused.json()["kind"]) == (409, "contact")
    assert refused.json()["errors"][0]["field"] == "contacts[2].contact_id"
    other = {"contacts": [{"contact_id": contact, "role": "watches"}]}
    assert (await api.patch(f"/v1/deals/{deal['id']}", json=other, headers=SEEN)).status_code == 422


async def test_a_deal_leaves_a_stage_only_when_its_points_are_done(api: httpx.AsyncClient) -> None:
    deal = await at_talk(api)
    path = f"/v1/deals/{deal['id']}"
    task = (await api.post("/v1/tasks", json={"subject": "Send samples", "deal_id": deal["id"]})).json()
    for verb, body in (("move", {"stage": "offer"}), ("win", {})):
        refused = await api.post(f"{path}/{verb}", json=body)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/stage-not-done")
        found = [refused.json()[name] for name in ("fields", "checks", "tasks")]
        assert found == [["source"], ["Need written down"], ["Send samples"]]
    patch = {"source": "fair", "checks": ["Need written down"]}
    assert (await api.patch(path, json=patch, headers=SEEN)).status_code == 200
    assert (await api.post(f"{path}/move", json={"stage": "offer"})).json()["checks"] == []
    await api.post(f"/v1/tasks/{task['id']}/complete", json={})
    assert (await api.post(f"{path}/move", json={"stage": "offer"})).json()["stage"] == "offer"
    assert (await api.post(f"{path}/move", json={"stage": "talk"})).status_code == 200, "back, without rules"


async def test_a_deal_is_lost_at_any_stage_whatever_is_open(api: httpx.AsyncClient) -> None:
    deal = await at_talk(api)
    assert (await api.post(f"/v1/deals/{deal['id']}/lose", json={"reason": "Price"})).status_code == 200


async def test_each_replaced_expected_close_is_counted(api: httpx.AsyncClient) -> None:
    deal = await a_deal(api)
    path, moves = f"/v1/deals/{deal['id']}", []
    for day in ("2026-12-01", "2026-12-15", "2026-12-15", None, "2027-01-01", "2027-02-01"):
        answer = await api.patch(path, json={"expected_close": day}, headers=SEEN)
        moves.append(answer.json()["close_moved"])
    assert moves == [0, 1, 1, 1, 1, 2]


async def test_a_deal_is_dragged_to_a_place_on_the_board(api: httpx.AsyncClient) -> None:
    customer = await a_customer(api)
    made = [
        (await api.post("/v1/deals", json={"name": name, "customer_id": customer})).json() for name in ("A", "B", "C")
    ]
    assert await names(api) == ["A", "B", "C"]
    a, b, c = made
    assert (await moved(api, c, after_id=a["id"])).status_code == 200
    assert await names(api) == ["A", "C", "B"]
    await moved(api, b, after_id=None)
    assert await names(api) == ["B", "A", "C"]
    await moved(api, b, after_id=c["id"])
    assert await names(api) == ["A", "C", "B"]
    await moved(api, a)
    assert await names(api) == ["A", "C", "B"], "without a place it stays"
    refused = await moved(api, a, after_id=a["id"])
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-at-stage")


async def test_a_deal_is_dragged_between_two_others_any_number_of_times(api: httpx.AsyncClient) -> None:
    customer = await a_customer(api)
    made = [
        (await api.post("/v1/deals", json={"name": name, "customer_id": customer})).json() for name in ("A", "B", "C")
    ]
    a, *others = made
    for turn in range(60):
        assert (await moved(api, others[(turn + 1) % 2], after_id=a["id"])).status_code == 200
        assert await names(api) == ["A", *(("C", "B") if turn % 2 == 0 else ("B", "C"))]


async def test_a_column_of_the_board_goes_on_as_a_list(api: httpx.AsyncClient) -> None:
    customer = await a_customer(api)
    for name in ("A", "B", "C"):
        await api.post("/v1/deals", json={"name": name, "customer_id": customer})
    column: dict[str, Any] = {
        "pipeline": "sales",
        "stage": "qualification",
        "state": "open",
        "sort": "position",
        "limit": 2,
    }
    first = (await api.get("/v1/deals", params=column)).json()
    rest = (await api.get("/v1/deals", params={**column, "cursor": first["next_cursor"]})).json()
    assert [each["name"] for each in (*first["items"], *rest["items"])] == ["A", "B", "C"]


async def test_deals_are_found_by_the_beginnings_of_words(api: httpx.AsyncClient) -> None:
    customer = await a_customer(api)
    for name in ("Thé à la menthe", "Coffee"):
        await api.post("/v1/deals", json={"name": name, "customer_id": customer})
    found = (await api.get("/v1/deals", params={"q": "men the"})).json()["items"]
    assert [each["name"] for each in found] == ["Thé à la menthe"]
