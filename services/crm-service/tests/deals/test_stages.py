"""The stage history of deals and the board, over HTTP, on a real database."""

from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from sqlalchemy import event

from .test_routes import a_customer, a_deal

pytestmark = pytest.mark.servers


async def stays(api: httpx.AsyncClient, deal: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get(f"/v1/deals/{deal['id']}/stages")).json()["items"]
    return found


async def test_each_move_ends_a_stay_and_begins_the_next(api: httpx.AsyncClient) -> None:
    deal = await a_deal(api, amount="10", currency="EUR")
    path = f"/v1/deals/{deal['id']}"
    for verb, body in (
        ("move", {"stage": "needs"}),
        ("move", {"stage": "needs"}),
        ("lose", {"reason": "Price"}),
        ("reopen", None),
        ("win", {}),
    ):
        assert (await api.post(f"{path}/{verb}", json=body)).status_code == 200
    found = await stays(api, deal)
    assert [(each["stage"], each["left_to"], each["entered_by"]) for each in found] == [
        ("qualification", "needs", "anna"),
        ("needs", "lost", "anna"),
        ("needs", "won", "anna"),
    ]
    assert found[0]["left_at"] == found[1]["entered_at"]
    assert {each["days"] for each in found} == {0}


async def test_a_refused_move_and_a_plain_change_leave_the_history_as_it_was(api: httpx.AsyncClient) -> None:
    deal = await a_deal(api)
    assert (await api.post(f"/v1/deals/{deal['id']}/move", json={"stage": "needs"})).status_code == 409
    patch = {"notes": "Wants twelve cases."}
    assert (await api.patch(f"/v1/deals/{deal['id']}", json=patch, headers={"If-Match": "*"})).status_code == 200
    assert [(each["stage"], each["left_at"]) for each in await stays(api, deal)] == [("qualification", None)]


async def test_a_board_has_sums_over_all_deals_and_the_first_of_each_stage(
    api: httpx.AsyncClient, sessions: Sessions
) -> None:
    customer = await a_customer(api)
    for amount, day in (("100.10", "2026-12-03"), ("0.05", "2026-12-01"), ("7", None)):
        values = {"amount": amount, "currency": "EUR", "expected_close": day}
        await api.post("/v1/deals", json={"name": f"Tea for {amount}", "customer_id": customer, **values})
    await a_deal(api)
    closed = await a_deal(api, amount="1000", currency="EUR")
    await api.post(f"/v1/deals/{closed['id']}/win", json={})
    said: list[str] = []
    event.listen(sessions.kw["bind"].sync_connection, "before_cursor_execute", lambda *call: said.append(call[2]))
    board = (await api.get("/v1/deals:board", params={"first": 2})).json()
    assert len([each for each in said if "FROM deals" in each]) == 2, "the sums, and the first deals"
    first, *others = board["columns"]
    assert [each["name"] for each in first["deals"]] == ["Tea for 100.10", "Tea for 0.05"]
    assert (first["stage"], first["count"]) == ("qualification", 4)
    assert first["sums"] == [
        {"currency": "EUR", "count": 3, "amount": "107.15", "weighted": "10.715"},
        {"currency": None, "count": 1, "amount": "0", "weighted": "0"},
    ]
    assert [each["count"] for each in others] == [0, 0, 0]
    unknown = await api.get("/v1/deals:board", params={"pipeline": "nothing"})
    assert unknown.status_code == 404
