"""Sign-in by the local issuer, which runs as `make run` starts it: from the page to what the CRM says of the person."""

import base64
import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from chassis.db import create_engine, session_factory
from chassis.settings import Issuer as Trusted
from contracts.roles import ROLES
from crm.wiring import SERVICE
from fastapi import FastAPI
from stack.part import answers
from stack.ports import free_port
from stack.process import Child, wait_until

pytestmark = pytest.mark.servers
BACK = "http://localhost:5173/callback"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {
    "response_type": "code",
    "client_id": "concord",
    "redirect_uri": BACK,
    "scope": "openid profile",
    "state": "s-1",
    "nonce": "n-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running issuer."""
    folder, port = tmp_path_factory.mktemp("sign-in"), free_port()
    environment = {**os.environ, "DATA_DIR": str(folder), "PORT": str(port)}
    child = Child("sign-in", [sys.executable, "-m", "stack.sign_in"], folder / "log", environment=environment)
    child.start()
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{address}/.well-known/openid-configuration"), child, 60)
    yield address
    child.stop()


@pytest.fixture
def browser(issuer: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=issuer) as client:
        yield client


@pytest.fixture(scope="module")
async def crm(committed: str, issuer: str) -> AsyncIterator[FastAPI]:
    """A CRM that knows of the issuer its address alone."""
    settings = SERVICE.settings(database_url=committed, auth_issuers={issuer: Trusted()}, sign_in_issuer=issuer)
    app = SERVICE.app(settings)
    engine = create_engine(committed, SERVICE.name, "app")
    app.state.sessions = session_factory(engine)
    yield app
    await engine.dispose()


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    found = parse_qs(back.query)
    assert found["state"] == ["s-1"]
    return found["code"][0]


def sign_in_page(browser: httpx.Client) -> httpx.Response:
    return browser.get("/authorize", params=ASKED)


def sign_in(browser: httpx.Client, person: str, **asked: str) -> str:
    return code_of(browser.post("/authorize", params={**ASKED, **asked}, data={"person": person}))


def exchange(browser: httpx.Client, code: str, **more: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "client_id": "concord", "redirect_uri": BACK, "code": code,
            "code_verifier": VERIFIER, **more}  # fmt: skip
    return browser.post("/token", data=form)


async def me(crm: FastAPI, token: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(crm), base_url="http://crm.test") as client:
        return await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})


async def test_a_person_signs_in_and_the_crm_knows_the_roles(browser: httpx.Client, crm: FastAPI, issuer: str) -> None:
    page = sign_in_page(browser)
    assert page.status_code == 200 and "Nancy Davolio" in page.text and "<script" not in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "form-action 'self' http://localhost:5173;" in page.headers["Content-Security-Policy"]
    tokens = exchange(browser, sign_in(browser, "nancy")).json()
    assert (tokens["token_type"], tokens["expires_in"], "refresh_token" in tokens) == ("Bearer", 3600, False)
    told = (await me(crm, tokens["access_token"])).json()
    assert (told["subject"], told["roles"], told["scopes"]) == ("nancy", ["sales"], sorted(ROLES["sales"].scopes))
    about = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert (about["iss"], about["aud"], about["nonce"]) == (issuer, "concord", "n-1")
    assert (about["name"], about["email"]) == ("Nancy Davolio", "nancy@northwind.example")
    # A token for the front end is none for a service.
    assert (await me(crm, tokens["id_token"])).status_code == 401


def test_every_built_in_role_has_somebody(browser: httpx.Client) -> None:
    page = browser.get("/authorize", params=ASKED).text
    assert [role for role in ROLES if f"&middot; {role}<" not in page] == []


def test_a_code_is_used_once(browser: httpx.Client) -> None:
    code = sign_in(browser, "nancy")
    assert exchange(browser, code).status_code == 200
    again = exchange(browser, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"code_verifier": "x" * 64}, "invalid_grant"),
        ({"redirect_uri": "http://localhost:5174/callback"}, "invalid_request"),
        ({"client_id": "another"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": "unknown"}, "invalid_grant"),
    ],
)
def test_an_exchange_that_does_not_fit_is_refused(browser: httpx.Client, more: dict[str, str], error: str) -> None:
    refused = exchange(browser, **{"code": sign_in(browser, "nancy"), **more})
    assert (refused.status_code in (400, 401), refused.json()["error"]) == (True, error)


