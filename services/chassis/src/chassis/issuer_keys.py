"""The public keys of an issuer of tokens."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import structlog

from chassis.errors import Unauthenticated, Unavailable

log = structlog.get_logger()
DISCOVERY = "/.well-known/openid-configuration"
ADDRESSES = ("http://", "https://")
READ_SECONDS = 5
KEYS_READ_AGAIN_SECONDS = 10
KEYS_TRUSTED_SECONDS = 300


async def discovered(client: httpx.AsyncClient, issuer: str) -> dict[str, Any]:
    """The discovery document of an issuer. Raises `ValueError` for one of another issuer, which could name any keys."""
    answer = await client.get(issuer.rstrip("/") + DISCOVERY)
    document = answer.raise_for_status().json()
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise ValueError(f"{answer.url} is not the discovery document of {issuer}")
    return document


def endpoint(document: dict[str, Any], name: str) -> str:
    """An address in a discovery document. Raises `ValueError` when there is none."""
    address = document.get(name)
    if not isinstance(address, str) or not address.startswith(ADDRESSES):
        raise ValueError(f"the discovery document of {document['issuer']} has no address {name}")
    return address


class Keys:
    """The public keys of one issuer, from a file or an address; without one, from the address that the issuer's
    discovery document names (OpenID Connect Discovery 1.0).

    They are read again when a token names an unknown key, at most every 10 s, and in any case after five minutes, so
    that a removed key is no longer accepted. While the source is unavailable, the keys read last stay valid; if there
    are none: 503.
    """

    def __init__(self, source: str | None, clock: Callable[[], float] = time.monotonic, issuer: str = "") -> None:
        self.source = source
        self.issuer = issuer
        self._clock = clock
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def find(self, name: str | None) -> jwt.PyJWK:
        """The key with this `kid`, or the only key when the token names none. Raises `Unauthenticated`."""
        if self._age() > KEYS_TRUSTED_SECONDS or (self._pick(name) is None and self._age() >= KEYS_READ_AGAIN_SECONDS):
            async with self._reading:
                if self._age() >= KEYS_READ_AGAIN_SECONDS:
                    await self._read()
        if not self._keys:
            raise Unavailable(detail="The keys of the issuer cannot be read.", retry_after_seconds=10)
        if (key := self._pick(name)) is None:
            raise Unauthenticated(detail="The token is signed with a key that its issuer does not publish.")
        return key

    def _age(self) -> float:
        return self._clock() - self._read_at

    def _pick(self, name: str | None) -> jwt.PyJWK | None:
        if name is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(name)

    async def _read(self) -> None:
        try:
            document = await self._document()
            keys = jwt.PyJWKSet.from_json(document).keys
            self._keys = {key.key_id: key for key in keys if key.key_type != "oct"}
        except (OSError, ValueError, httpx.HTTPError, jwt.PyJWTError) as error:
            log.error("issuer_keys_unreadable", issuer=self.issuer, source=self.source, error=repr(error))
        # Set only after the read: concurrent callers wait until the keys are read.
        self._read_at = self._clock()

    async def _document(self) -> str:
        if self.source is not None and not self.source.startswith(ADDRESSES):
            return await asyncio.to_thread(Path(self.source).read_text)
        async with httpx.AsyncClient(timeout=READ_SECONDS) as client:
            address = self.source or endpoint(await discovered(client, self.issuer), "jwks_uri")
            return (await client.get(address)).raise_for_status().text
