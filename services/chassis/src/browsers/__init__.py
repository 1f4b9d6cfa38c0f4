"""Support for browsers: cross-origin requests, headers that restrict pages, answers 304."""

import re
from collections.abc import Sequence
from hashlib import blake2b

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware

PREFLIGHT_SECONDS = 600
COMPRESSED_FROM_BYTES = 1024
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SENT = (
    "Accept-Language", "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range",
    "Last-Event-ID", "Range", "X-Correlation-Id", "traceparent",
)  # fmt: skip
SHOWN = (
    "Deprecation", "Sunset",
    "Accept-Ranges", "Allow", "Content-Disposition", "Content-Range", "Deprecation", "ETag", "Link", "Location",
    "Retry-After", "Sunset", "WWW-Authenticate", "X-Correlation-Id",
)  # fmt: skip

ORIGIN = re.compile(r"https?://[a-zA-Z0-9.-]+(?::(?:\d{1,5}|\*))?|https?://\[[0-9a-fA-F:]+\](?::(?:\d{1,5}|\*))?")
ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-site"),
)
NOTHING_LOADS = "default-src 'none'; frame-ancestors 'none'"
PAGE_LOADS = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src {calls}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The documentation page loads its script and style from this service, and contains an inline script."""

TRANSPORT_SECONDS = 31_536_000
POLICY = b"content-security-policy"
TRANSPORT = (b"strict-transport-security", f"max-age={TRANSPORT_SECONDS}".encode())
PRIVATE = (b"cache-control", b"private, no-cache")
DIGEST_BYTES = 6
OK, NOT_MODIFIED = 200, 304


def checked_origin(origin: str) -> str:
    """An origin as a browser sends it, `https://app.example.com:8443`; `*` stands for any port.

    Raises `ValueError` for any other text, also for `*` alone.
    """
    if not ORIGIN.fullmatch(origin):
        raise ValueError(f"{origin!r} is not an origin like https://app.example.com or http://localhost:*")
    return origin.lower()


def page_loads(*origins: str) -> str:
    """The content security policy of a page whose script may call these origins, beside its own."""
    return PAGE_LOADS.format(calls=" ".join(("'self'", *origins)))


def layers(origins: Sequence[str]) -> list[Middleware]:
    """The layers around an application, the outermost first. Origins that are not listed get no CORS headers."""
    pattern = "|".join(re.escape(each).replace(r":\*", r"(?::\d{1,5})?") for each in origins)
    cross_origin = Middleware(
        CORSMiddleware,
        allow_origin_regex=pattern or "(?!)",
        allow_methods=METHODS,
        allow_headers=SENT,
        expose_headers=SHOWN,
        max_age=PREFLIGHT_SECONDS,
    )
    return [
        cross_origin,
        Middleware(CompressMiddleware, minimum_size=COMPRESSED_FROM_BYTES),
        Middleware(Secured),
        Middleware(Tagged),
    ]


class Secured:
    """Adds security headers for browsers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with_token = any(name == b"authorization" for name, _ in scope["headers"])

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message["headers"])
                known = dict(headers)
                is_page = known.get(b"content-type", b"").startswith(b"text/html")
                added = [*ALWAYS, (POLICY, page_loads().encode() if is_page else NOTHING_LOADS.encode())]
                if scope.get("scheme") == "https":
                    added.append(TRANSPORT)
                if with_token:
                    added.append(PRIVATE)
                headers += [each for each in added if each[0] not in known]
            await send(message)

        await self.app(scope, receive, secured)


class Tagged:
    """Extends the `ETag` of a read to the whole answer, and answers 304 when the caller already has this answer.

    A record's version counts its own changes. Other parts of the answer, such as the state of other systems, change
    without it: `"7"` becomes `"7-` and a digest of the body. `If-Match` compares the version alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        held: Message | None = None

        async def tagged(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                if message["status"] == OK and "etag" in Headers(raw=message["headers"]):
                    held = message
                    return
            elif held is not None:
                start, held = held, None
                whole = not message.get("more_body", False)
                if whole and _tag(start, message.get("body", b""), known):
                    message = {**message, "body": b""}
                await send(start)
            await send(message)

        await self.app(scope, receive, tagged)


def _tag(start: Message, body: bytes, known: str) -> bool:
    """Set the tag of an answer; returns whether the caller has this answer already, and it became a 304."""
    headers = MutableHeaders(scope=start)
    version = headers["etag"].strip('"')
    tag = headers["etag"] = f'"{version}-{blake2b(body, digest_size=DIGEST_BYTES).hexdigest()}"'
    # Compared weakly: RFC 9110, section 13.1.2.
    if known.strip() != "*" and tag not in (each.strip().removeprefix("W/") for each in known.split(",")):
        return False
    start["status"] = NOT_MODIFIED
    for name in ("content-length", "content-type"):
        del headers[name]
    return True
