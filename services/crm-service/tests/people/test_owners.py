"""Employees as owners: who calls, whose the records are, and to whom they go when an employee leaves."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.db import Sessions
from crm.activities.hand_over import commands as hand_over
from crm.activities.hand_over.handlers import HAND_OVER
from crm.parties.customers.models import Customer
from crm.sales.deals import commands
from crm.sales.deals.models import Deal
from jobs import Runner
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import delivered, employee

pytestmark = pytest.mark.servers
SEEN = {"If-Match": "*"}


async def customer(api: httpx.AsyncClient, name: str = "Alfreds", **more: Any) -> dict[str, Any]:
    entered: dict[str, Any] = (await api.post("/v1/customers", json={"name": name, **more})).json()
    return entered


async def deal(api: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    customer_id = (await customer(api, owner_id=None))["id"]
    answer = await api.post("/v1/deals", json={"name": "Tea", "customer_id": customer_id, **more})
    assert answer.status_code == 201, answer.text
    entered: dict[str, Any] = answer.json()
    return entered


async def listed(api: httpx.AsyncClient, path: str, **filters: str) -> list[str]:
    return [each["id"] for each in (await api.get(path, params=filters)).json()["items"]]


async def test_a_token_is_one_of_the_employee_that_has_its_subject(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    assert (await api.get("/v1/me")).json()["employee"] is None
    anna = await employee(api, "Anna Berg", subject="anna")
    me = (await api.get("/v1/me")).json()
    assert (me["subject"], me["employee"]["id"], me["employee"]["name"]) == ("anna", anna, "Anna Berg")
    assert "customers:write" in me["scopes"]
    assert (await stranger.get("/v1/me")).json()["employee"] is None


async def test_who_creates_a_record_owns_it_unless_the_body_says_otherwise(api: httpx.AsyncClient) -> None:
    assert (await customer(api))["owner_id"] is None
    anna, ben = await employee(api, "Anna", subject="anna"), await employee(api, "Ben")
    assert (await customer(api))["owner_id"] == anna
    assert (await customer(api, owner_id=None))["owner_id"] is None
    assert (await customer(api, owner_id=ben))["owner_id"] == ben
    assert (await deal(api))["owner_id"] == anna
    assert (await deal(api, owner_id=None))["owner_id"] is None
    batch = {"items": [{"body": {"name": "Horn"}}, {"body": {"name": "Island", "owner_id": None}}]}
    made = (await api.post("/v1/customers:batch", json=batch)).json()["items"]
    read = [(await api.get(f"/v1/customers/{each['id']}")).json()["owner_id"] for each in made]
    assert read == [anna, None]


async def test_lists_are_narrowed_to_an_owner_or_to_mine(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    assert await listed(api, "/v1/customers", owner_id="me") == []
    await employee(api, "Anna", subject="anna")
    ben = await employee(api, "Ben")
    mine, his = await deal(api), await deal(api, owner_id=ben)
    assert await listed(api, "/v1/deals", owner_id="me") == [mine["id"]]
    assert await listed(api, "/v1/deals", owner_id=ben) == [his["id"]]
    assert set(await listed(api, "/v1/deals", owner_id=f"me,{ben}")) == {mine["id"], his["id"]}
    assert await listed(stranger, "/v1/deals", owner_id=ben) == []
    assert (await api.get("/v1/deals", params={"owner_id": "anna"})).status_code == 422


async def test_an_owner_that_is_not_there_is_refused(api: httpx.AsyncClient) -> None:
    refused = await api.post("/v1/customers", json={"name": "Alfreds", "owner_id": str(uuid4())})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/reference-unknown")


async def test_a_text_stays_until_an_owner_is_named(api: httpx.AsyncClient) -> None:
    shared = uuid4()
    said: dict[str, Any] = {"name": {"name": "Alfreds", "kind": "company"}, "life": "live", "owner": "anna berg"}
    alfreds = await delivered(api, "customer", shared, **said)
    path = f"/v1/customers/{alfreds}"
    shown = (await api.patch(path, json={"segment": "food"}, headers=SEEN)).json()
    assert (shown["owner_id"], shown["owner_name"]) == (None, "anna berg")
    assert await listed(api, "/v1/customers", owner_name="anna berg") == [alfreds]
    anna = await employee(api, "Anna Berg")
    shown = (await api.patch(path, json={"owner_id": anna}, headers=SEEN)).json()
    assert (shown["owner_id"], shown["owner_name"]) == (anna, None)


async def test_the_text_and_the_reference_are_delivered_apart(api: httpx.AsyncClient) -> None:
    anna = await employee(api, "Anna Berg")
    said: dict[str, Any] = {
        "name": {"name": "Alfreds", "kind": "company"},
        "life": "live",
        "owner": "ben",
        "owner_employee": anna,
    }
    alfreds = await delivered(api, "customer", uuid4(), **said)
    shown = (await api.get(f"/v1/customers/{alfreds}")).json()
    assert (shown["owner_id"], shown["owner_name"]) == (anna, "ben")


async def test_deals_of_before_are_matched_by_name_as_soon_as_there_is_one_of_it(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    made = [await deal(api) for _ in range(4)]
    for each, text in zip(made, ("anna berg", "ANNA  Bérg", "Ben", "Chris"), strict=True):
        await session.execute(update(Deal).where(Deal.id == UUID(each["id"])).values(owner=text))
    anna = await employee(api, "Anna Berg")
    for name in ("Chris", "chris"):
        await employee(api, name)
    await api.post(f"/v1/deals/{made[0]['id']}/lose", json={"reason": "Price"})
    assert await commands.match_owners(session) == 2
    assert await commands.match_owners(session) == 0
    shown = [(await api.get(f"/v1/deals/{each['id']}")).json() for each in made]
    owners = [(each["owner_id"], each["owner_name"]) for each in shown]
    assert owners == [(anna, None), (anna, None), (None, "Ben"), (None, "Chris")]


async def test_all_that_an_employee_owns_goes_to_another_one(
    api: httpx.AsyncClient, sessions: Sessions, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand_over, "BATCH", 2)
    anna, ben = await employee(api, "Anna"), await employee(api, "Ben")
    customers = [await customer(api, f"C{number}", owner_id=anna) for number in range(5)]
    deals = [await deal(api, owner_id=anna) for _ in range(3)]
    await api.delete(f"/v1/customers/{customers[0]['id']}", headers=SEEN)
    await api.post(f"/v1/deals/{deals[0]['id']}/lose", json={"reason": "Price"})
    await made(api, "leads", name="Ana", owner_id=anna)
    tasks = [await made(api, "tasks", subject="Call", assignee_id=anna) for _ in range(2)]
    await api.post(f"/v1/tasks/{tasks[0]}/complete")
    times = {"starts_at": "2126-11-30T08:00:00Z", "ends_at": "2126-11-30T09:00:00Z"}
    await made(api, "calendar-events", subject="Visit", organiser_id=anna, **times)
    mailbox = await made(api, "mailboxes", name="Anna", email="anna@teehaus.example", owner_id=anna)
    begun = await api.post(f"/v1/employees/{anna}/hand-over", json={"to_id": ben})
    assert (begun.status_code, begun.json()["state"]) == (202, "queued")
    await ran(sessions)
    job = (await api.get(begun.headers["Location"])).json()
    assert (job["state"], job["done"], job["total"]) == ("done", 10, 10), job
    given = {"customers": 4, "leads": 1, "deals": 2, "tasks": 1, "calendar_events": 1, "mailboxes": 1}
    assert job["result"] == {**given, "kept": {"customers": 1, "deals": 1, "tasks": 1}, "refused": {}}
    owned = select(Customer.owner_id).where(Customer.archived_at.is_(None), Customer.owner_id.is_not(None))
    assert set(await session.scalars(owned)) == {UUID(ben)}
    assert set(await listed(api, "/v1/deals", owner_id=ben)) == {each["id"] for each in deals[1:]}
    assert set(await listed(api, "/v1/tasks", assignee_id=ben)) == {tasks[1]}
    written = MAIL.format(to="anna@teehaus.example").encode()
    await api.patch(f"/v1/customers/{customers[1]['id']}", json={"email": "ana@trujillo.example"}, headers=SEEN)
    headers = {"Content-Type": "message/rfc822"}
    await api.post("/v1/emails:receive", params={"mailbox_id": mailbox}, content=written, headers=headers)
    (entry,) = (await api.get("/v1/interactions", params={"customer_id": customers[1]["id"]})).json()["items"]
    assert entry["employee_ids"] == [ben]


async def test_a_team_gets_in_turn_what_its_members_do_not_own_yet(api: httpx.AsyncClient, sessions: Sessions) -> None:
    anna, ben, cleo = [await employee(api, name) for name in ("Anna", "Ben", "Cleo")]
    members: dict[str, Any] = {f"member__{uuid4()}": {"employee": each} for each in (anna, ben, cleo)}
    team = await delivered(api, "team", uuid4(), name="Sales", life="live", **members)
    for number in range(4):
        await customer(api, f"C{number}", owner_id=anna)
    begun = await api.post(f"/v1/employees/{anna}/hand-over", json={"team_id": team})
    assert begun.status_code == 202, begun.text
    await ran(sessions)
    shares = [len(await listed(api, "/v1/customers", owner_id=each)) for each in (anna, ben, cleo)]
    assert shares == [0, 2, 2]


async def test_a_record_that_cannot_be_given_is_told_and_holds_no_other(
    api: httpx.AsyncClient, sessions: Sessions, session: AsyncSession
) -> None:
    anna, ben = await employee(api, "Anna"), await employee(api, "Ben")
    broken, fine = [await deal(api, owner_id=anna) for _ in range(2)]
    await session.execute(update(Deal).where(Deal.id == UUID(broken["id"])).values(stage="gone"))
    begun = await api.post(f"/v1/employees/{anna}/hand-over", json={"to_id": ben})
    await ran(sessions)
    job = (await api.get(begun.headers["Location"])).json()
    assert (job["state"], job["result"]["deals"], list(job["result"]["refused"])) == ("done", 1, [broken["id"]])
    assert await listed(api, "/v1/deals", owner_id=ben) == [fine["id"]]


async def test_a_hand_over_to_nobody_to_itself_or_to_an_archived_employee_is_refused(api: httpx.AsyncClient) -> None:
    anna, gone = await employee(api, "Anna"), uuid4()
    ben = await delivered(api, "employee", gone, name="Ben", life="dead")
    path = f"/v1/employees/{anna}/hand-over"
    for to, kind in ((anna, "same-owner"), (str(uuid4()), "reference-unknown"), (ben, "new-owner-archived")):
        refused = await api.post(path, json={"to_id": to})
        assert (refused.status_code, refused.json()["type"]) == (409, f"/problems/{kind}")


async def ran(sessions: Sessions) -> None:
    """Run the job that waits."""
    assert await Runner(sessions, [HAND_OVER]).step(asyncio.Event())


async def made(api: httpx.AsyncClient, records: str, **body: Any) -> str:
    """The id of a new record."""
    answer = await api.post(f"/v1/{records}", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


MAIL = """From: Ana <ana@trujillo.example>\r
To: {to}\r
Subject: Tea\r
Message-ID: <1@trujillo.example>\r
\r
Twelve cases, please.\r
"""
