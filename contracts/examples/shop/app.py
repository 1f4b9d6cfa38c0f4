"""The HTTP interface of the shop: its own API for its front end, and the port for the gateway.

    SHOP_FILE=shop.sqlite SHOP_TENANT=... GATEWAY=http://127.0.0.1:8003 GATEWAY_KEYS=gateway.jwks.json \
    GATEWAY_ISSUER=concord-gateway SHOP_TOKEN=... uvicorn --factory shop.app:from_environment
"""

import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import jwt
from fastapi import Body, Depends, FastAPI, Header, HTTPException

from shop import port
from shop.sender import send_all
from shop.store import GROUPS, Row, Store

AUDIENCE = "shop"
Values = dict[str, Any]
Items = Annotated[list[Values], Body(embed=True, max_length=200)]


@dataclass(frozen=True)
class Gateway:
    """How the shop knows the gateway, and how it identifies itself to it."""

    address: str
    keys: Path
    issuer: str
    token: Callable[[], str]


def create(store: Store, gateway: Gateway) -> FastAPI:
    """The shop. While it serves, a thread sends its events."""

    @asynccontextmanager
    async def sending(_: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=send_all, args=(store, gateway.address, gateway.token, stop))
        thread.start()
        yield
        stop.set()
        thread.join()

    app = FastAPI(title="Shop", lifespan=sending)
    _port(app, store, gateway)
    _own_api(app, store)
    return app


def _port(app: FastAPI, store: Store, gateway: Gateway) -> None:
    def from_gateway(authorization: Annotated[str, Header()] = "") -> str:
        """The tenant of the gateway's token. Raises 401 or 403."""
        token = authorization.removeprefix("Bearer ")
        try:
            keys = {key.key_id: key for key in jwt.PyJWKSet.from_json(gateway.keys.read_text()).keys}
            key = keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(token, key, ["ES256"], audience=AUDIENCE, issuer=gateway.issuer)
        except (jwt.PyJWTError, KeyError, OSError) as error:
            raise HTTPException(401, "The token is not one of the gateway for this shop.") from error
        if "replication:write" not in claims.get("scope", "").split():
            raise HTTPException(403, "The token lacks the scope replication:write.")
        return str(claims.get("tenant"))

    @app.get("/replication/v1/status")
    def status(_: Annotated[str, Depends(from_gateway)]) -> Values:
        with store.transaction() as work:
            incarnation, position = work.status()
        named = {"system": "shop", "kinds": sorted(GROUPS), "incarnation": incarnation}
        return {**named, "position": position, "clock": datetime.now(UTC).isoformat()}

    @app.post("/replication/v1/{kind}")
    def deliver(kind: str, items: Items, tenant: Annotated[str, Depends(from_gateway)]) -> Values:
        if tenant != store.tenant:
            raise HTTPException(403, "The shop serves another tenant.")
        _known(kind)
        outcomes = []
        for item in items:
            with store.transaction() as work:
                outcomes.append(port.apply(work, kind, item))
        return {"items": outcomes}


def _own_api(app: FastAPI, store: Store) -> None:
    """A group of the published language is a field; null empties it."""

    @app.get("/{kind}s")
    def records(kind: str) -> list[Values]:
        _known(kind)
        with store.transaction() as work:
            return [row.shown() for row in work.rows(kind)]

    @app.post("/{kind}s", status_code=201)
    def enter(kind: str, values: Values) -> Values:
        _known(kind)
        with store.transaction() as work:
            work.edit(row := Row(kind), {"life": "live", **values}, "shopkeeper")
        return row.shown()

    @app.patch("/{kind}s/{local_id}")
    def change(kind: str, local_id: str, values: Values) -> Values:
        _known(kind)
        with store.transaction() as work:
            if (row := work.find(kind, "local_id", local_id)) is None:
                raise HTTPException(404, "There is no such record.")
            work.edit(row, values, "shopkeeper")
        return row.shown()


def _known(kind: str) -> None:
    if kind not in GROUPS:
        raise HTTPException(404, f"The shop has no {kind}; it has {', '.join(GROUPS)}.")


def from_environment() -> FastAPI:
    """The shop with the settings of its environment."""
    set_to = os.environ
    store = Store(Path(set_to["SHOP_FILE"]), set_to["SHOP_TENANT"])
    keys, token = Path(set_to["GATEWAY_KEYS"]), set_to["SHOP_TOKEN"]
    return create(store, Gateway(set_to["GATEWAY"], keys, set_to["GATEWAY_ISSUER"], lambda: token))
