"""Employees and teams over HTTP, on a real database."""

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.servers
PATH = "/v1/employees"
SEEN = {"If-Match": "*"}
NOBODY = "01900000-0000-7000-8000-00000000000f"


async def employee(api: httpx.AsyncClient, name: str, **more: Any) -> str:
    answer = await api.post(PATH, json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def change(api: httpx.AsyncClient, employee_id: str, **values: Any) -> httpx.Response:
    return await api.patch(f"{PATH}/{employee_id}", json=values, headers=SEEN)


async def test_an_employee_is_found_by_its_manager_and_its_subject(api: httpx.AsyncClient) -> None:
    fuller = await employee(api, "Andrew Fuller", subject="andrew")
    nancy = await employee(api, "Nancy Davolio", manager_id=fuller, working_time={"monday": "7.50"})
    found = (await api.get(PATH, params={"manager_id": fuller})).json()["items"]
    assert [(each["id"], each["working_time"]["monday"]) for each in found] == [(nancy, "7.5")]
    found = (await api.get(PATH, params={"subject": "andrew"})).json()["items"]
    assert [each["id"] for each in found] == [fuller]


async def test_a_cycle_of_managers_is_refused(api: httpx.AsyncClient) -> None:
    fuller = await employee(api, "Andrew Fuller")
    buchanan = await employee(api, "Steven Buchanan", manager_id=fuller)
    suyama = await employee(api, "Michael Suyama", manager_id=buchanan)
    for manager in (fuller, buchanan, suyama):
        refused = await change(api, fuller, manager_id=manager)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/manager-cycle")
    assert (await change(api, suyama, manager_id=fuller)).status_code == 200
    assert (await change(api, buchanan, manager_id=suyama)).status_code == 200


async def test_a_manager_that_is_not_there_is_refused(api: httpx.AsyncClient) -> None:
    refused = await api.post(PATH, json={"name": "Anne Dodsworth", "manager_id": NOBODY})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/reference-unknown")


async def test_a_subject_belongs_to_one_employee(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    nancy = await employee(api, "Nancy Davolio", subject="nancy")
    refused = await api.post(PATH, json={"name": "Janet Leverling", "subject": "nancy"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/subject-taken")
    await employee(stranger, "Nancy Drew", subject="nancy")
    assert (await change(api, nancy, subject=None)).status_code == 200
    await employee(api, "Janet Leverling", subject="nancy")


@pytest.mark.parametrize(
    "wrong",
    [
        {"working_time": {"monday": "24.5"}},
        {"working_time": {"monday": 8.5}},
        {"working_time": {"someday": "8"}},
        {"entered_on": "1994-01-02", "left_on": "1994-01-01"},
    ],
)
async def test_impossible_hours_and_days_are_refused(api: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    assert (await api.post(PATH, json={"name": "Robert King", **wrong})).status_code == 422


async def test_a_team_has_members_that_are_there(api: httpx.AsyncClient) -> None:
    nancy, laura = await employee(api, "Nancy Davolio"), await employee(api, "Laura Callahan")
    team = (
        await api.post("/v1/teams", json={"name": "Seattle", "lead_id": nancy, "member_ids": [laura, nancy]})
    ).json()
    assert team["member_ids"] == sorted([nancy, laura])
    path = f"/v1/teams/{team['id']}"
    refused = await api.patch(path, json={"member_ids": [nancy, NOBODY]}, headers=SEEN)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/reference-unknown")
    changed = await api.patch(path, json={"member_ids": [nancy]}, headers=SEEN)
    assert changed.json()["member_ids"] == [nancy]
    assert (await api.get("/v1/teams", params={"member_id": laura})).json()["items"] == []
    assert len((await api.get("/v1/teams", params={"member_id": nancy})).json()["items"]) == 1
