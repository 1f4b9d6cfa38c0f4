"""A service as a client of another one."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

import jwt
from chassis.auth import ALGORITHMS

SERVICE_TOKEN_SECONDS = 300


class ServiceIdentity:
    """This service as a client of one other service: signs its own short-lived tokens with its private key (a JWK
    file).

    The tokens have that service as their `audience`, so that it cannot use them elsewhere.
    """

    def __init__(self, key_file: Path, issuer: str, audience: str, clock: Callable[[], float] = time.time) -> None:
        self._key = jwt.PyJWK.from_json(key_file.read_text())
        if self._key.algorithm_name not in ALGORITHMS:
            raise ValueError(f"{key_file} does not contain an asymmetric key")
        self.issuer = issuer
        self._audience = audience
        self._clock = clock
        self._tokens: dict[tuple[UUID, tuple[str, ...]], tuple[float, str]] = {}

    def token(self, tenant: UUID, scopes: Sequence[str]) -> str:
        """A token for this tenant with these scopes; it is reused until one minute before its expiry."""
        now, name = self._clock(), (tenant, tuple(scopes))
        fresh_until, token = self._tokens.get(name, (0.0, ""))
        if now < fresh_until:
            return token
        claims = {
            "iss": self.issuer,
            "sub": self.issuer,
            "aud": self._audience,
            "iat": int(now),
            "exp": int(now) + SERVICE_TOKEN_SECONDS,
            "tenant": str(tenant),
            "scope": " ".join(scopes),
        }
        token = jwt.encode(claims, self._key, algorithm=self._key.algorithm_name, headers={"kid": self._key.key_id})
        self._tokens[name] = (now + SERVICE_TOKEN_SECONDS - 60, token)
        return token
