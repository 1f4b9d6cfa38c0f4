"""`GET /v1/meta`, and problems in the language of the caller."""

from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import caller
from crm.wiring import SERVICE

pytestmark = pytest.mark.servers
META = "/v1/meta"


async def meta(api: httpx.AsyncClient, language: str) -> dict[str, Any]:
    answer = await api.get(META, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(each for each in items if each.get("name", each.get("value")) == name)


async def test_labels_and_formats_are_in_the_language_of_the_caller(api: httpx.AsyncClient) -> None:
    german, latvian = await meta(api, "de-CH,de;q=0.9"), await meta(api, "lv")
    order = named(german["records"], "order")
    assert (german["language"], order["label"], order["label_plural"]) == ("de", "Auftrag", "Aufträge")
    assert named(latvian["records"], "customer")["label_plural"] == "Klienti"
    assert (german["formats"]["decimal"], german["formats"]["group"]) == (".", "\u2019")
    assert (latvian["formats"]["decimal"], latvian["formats"]["first_day_of_week"]) == (",", "monday")
    yen = next(each for each in german["formats"]["currencies"] if each["code"] == "JPY")
    assert yen["decimals"] == 0


async def test_fields_have_their_types_bounds_references_and_owners(api: httpx.AsyncClient) -> None:
    customer = named((await meta(api, "en"))["records"], "customer")
    name, email, owner = (named(customer["fields"], each) for each in ("name", "email", "owner_id"))
    assert (name["type"], name["required"], name["writable"], name["max_length"]) == ("text", True, True, 200)
    assert (email["format"], email["nullable"]) == ("email", True)
    assert (owner["type"], owner["reference"], owner["label"]) == ("id", "employee", "Owner")
    terms, kind = named(customer["fields"], "payment_terms"), named(customer["fields"], "kind")
    assert (terms["type"], terms["writable"], terms["owner"]) == ("object", False, "erp")
    assert [each["value"] for each in kind["values"]] == ["company", "person"]
    assert named(customer["filters"], "owner_id")["several"]
    assert customer["default_sort"] == "name"


async def test_states_name_the_next_ones_and_the_verbs(api: httpx.AsyncClient) -> None:
    order = named((await meta(api, "fr"))["records"], "order")
    draft = named(order["states"], "draft")
    assert (draft["label"], draft["next"]) == ("Brouillon", ["submitted", "cancelled"])
    assert draft["verbs"] == ["change", "archive", "submit", "cancel"]
    assert {each["name"] for each in order["verbs"]} >= {"create", "submit", "cancel", "requests"}


async def test_custom_fields_of_the_tenant_are_fields(api: httpx.AsyncClient) -> None:
    declared = {"label": "Region", "type": "choice", "choices": ["north", "south"]}
    answer = await api.put("/v1/custom-fields/region", params={"record": "customer"}, json=declared)
    assert answer.status_code == 200, answer.text
    customer = named((await meta(api, "ko"))["records"], "customer")
    region = named(customer["fields"], "custom.region")
    assert (region["label"], region["custom"], region["type"]) == ("Region", True, "choice")
    assert [each["value"] for each in region["values"]] == ["north", "south"]


async def test_a_caller_sees_what_the_scopes_allow(sessions: Sessions) -> None:
    async with caller(SERVICE, sessions, "customers:read") as reader:
        shown = await meta(reader, "en")
        assert [each["name"] for each in shown["records"]] == ["customer"]
        assert {each["name"] for each in shown["records"][0]["verbs"]} == {"list", "read", "export"}
        assert not any(each["writable"] for each in shown["records"][0]["fields"])


async def test_an_unchanged_answer_is_not_sent_again(api: httpx.AsyncClient) -> None:
    first = await api.get(META, headers={"Accept-Language": "es"})
    assert (first.headers["Content-Language"], "Accept-Language" in first.headers["Vary"]) == ("es", True)
    known = {"If-None-Match": first.headers["ETag"]}
    assert (await api.get(META, headers={"Accept-Language": "es", **known})).status_code == 304
    assert (await api.get(META, headers={"Accept-Language": "ru", **known})).status_code == 200


async def test_a_problem_is_in_the_language_of_the_caller_and_its_codes_are_not(api: httpx.AsyncClient) -> None:
    body = {"name": "", "email": "no"}
    answers = [await api.post("/v1/customers", json=body, headers={"Accept-Language": each}) for each in ("en", "de")]
    english, german = (answer.json() for answer in answers)
    assert english["title"] == "The request is malformed"
    assert german["title"] == "Die Anfrage ist fehlerhaft"
    assert german["errors"][0]["message"] == "muss mindestens 1 Zeichen haben"
    assert [(each["field"], each["code"]) for each in english["errors"]] == [
        (each["field"], each["code"]) for each in german["errors"]
    ]
    assert answers[1].headers["Content-Language"] == "de"
    assert "Accept-Language" in answers[1].headers["Vary"]
