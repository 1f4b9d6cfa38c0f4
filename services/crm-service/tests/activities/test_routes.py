"""Interactions and tasks over HTTP."""

from uuid import uuid4

import httpx
import pytest
from chassis.testing import time_is

pytestmark = pytest.mark.servers
SEEN = {"If-Match": "*"}


async def test_a_participant_that_does_not_exist_is_named_with_its_place(api: httpx.AsyncClient) -> None:
    maria = (await api.post("/v1/contacts", json={"name": "Maria Anders"})).json()["id"]
    call = {"channel": "call_in", "subject": "Asked for a visit", "contact_ids": [maria]}
    entered = await api.post("/v1/interactions", json=call)
    assert (entered.status_code, entered.json()["contact_ids"]) == (201, [maria])
    refused = await api.post("/v1/interactions", json={**call, "employee_ids": [str(uuid4())]})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/reference-unknown")
    assert refused.json()["errors"][0]["field"] == "employee_ids[0]", refused.text


async def test_a_participation_keeps_its_name_while_others_are_added(api: httpx.AsyncClient) -> None:
    maria, hanna = [(await api.post("/v1/contacts", json={"name": n})).json()["id"] for n in ("Maria", "Hanna")]
    entered = await api.post(
        "/v1/interactions", json={"channel": "meeting", "subject": "Visit", "contact_ids": [maria]}
    )
    path = entered.headers["Location"]
    both = {"contact_ids": [hanna, maria]}
    assert (await api.patch(path, json=both, headers=SEEN)).json()["contact_ids"] == sorted((maria, hanna))
    history = (await api.get(f"{path}/timeline")).json()["items"]
    assert [change["field"] for change in history[0]["changes"]] == [f"contact:{hanna}"]


async def test_the_verbs_of_a_task_follow_its_state(api: httpx.AsyncClient) -> None:
    entered = await api.post("/v1/tasks", json={"subject": "Send the offer"})
    path = entered.headers["Location"]
    assert entered.json()["allowed"] == ["change", "archive", "start", "complete", "cancel"]
    assert (await api.post(f"{path}/start")).json()["state"] == "started"
    done = await api.post(f"{path}/complete")
    assert (done.json()["state"], done.json()["allowed"]) == ("done", ["change", "archive"])
    version = done.json()["version"]
    assert (await api.post(f"{path}/complete")).json()["version"] == version, "a second click changes nothing"
    refused = await api.post(f"{path}/cancel")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/task-closed")
    assert refused.json()["allowed"] == ["change", "archive"]


async def test_a_task_is_overdue_until_it_is_closed(api: httpx.AsyncClient) -> None:
    with time_is("2026-11-24T12:00:01+00:00"):
        late = await api.post("/v1/tasks", json={"subject": "Call back", "due_at": "2026-11-24T12:00:00Z"})
        await api.post("/v1/tasks", json={"subject": "Some day"})
        assert late.json()["overdue"] is True
        [listed] = (await api.get("/v1/tasks", params={"overdue": "true"})).json()["items"]
        assert listed["id"] == late.json()["id"]
        closed = await api.post(f"{late.headers['Location']}/complete")
        assert closed.json()["overdue"] is False
        assert (await api.get("/v1/tasks", params={"overdue": "true"})).json()["items"] == []


async def test_an_item_of_a_check_list_keeps_its_id(api: httpx.AsyncClient) -> None:
    entered = await api.post("/v1/tasks", json={"subject": "Visit", "checks": [{"text": "Samples"}, {"text": "Route"}]})
    path, (samples, route) = entered.headers["Location"], entered.json()["checks"]
    turned = [route, {**samples, "done": True}]
    changed = await api.patch(path, json={"checks": turned}, headers=SEEN)
    assert changed.json()["checks"] == turned
    twice = await api.patch(path, json={"checks": [route, route]}, headers=SEEN)
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (422, "checks"), twice.text
