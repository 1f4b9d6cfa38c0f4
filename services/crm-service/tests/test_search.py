"""`GET /v1/search`."""

from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import caller
from crm.wiring import SERVICE

pytestmark = pytest.mark.servers
SEARCH = "/v1/search"


async def entered(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> str:
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def found(api: httpx.AsyncClient, q: str, **parameters: Any) -> dict[str, Any]:
    answer = await api.get(SEARCH, params={"q": q, **parameters})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
async def ids(api: httpx.AsyncClient) -> dict[str, str]:
    """A customer, his contact and deal, a task, and a lead; "frankenversand" is in all of them."""
    customer = await entered(api, "/v1/customers", {"name": "Frankenversand", "email": "order@frankenversand.de"})
    about = {"customer_id": customer}
    return {
        "customer": customer,
        "contact": await entered(
            api, "/v1/contacts", {**about, "name": "Peter Franken", "email": "peter@frankenversand.de"}
        ),
        "deal": await entered(api, "/v1/deals", {**about, "name": "Frankenversand: autumn"}),
        "task": await entered(api, "/v1/tasks", {**about, "subject": "Call Frankenversand"}),
        "lead": await entered(api, "/v1/leads", {"name": "Ann", "company": "Frankenversand Nord"}),
    }


async def test_every_kind_of_record_is_found_by_the_beginning_of_a_word(
    api: httpx.AsyncClient, ids: dict[str, str]
) -> None:
    hits = await found(api, "Frankenv")
    assert {each["record"]: each["id"] for each in hits["items"]} == ids
    assert hits["more"] == []
    for hit in hits["items"]:
        assert (await api.get(hit["path"])).json()["id"] == hit["id"]


async def test_a_hit_has_a_title_and_the_text_that_matches(api: httpx.AsyncClient, ids: dict[str, str]) -> None:
    items = {each["record"]: each for each in (await found(api, "frankenversand"))["items"]}
    assert (items["customer"]["title"], items["customer"]["snippet"]) == ("Frankenversand", None)
    assert (items["contact"]["title"], items["contact"]["snippet"]) == ("Peter Franken", "peter@frankenversand.de")
    assert (items["task"]["title"], items["task"]["state"]) == ("Call Frankenversand", "open")
    assert (items["lead"]["title"], items["lead"]["snippet"]) == ("Ann", "Frankenversand Nord")


async def test_a_caller_finds_only_what_its_scopes_read(
    sessions: Sessions, api: httpx.AsyncClient, ids: dict[str, str]
) -> None:
    async with caller(SERVICE, sessions, "customers:read") as narrow:
        hits = await found(narrow, "frankenversand")
        refused = await narrow.get(SEARCH, params={"q": "x", "records": "lead"})
    assert {each["record"] for each in hits["items"]} == {"customer"}
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "records"


async def test_more_matches_than_shown_are_named(api: httpx.AsyncClient, ids: dict[str, str]) -> None:
    for n in range(3):
        await entered(api, "/v1/customers", {"name": f"Frankenversand {n}"})
    hits = await found(api, "frankenversand", records="customer,contact", limit=2)
    assert [each["record"] for each in hits["items"]] == ["customer", "customer", "contact"]
    assert hits["more"] == ["customer"]


@pytest.mark.parametrize("typed", ["!", "%", "' or 1=1 --", "a:* & b", "\u200b"])
async def test_signs_are_no_words(api: httpx.AsyncClient, ids: dict[str, str], typed: str) -> None:
    assert (await found(api, typed))["items"] == []
