"""An issuer of tokens with real keys, and an application around the routes of a test."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from chassis.app import Check, create_app
from chassis.settings import Issuer, Settings
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import APIRouter, FastAPI

TENANT = "00000000-0000-7000-8000-000000000001"


@dataclass
class TestIssuer:
    """`https://issuer.test`, with an RSA and an EC key in a JWKS file."""

    __test__ = False
    jwks: Path
    keys: dict[str, Any]
    name: str = "https://issuer.test"

    def token(self, *, algorithm: str = "ES256", key: Any = None, kid: str | None = None, **claims: Any) -> str:
        """A good token, but for the claims given; a claim given as None is left out."""
        usual = {
            "iss": self.name,
            "aud": "concord",
            "sub": "anna",
            "exp": int(time.time()) + 300,
            "tenant": TENANT,
            "scope": "things:read things:write",
        }
        body = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        headers = {"kid": kid or algorithm}
        return jwt.encode(body, self.keys[algorithm] if key is None else key, algorithm=algorithm, headers=headers)

    def headers(self, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(**claims)}"}

    def publish(self, *names: str) -> None:
        """Write the public halves of these keys to the JWKS file."""
        keys = []
        for name in names:
            algorithm = jwt.get_algorithm_by_name(name)
            public = json.loads(algorithm.to_jwk(self.keys[name].public_key()))
            keys.append({**public, "kid": name, "alg": name, "use": "sig"})
        self.jwks.write_text(json.dumps({"keys": keys}))


@pytest.fixture(scope="session")
def signing_keys() -> dict[str, Any]:
    return {
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    }


@pytest.fixture
def issuer(signing_keys: dict[str, Any], tmp_path: Path) -> TestIssuer:
    made = TestIssuer(tmp_path / "jwks.json", signing_keys)
    made.publish("ES256", "RS256")
    return made


MakeApp = Callable[..., FastAPI]


@pytest.fixture
def make_app(issuer: TestIssuer) -> MakeApp:
    def make(routers: Sequence[APIRouter] = (), checks: dict[str, Check] | None = None, **settings: Any) -> FastAPI:
        chosen = Settings(
            **{"database_url": "postgresql://nowhere", "auth_issuers": {issuer.name: Issuer(jwks=str(issuer.jwks))}}
            | settings
        )
        return create_app(chosen, title="Things", routers=routers, checks=checks)

    return make


Calls = Callable[[FastAPI], httpx.AsyncClient]


@pytest.fixture
def calls() -> Calls:
    """A client of an application in this process."""
    return lambda app: httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://things.test")
