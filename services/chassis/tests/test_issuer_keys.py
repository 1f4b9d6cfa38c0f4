"""Keys that are found by the discovery document of an issuer, and clocks that differ."""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest
from chassis.auth import Verifier
from chassis.errors import Unauthenticated, Unavailable
from chassis.issuer_keys import Keys
from chassis.settings import Issuer, Settings
from pydantic import ValidationError

NAME = "https://issuer.test"
WELL_KNOWN = f"{NAME}/.well-known/openid-configuration"
Serve = Callable[[dict[str, Any]], list[str]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Answer these documents by address; returns the addresses that were asked for."""

    def answering(documents: dict[str, Any]) -> list[str]:
        asked: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(str(request.url))
            found = documents.get(str(request.url))
            return httpx.Response(404) if found is None else httpx.Response(200, text=json.dumps(found))

        transport = httpx.MockTransport(answer)
        monkeypatch.setattr(httpx, "AsyncClient", partial(httpx.AsyncClient, transport=transport))
        return asked

    return answering


async def test_the_keys_of_an_issuer_are_found_by_its_discovery_document(issuer: Any, serve: Serve) -> None:
    published = json.loads(issuer.jwks.read_text())
    asked = serve({WELL_KNOWN: {"issuer": NAME, "jwks_uri": f"{NAME}/keys"}, f"{NAME}/keys": published})
    verifier = Verifier({NAME: Issuer()}, "concord")
    for _ in range(2):
        assert (await verifier.verify(issuer.token())).subject == "anna"
    assert asked == [WELL_KNOWN, f"{NAME}/keys"]


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://another.test", "jwks_uri": f"{NAME}/keys"},
        {"issuer": NAME, "jwks_uri": "/etc/passwd"},
        {"issuer": NAME, "jwks_uri": "file:///etc/passwd"},
        {"issuer": NAME},
        [],
        None,
    ],
)
async def test_a_document_that_is_not_the_issuers_gives_no_keys(issuer: Any, serve: Serve, document: Any) -> None:
    serve({WELL_KNOWN: document, f"{NAME}/keys": json.loads(issuer.jwks.read_text())})
    with pytest.raises(Unavailable):
        await Keys(None, issuer=NAME).find("ES256")


async def test_clocks_may_differ_by_the_leeway_and_no_more(issuer: Any) -> None:
    trusted = {NAME: Issuer(jwks=str(issuer.jwks))}
    late, early = {"exp": int(time.time()) - 20}, {"nbf": int(time.time()) + 20}
    for claims in (late, early):
        assert (await Verifier(trusted, "concord", leeway_seconds=30).verify(issuer.token(**claims))).subject == "anna"
        with pytest.raises(Unauthenticated):
            await Verifier(trusted, "concord", leeway_seconds=10).verify(issuer.token(**claims))


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"auth_issuers": {"concord-local": {}}}, "auth_issuers"),
        ({"auth_issuers": {"http://login.example.com": {}}}, "auth_issuers"),
        ({"sign_in_issuer": "https://issuer.test"}, "sign_in_issuer"),
        ({"auth_leeway_seconds": 301}, "auth_leeway_seconds"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(database_url="postgresql://nowhere", **settings)
    assert [error["loc"][0] for error in refused.value.errors()] == [field]


def test_an_issuer_of_this_machine_needs_no_tls() -> None:
    name = "http://127.0.0.1:8004"
    settings = Settings(database_url="postgresql://nowhere", auth_issuers={name: Issuer()}, sign_in_issuer=name)
    assert settings.sign_in_issuer == name
