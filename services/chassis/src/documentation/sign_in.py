"""Sign-in on the documentation page: by the OpenID Connect issuer in `SIGN_IN_ISSUER`, with PKCE and no secret.

The page alone knows this issuer. The published OpenAPI document does not: it is the same in every installation.
"""

from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import structlog
from chassis.issuer_keys import READ_SECONDS, discovered, endpoint
from chassis.settings import Settings
from pydantic import BaseModel, Field

log = structlog.get_logger()
SCHEME, FLOW = "sign_in", "authorizationCode"
SCOPES = {"openid": "Sign in.", "profile": "Show your name."}
Sent = Annotated[str | None, Field(max_length=4000)]
DOCUMENT = "/docs/openapi.json"
REDIRECT = "/docs/oauth2-redirect"


class Answer(BaseModel):
    """What an issuer sends people back with. The script of the page reads it, not this service."""

    code: Sent = None
    state: Sent = None
    error: Sent = None
    error_description: Sent = None
    error_uri: Sent = None
    iss: Sent = None
    session_state: Sent = None
    scope: Sent = None


async def described(settings: Settings, document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with the issuer, beside tokens that are entered by hand; without it while it is away."""
    if settings.sign_in_issuer is None:
        return document
    try:
        async with httpx.AsyncClient(timeout=READ_SECONDS) as client:
            found = await discovered(client, settings.sign_in_issuer)
        flow = {"authorizationUrl": endpoint(found, "authorization_endpoint"), "scopes": SCOPES,
                "tokenUrl": endpoint(found, "token_endpoint")}  # fmt: skip
    except (ValueError, httpx.HTTPError) as error:
        log.warning("sign_in_issuer_unreadable", issuer=settings.sign_in_issuer, error=repr(error))
        return document
    schemes = {**document["components"]["securitySchemes"], SCHEME: {"type": "oauth2", "flows": {FLOW: flow}}}
    paths = {path: {method: _with_sign_in(each) for method, each in item.items()}
             for path, item in document["paths"].items()}  # fmt: skip
    return {**document, "paths": paths, "components": {**document["components"], "securitySchemes": schemes}}


def _with_sign_in(operation: dict[str, Any]) -> dict[str, Any]:
    """The bearer token may be one of a sign-in: its roles decide, not the scopes of the sign-in."""
    needed = operation.get("security")
    return {**operation, "security": [*needed, {SCHEME: []}]} if needed else operation


def options(settings: Settings) -> dict[str, Any]:
    """The arguments of the documentation page."""
    if settings.sign_in_issuer is None:
        return {}
    client = {
        "clientId": settings.sign_in_client,
        "scopes": " ".join(SCOPES),
        "usePkceWithAuthorizationCodeGrant": True,
    }
    return {"oauth2_redirect_url": REDIRECT, "init_oauth": client}


def origins(settings: Settings) -> tuple[str, ...]:
    """The origins that the documentation page may call: that of the issuer."""
    if settings.sign_in_issuer is None:
        return ()
    parts = urlsplit(settings.sign_in_issuer)
    return (f"{parts.scheme}://{parts.netloc}",)
