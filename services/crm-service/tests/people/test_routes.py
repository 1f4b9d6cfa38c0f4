"""Employees and teams, which the ERP keeps, over the CRM's API and port."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from .factories import delivered, employee

pytestmark = pytest.mark.servers
PATH = "/v1/employees"
SEEN = {"If-Match": "*"}
NANCY, SEATTLE = uuid4(), uuid4()
HOURS = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), "8")


async def test_a_delivered_employee_is_shown_and_emptied_again(api: httpx.AsyncClient) -> None:
    fuller = await employee(api, "Andrew Fuller")
    said: dict[str, Any] = {
        "manager": fuller,
        "employment": {"entered_on": "1992-05-01"},
        "working_time": HOURS,
        "subject": "nancy",
    }
    nancy = await delivered(api, "employee", NANCY, name="Nancy Davolio", life="live", **said)
    shown = (await api.get(f"{PATH}/{nancy}")).json()
    assert (shown["manager_id"], shown["entered_on"], shown["working_time"]) == (fuller, "1992-05-01", HOURS)
    await delivered(api, "employee", NANCY, rev=2, **dict.fromkeys(said))
    shown = (await api.get(f"{PATH}/{nancy}")).json()
    assert [shown[name] for name in ("manager_id", "entered_on", "working_time", "subject")] == [None] * 4


async def test_phone_and_email_are_changed_here_and_nothing_else(api: httpx.AsyncClient) -> None:
    nancy = await employee(api, "Nancy Davolio", position="Sales Representative")
    changed = await api.patch(
        f"{PATH}/{nancy}", json={"phone": "+1 206 555 9857", "email": "n@nw.example"}, headers=SEEN
    )
    assert (changed.status_code, changed.json()["phone_e164"]) == (200, "+12065559857")
    for patch in ({"name": "Nan"}, {"position": None}, {"subject": "nan"}, {"working_time": HOURS}):
        refused = await api.patch(f"{PATH}/{nancy}", json=patch, headers=SEEN)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/owned-elsewhere")
        assert (refused.json()["owner"], refused.json()["fields"]) == ("erp", list(patch))
    assert (await api.post(PATH, json={"name": "Anne Dodsworth"})).status_code == 405


async def test_a_delivered_team_is_found_by_its_members(api: httpx.AsyncClient) -> None:
    nancy, laura = await employee(api, "Nancy Davolio"), await employee(api, "Laura Callahan")
    members: dict[str, Any] = {f"member__{uuid4()}": {"employee": each} for each in (nancy, laura)}
    team = await delivered(api, "team", SEATTLE, name="Seattle", life="live", lead=nancy, **members)
    assert (await api.get(f"/v1/teams/{team}")).json()["member_ids"] == sorted((nancy, laura))
    await delivered(api, "team", SEATTLE, rev=2, **{next(iter(members)): None})
    assert [each["id"] for each in (await api.get("/v1/teams", params={"member_id": laura})).json()["items"]] == [team]
    assert (await api.get("/v1/teams", params={"member_id": nancy})).json()["items"] == []
    assert UUID(team)
