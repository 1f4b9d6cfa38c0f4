"""Answers as browsers get them: cross-origin requests, headers that limit pages, compressed and unchanged answers."""

import gzip
from collections.abc import Callable

import brotli
import httpx
import pytest
from chassis.auth import public
from chassis.errors import NotFound
from chassis.preconditions import SeenVersion, etag
from chassis.settings import Settings
from fastapi import APIRouter, FastAPI, Response
from pydantic import ValidationError

from .conftest import Calls, MakeApp

PAGE = "https://app.example.com"
things = APIRouter(prefix="/things", dependencies=[public])
shown = {"state": "pending", "text": "a" * 2000}


@things.get("/{number}")
async def read_thing(number: int, response: Response) -> dict[str, str]:
    if number > 1:
        raise NotFound(id=number)
    response.headers["ETag"] = etag(7)
    return shown


@things.patch("/{number}")
async def change_thing(number: int, seen: SeenVersion) -> dict[str, int]:
    seen.check(7, current={})
    return {"number": number}


@pytest.fixture
def app(make_app: MakeApp) -> FastAPI:
    return make_app([things], cors_origins="https://app.example.com, http://localhost:*")


async def preflight(api: httpx.AsyncClient, path: str, origin: str) -> httpx.Response:
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,if-match"}
    return await api.options(path, headers={"Origin": origin, **asked})


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:5173", "http://localhost"])
@pytest.mark.parametrize("path", ["/things/1", "/nowhere", "/livez", "/v1/events"])
async def test_a_page_of_a_listed_origin_may_call_every_address(
    app: FastAPI, calls: Calls, origin: str, path: str
) -> None:
    async with calls(app) as api:
        answer = await preflight(api, path, origin)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert "if-match" in answer.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.parametrize("origin", ["https://evil.example.com", "https://app.example.com.evil.org", "null"])
async def test_a_page_of_another_origin_may_not(app: FastAPI, calls: Calls, origin: str) -> None:
    async with calls(app) as api:
        asked = await preflight(api, "/things/1", origin)
        read = await api.get("/things/1", headers={"Origin": origin})
    assert asked.status_code == 400
    assert "Access-Control-Allow-Origin" not in asked.headers.keys() | read.headers.keys()


async def test_a_page_sees_the_headers_that_it_needs_on_refusals_too(app: FastAPI, calls: Calls) -> None:
    async with calls(app) as api:
        answer = await api.get("/things/9", headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (404, PAGE)
    assert {"ETag", "Link", "Location", "Retry-After"} <= set(
        answer.headers["Access-Control-Expose-Headers"].split(", ")
    )


async def test_without_a_list_no_page_may_call(make_app: MakeApp, calls: Calls) -> None:
    async with calls(make_app([things])) as api:
        answer = await preflight(api, "/things/1", PAGE)
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("origin", ["*", "app.example.com", "https://app.example.com/", "https://a.com https://b.com"])
def test_what_is_no_origin_is_refused_at_the_start(origin: str) -> None:
    with pytest.raises(ValidationError, match="is not an origin"):
        Settings(database_url="postgresql://nowhere", cors_origins=origin)


async def test_every_answer_says_what_a_browser_must_not_do_with_it(app: FastAPI, calls: Calls) -> None:
    async with calls(app) as api:
        for path in ("/things/1", "/things/9", "/livez", "/docs"):
            headers = (await api.get(path)).headers
            assert headers["X-Content-Type-Options"] == "nosniff", path
            assert headers["X-Frame-Options"] == "DENY", path
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "Strict-Transport-Security" not in (await api.get("/livez")).headers
        secure = await api.get("https://things.test/livez")
        private = await api.get("/things/1", headers={"Authorization": "Bearer x"})
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert private.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(("name", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
async def test_an_answer_above_a_kibibyte_is_compressed(
    app: FastAPI, calls: Calls, name: str, unpack: Callable[[bytes], bytes]
) -> None:
    async with calls(app) as api:
        async with api.stream("GET", "/things/1", headers={"Accept-Encoding": name}) as answer:
            sent = b"".join([part async for part in answer.aiter_raw()])
        small = await api.get("/livez", headers={"Accept-Encoding": name})
    assert answer.headers["Content-Encoding"] == name and "Accept-Encoding" in answer.headers["Vary"]
    assert len(sent) < 200 and b'"state":"pending"' in unpack(sent)
    assert "Content-Encoding" not in small.headers


async def test_who_has_this_very_answer_gets_304_until_anything_that_is_shown_changes(
    app: FastAPI, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with calls(app) as api:
        tag = (await api.get("/things/1")).headers["ETag"]
        assert tag.startswith('"7-')
        for known in (tag, f'"1", W/{tag}', "*"):
            unchanged = await api.get("/things/1", headers={"If-None-Match": known})
            assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", tag)
        monkeypatch.setitem(shown, "state", "in_step")
        changed = await api.get("/things/1", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["state"]) == (200, "in_step")
    assert changed.headers["ETag"] != tag


async def test_the_tag_of_a_read_is_the_version_to_change_it(app: FastAPI, calls: Calls) -> None:
    async with calls(app) as api:
        tag = (await api.get("/things/1")).headers["ETag"]
        stale = await api.patch("/things/1", headers={"If-Match": tag.replace("7-", "6-")})
        assert [
            (await api.patch("/things/1", headers={"If-Match": each})).status_code for each in (tag, '"7"', '"3", "7"')
        ] == [200, 200, 200]
    assert (stale.status_code, stale.json()["base"], stale.headers["ETag"]) == (412, 6, '"7"')
