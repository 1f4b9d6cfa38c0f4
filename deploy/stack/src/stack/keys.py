"""Local issuers: signing keys, the public keys that services read, and tokens."""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from stack.errors import CannotStart

ALGORITHM = "ES256"
PUBLISHED = json.loads((Path(__file__).parents[4] / "contracts" / "scopes.json").read_text())
"""The document of scopes. It is read as a file, because the supervisor imports no code of the services that it
starts."""

AUDIENCES: dict[str, str] = PUBLISHED["audiences"]
"""The value of `aud` in tokens for a service, by service."""

SCOPES = tuple(PUBLISHED["scopes"])
FIRST_TENANT = "00000000-0000-7000-8000-000000000001"
TOKEN_HOURS = 12.0
REPLICATION = ("replication:write",)
ROLES = ("sales-director",)
"""The roles in tokens of the local issuer."""


@dataclass(frozen=True)
class Issuer:
    """A signer of tokens: a private key that only its owner can read, and a public key beside it.

    `scopes` limits the scopes that its tokens may grant; None is no limit.
    """

    name: str
    folder: Path
    scopes: tuple[str, ...] | None = None

    @property
    def private_file(self) -> Path:
        """The signing key, as a JWK with `kid` and `alg`."""
        return self.folder / f"{self.name}.jwk.json"

    @property
    def public_file(self) -> Path:
        """The public keys, as a JWKS, in a folder without secrets."""
        return self.folder / "public" / f"{self.name}.jwks.json"

    @property
    def trust(self) -> dict[str, Any]:
        """The entry of this issuer in AUTH_ISSUERS."""
        return {"jwks": str(self.public_file), "scopes": self.scopes, "tenants": None}

    def ensure(self) -> None:
        """Create the key pair if it is missing. Other public keys stay, because valid tokens need them."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.private_file.exists():
            write_private(self.private_file, json.dumps(self.new_key(), indent=2))
        private, published = self.signing_key(), self.published()
        if private["kid"] not in {key["kid"] for key in published}:
            self.publish([*published, public_half(private)])

    def new_key(self) -> dict[str, Any]:
        """A new private key, as a JWK with a unique name."""
        key = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
        return {**key, "kid": f"{self.name}-{uuid4().hex[:12]}", "alg": ALGORITHM, "use": "sig"}

    def signing_key(self) -> dict[str, Any]:
        """The private key that signs."""
        key: dict[str, Any] = json.loads(self.private_file.read_text())
        return key

    def published(self) -> list[dict[str, Any]]:
        """The public keys that verify tokens, the oldest first."""
        if not self.public_file.exists():
            return []
        keys: list[dict[str, Any]] = json.loads(self.public_file.read_text())["keys"]
        return keys

    def publish(self, keys: list[dict[str, Any]]) -> None:
        """Replace the public keys."""
        self.public_file.parent.mkdir(exist_ok=True)
        self.public_file.parent.chmod(0o755)
        write(self.public_file, json.dumps({"keys": keys}, indent=2), 0o644)

    def token(
        self,
        scopes: Iterable[str] = SCOPES,
        subject: str = "local-user",
        tenant: str = FIRST_TENANT,
        roles: Iterable[str] = ROLES,
        audiences: Iterable[str] = AUDIENCES.values(),
    ) -> str:
        """A signed token with these `audiences`, valid for twelve hours."""
        key = jwt.PyJWK.from_dict(self.signing_key())
        now = int(time.time())
        claims = {
            "iss": self.name,
            "sub": subject,
            "aud": list(audiences),
            "iat": now,
            "exp": now + int(TOKEN_HOURS * 3600),
            "tenant": tenant,
            "scope": " ".join(scopes),
            "roles": list(roles),
        }
        return jwt.encode(claims, key.key, algorithm=ALGORITHM, headers={"kid": key.key_id})


def public_half(private: dict[str, Any]) -> dict[str, Any]:
    """The public part of a key."""
    return {name: value for name, value in private.items() if name not in ("d", "key_ops")}


def audiences_of(services: Iterable[str]) -> list[str]:
    """The audiences of services by their names. Raises CannotStart for an unknown name."""
    if unknown := sorted(set(services) - AUDIENCES.keys()):
        raise CannotStart(f"AUDIENCE names {', '.join(unknown)}: it may name {', '.join(AUDIENCES)}.")
    return [AUDIENCES[service] for service in services]


def sealing_key(folder: Path) -> str:
    """The key that seals secrets in the databases of this stack; made once."""
    file = folder / "sealing.key"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, new_sealing_key())
    return file.read_text().strip()


def new_sealing_key() -> str:
    """A key for the setting SEALING_KEYS."""
    return Fernet.generate_key().decode()


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, atomically."""
    write(path, content, 0o600)


def write(path: Path, content: str, mode: int) -> None:
    """Write a file with these permissions, atomically."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    unfinished.chmod(mode)
    unfinished.replace(path)


def local_issuer(folder: Path) -> Issuer:
    """The issuer of `make run` and `make token`: it may grant every scope."""
    return Issuer("concord-local", folder / "keys")


def gateway_issuer(folder: Path) -> Issuer:
    """The issuer of the gateway: it may grant the replication scopes only."""
    return Issuer("concord-gateway", folder / "keys", REPLICATION)