def test_a_failed_exchange_uses_the_code_up(browser: httpx.Client) -> None:
    code = sign_in(browser, "nancy")
    assert exchange(browser, code, code_verifier="x" * 64).status_code == 400
    assert exchange(browser, code).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/callback",
        "http://localhost:5173/other",
        "http://localhost:5173/callback?more=1",
        "http://localhost:5173@evil.example/callback",
        "http://localhost.evil.example/callback",
        "http://localhost:port/callback",
        "https://localhost:5173/callback",
        "javascript:alert(1)",
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(browser: httpx.Client, address: str) -> None:
    for answer in (
        browser.get("/authorize", params={**ASKED, "redirect_uri": address}),
        browser.post("/authorize", params={**ASKED, "redirect_uri": address}, data={"person": "nancy"}),
        browser.get("/end-session", params={"post_logout_redirect_uri": address}),
    ):
        assert answer.status_code in (200, 400) and "Location" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid customers:write"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_what_the_issuer_does_not_do_is_told_to_the_front_end(
    browser: httpx.Client, asked: dict[str, Any], error: str
) -> None:
    wanted = {name: value for name, value in {**ASKED, **asked}.items() if value is not None}
    answer = browser.get("/authorize", params=wanted)
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == [error]


def test_a_session_signs_in_again_until_it_ends(browser: httpx.Client) -> None:
    sign_in(browser, "janet")
    code = code_of(browser.get("/authorize", params={**ASKED, "prompt": "none"}))
    token = exchange(browser, code).json()["access_token"]
    assert jwt.decode(token, options={"verify_signature": False})["sub"] == "janet"
    assert "Nancy" in browser.get("/authorize", params={**ASKED, "prompt": "login"}).text
    ended = browser.get("/end-session", params={"post_logout_redirect_uri": "http://localhost:5173/", "state": "x"})
    assert ended.headers["Location"] == "http://localhost:5173/?state=x"
    assert "Nancy" in browser.get("/authorize", params=ASKED).text


def test_forms_of_other_pages_and_other_names_of_the_host_are_refused(browser: httpx.Client) -> None:
    form = {"person": "nancy"}
    assert (
        browser.post("/authorize", params=ASKED, data=form, headers={"Origin": "http://evil.test"}).status_code == 403
    )
    assert browser.get("/authorize", params=ASKED, headers={"Host": "evil.test"}).status_code == 400


def test_only_pages_of_this_machine_may_call_it(browser: httpx.Client) -> None:
    for origin, allowed in (("http://localhost:5173", True), ("http://localhost.evil.test", False)):
        answer = browser.get("/jwks", headers={"Origin": origin})
        assert ("Access-Control-Allow-Origin" in answer.headers) == allowed


def test_the_issuer_listens_on_this_machine_only(tmp_path: Path) -> None:
    child = Child("sign-in", [sys.executable, "-m", "stack.sign_in"], tmp_path / "log",
                  environment={**os.environ, "DATA_DIR": str(tmp_path), "HOST": "0.0.0.0"})  # noqa: S104  # fmt: skip
    child.start()
    assert child.wait(60) and child.exit_code == 1
    assert "listens on 127.0.0.1 only" in child.last_words()


async def test_the_documentation_page_signs_in(crm: FastAPI, issuer: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(crm), base_url="http://crm.test") as client:
        page = await client.get("/docs")
        assert f"connect-src 'self' {issuer};" in page.headers["Content-Security-Policy"]
        assert '"usePkceWithAuthorizationCodeGrant": true' in page.text
        back = await client.get("/docs/oauth2-redirect", params={"code": "c", "state": "s", "iss": issuer})
        assert back.status_code == 200 and "swaggerUIRedirectOauth2" in back.text
        document = (await client.get("/docs/openapi.json")).json()
        published = (await client.get("/openapi.json")).json()
    flow = document["components"]["securitySchemes"]["sign_in"]["flows"]["authorizationCode"]
    assert (flow["authorizationUrl"], flow["tokenUrl"]) == (f"{issuer}/authorize", f"{issuer}/token")
    assert "sign_in" not in published["components"]["securitySchemes"]
    assert {"sign_in": []} in document["paths"]["/v1/me"]["get"]["security"]
