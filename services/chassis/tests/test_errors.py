from decimal import Decimal
from typing import Any
from uuid import UUID

import chassis.client
import chassis.preconditions
import pytest
from chassis.auth import public
from chassis.edge import from_database
from chassis.errors import CATALOGUE, Conflict, Problem
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, field_validator
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

assert chassis.client, chassis.preconditions  # Imported for the entries that they add to the catalogue.


class CreditExceeded(Conflict):
    code = "credit-exceeded-in-a-test"
    title = "The credit limit is exceeded"
    detail = "The limit is {limit}; this order would need {wanted}."
    hint = "Make the order smaller than {limit}."


def test_facts_are_attributes_members_and_parts_of_the_text() -> None:
    problem = CreditExceeded(limit=Decimal("10.50"), wanted=12, order=UUID(int=1))
    assert vars(problem)["limit"] == Decimal("10.50")
    assert problem.document("c-1") == {
        "limit": "10.50",
        "wanted": 12,
        "order": "00000000-0000-0000-0000-000000000001",
        "type": "/problems/credit-exceeded-in-a-test",
        "title": "The credit limit is exceeded",
        "status": 409,
        "detail": "The limit is 10.50; this order would need 12.",
        "hint": "Make the order smaller than 10.50.",
        "correlation_id": "c-1",
    }


@given(st.dictionaries(st.sampled_from(["detail", "hint", "limit", "wanted", "type", "correlation_id"]), st.text()))
def test_no_fact_can_break_or_forge_the_document(facts: dict[str, str]) -> None:
    document = CreditExceeded(**facts).document()
    assert (document["status"], document["type"]) == (409, "/problems/credit-exceeded-in-a-test")


@pytest.mark.parametrize("name", ["status", "code", "title", "headers", "facts", "entry", "document", "args"])
def test_a_fact_that_would_hide_a_part_of_the_problem_is_refused_by_name(name: str) -> None:
    with pytest.raises(TypeError, match=f"CreditExceeded.* {name}: rename"):
        CreditExceeded(limit=1, **{name: "x"})


def test_texts_given_when_raised_stand_as_they_are() -> None:
    document = CreditExceeded(limit=1, detail="Not {today}.", hint="Come back.").document()
    assert (document["detail"], document["hint"], document["limit"]) == ("Not {today}.", "Come back.", 1)


def test_a_code_is_given_once() -> None:
    with pytest.raises(TypeError, match="already used"):
        type("Another", (Conflict,), {"code": "credit-exceeded-in-a-test"})


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_problem_of_the_catalogue_can_be_told(code: str) -> None:
    kind = CATALOGUE[code]
    document = kind().document()
    assert document["type"] == f"/problems/{code}"
    assert kind.title and kind.hint and 400 <= kind.status < 600
    assert not kind.title.endswith(".")
    assert kind.hint.endswith(".")


async def test_the_catalogue_is_documented(make_app: Any, calls: Any) -> None:
    async with calls(make_app()) as client:
        listed = (await client.get("/problems")).json()
        one = (await client.get("/problems/stale-version")).json()
        unknown = await client.get("/problems/nothing")
    assert {entry["type"].removeprefix("/problems/") for entry in listed} == set(CATALOGUE)
    assert one in listed
    assert unknown.status_code == 404


class Address(BaseModel):
    model_config = ConfigDict(extra="forbid")
    lines: list[str]
    city: str | int = ""


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    address: Address | None = None
    size: int | float = 0

    @field_validator("name")
    @classmethod
    def _no_shouting(cls, name: str) -> str:
        if name.isupper():
            raise ValueError("do not shout")
        return name


def routes() -> APIRouter:
    router = APIRouter(prefix="/v1/things", tags=["things"], dependencies=[public])

    @router.post("")
    async def create(thing: Thing) -> Thing:
        return thing

    @router.get("")
    async def listing(limit: int = 1) -> int:
        return limit

    @router.get("/refused")
    async def refused() -> None:
        raise CreditExceeded(limit=1, wanted=2)

    @router.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the password is swordfish")

    @router.get("/away")
    async def away() -> None:
        raise ConnectionRefusedError("10.0.0.1:5432")

    return router


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "name", "required"),
        ({"name": 1}, "name", "must be a text"),
        ({"name": "LOUD"}, "name", "do not shout"),
        ({"name": "a", "colour": 1}, "colour", "unknown field"),
        ({"name": "a", "address": {}}, "address.lines", "required"),
        ({"name": "a", "address": {"lines": ["x", 2]}}, "address.lines[1]", "must be a text"),
        ({"name": "a", "address": {"lines": [], "zip": 1}}, "address.zip", "unknown field"),
        ({"name": "a", "address": {"lines": [], "city": []}}, "address.city", "must be a text"),
        ({"name": "a", "size": "big"}, "size", "whole number"),
        ([], "", "must be an object"),
    ],
    ids=str,
)
async def test_a_wrong_field_is_named_as_its_author_wrote_it(
    make_app: Any, calls: Any, body: Any, field: str, message: str
) -> None:
    async with calls(make_app([routes()])) as client:
        answer = await client.post("/v1/things", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    first = answer.json()["errors"][0]
    assert first["field"] == field
    assert message in first["message"]


@pytest.mark.parametrize(
    ("content", "media_type", "message"),
    [
        (b'{"name": ', "application/json", "not JSON"),
        (b'{"name": "a"}', "text/plain", "send JSON"),
        (b"[" * 100_000, "application/json", "error parsing"),
        (b'{"name": "\xff"}', "application/json", "error parsing"),
        (b"", "application/json", "required"),
    ],
    ids=["cut off", "text", "too deep", "not UTF-8", "empty"],
)
async def test_a_body_that_cannot_be_read_is_explained(
    make_app: Any, calls: Any, content: bytes, media_type: str, message: str
) -> None:
    async with calls(make_app([routes()])) as client:
        answer = await client.post("/v1/things", content=content, headers={"Content-Type": media_type})
    assert answer.status_code == 422
    assert message in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "no-such-address"),
        ("GET", "/v1/things/", 404, "no-such-address"),
        ("PUT", "/v1/things", 405, "method-not-allowed"),
        ("GET", "/v1/things?limit=x", 422, "malformed"),
        ("GET", "/v1/things/refused", 409, "credit-exceeded-in-a-test"),
        ("GET", "/v1/things/broken", 500, "internal"),
        ("GET", "/v1/things/away", 503, "unavailable"),
    ],
)
async def test_every_error_is_a_problem_document(
    make_app: Any, calls: Any, method: str, path: str, status: int, code: str
) -> None:
    async with calls(make_app([routes()])) as client:
        answer = await client.request(method, path, headers={"X-Correlation-Id": "c-42"})
    document = answer.json()
    assert (answer.status_code, document["status"], document["type"]) == (status, status, f"/problems/{code}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["hint"]
    assert answer.headers["x-correlation-id"] == document["correlation_id"] == "c-42"


async def test_an_unexpected_error_tells_nothing_of_the_inside(make_app: Any, calls: Any) -> None:
    async with calls(make_app([routes()])) as client:
        answer = await client.get("/v1/things/broken")
        away = await client.get("/v1/things/away")
    assert "swordfish" not in answer.text
    assert "10.0.0.1" not in away.text
    assert away.headers["retry-after"] == "1"


async def test_a_method_that_is_not_allowed_names_every_one_that_is(make_app: Any, calls: Any) -> None:
    async with calls(make_app([routes()])) as client:
        refused = await client.put("/v1/things")
        asked = await client.options("/v1/things")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, OPTIONS, POST")
    assert (asked.status_code, asked.headers["allow"], asked.content) == (204, "GET, OPTIONS, POST", b"")


async def test_an_address_that_is_not_there_has_no_methods(make_app: Any, calls: Any) -> None:
    async with calls(make_app([routes()])) as client:
        assert (await client.options("/nowhere")).status_code == 404


@pytest.mark.parametrize("path", ["/v1/things?colour=red", "/v1/things/refused?limit=1", "/livez?x"])
async def test_an_unknown_query_parameter_is_refused_by_name(make_app: Any, calls: Any, path: str) -> None:
    async with calls(make_app([routes()])) as client:
        answer = await client.get(path)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in path


class FakeDriverError(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("kind", "sqlstate", "status"),
    [
        (IntegrityError, "23505", 409),
        (DBAPIError, "40001", 503),
        (DBAPIError, "40P01", 503),
        (DBAPIError, "57014", 503),
        (OperationalError, "57P01", 503),
        (OperationalError, "08006", 503),
        (OperationalError, "53300", 503),
        (DataError, "22021", 422),
        (DBAPIError, "42P01", 500),
        (DBAPIError, None, 500),
    ],
)
def test_database_errors_have_a_meaning(kind: type[DBAPIError], sqlstate: str | None, status: int) -> None:
    problem = from_database(kind("select 1", {}, FakeDriverError(sqlstate)))
    assert problem.status == status
    assert isinstance(problem, Problem)


def test_an_exhausted_pool_and_a_lost_network_are_503() -> None:
    assert from_database(PoolTimeout()).status == 503
    assert from_database(ConnectionResetError()).status == 503
