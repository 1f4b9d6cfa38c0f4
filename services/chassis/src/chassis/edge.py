"""The edge of a service: one ASGI layer around every request, and the place where errors become answers."""

import re
import time
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from opentelemetry import trace
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import telemetry
from chassis.errors import (
    MEDIA_TYPE,
    Conflict,
    Forbidden,
    Malformed,
    MethodNotAllowed,
    NoSuchAddress,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

log = structlog.get_logger()
CORRELATION_HEADER = "X-Correlation-Id"
QUIET = frozenset({"/livez", "/readyz", "/metrics"})
_SAFE_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}")


class Busy(Unavailable):
    code = "busy"
    title = "Another transaction was in the way"
    detail = "Nothing was changed."


class Clash(Conflict):
    code = "clash"
    title = "This clashes with data that is there already"
    detail = "The database rule {constraint} forbids it."
    hint = "Look for the record that holds the value already."


class Edge:
    """Correlation id and trace, body limit, metrics, access log, and a 500 without internals."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self.app = app
        self.limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        structlog.contextvars.clear_contextvars()
        headers = Headers(scope=scope)
        sent = headers.get(CORRELATION_HEADER, "")
        # FastAPI has read the caller's trace already when it records spans itself.
        recording = trace.get_current_span().is_recording()
        with telemetry.adopted(
            parent=None if recording else headers.get("traceparent"),
            correlation=sent if _SAFE_ID.fullmatch(sent) else None,
        ):
            declared = headers.get("content-length", "")
            await self._observed(scope, receive, send, int(declared) if declared.isdecimal() else 0)

    async def _observed(self, scope: Scope, receive: Receive, send: Send, declared_bytes: int) -> None:
        began, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[CORRELATION_HEADER] = telemetry.correlation_id.get() or ""
            await send(message)

        try:
            if declared_bytes > self.limit_bytes:
                answer = respond(TooLarge(limit_bytes=self.limit_bytes))
                # The rest of the body is on its way: the connection cannot be used for a second request.
                answer.headers["Connection"] = "close"
                await answer(scope, receive, noted)
            else:
                await self.app(scope, self._bounded(receive), noted)
        except Exception:
            log.exception("request_failed", method=scope["method"], path=scope["path"])
            if status:
                raise
            await respond(Problem())(scope, receive, noted)
        finally:
            self._report(scope, status, time.perf_counter() - began)

    def _bounded(self, receive: Receive) -> Receive:
        """A body without a declared length is counted as it comes."""
        received_bytes = 0

        async def counted() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > self.limit_bytes:
                raise HTTPException(TooLarge.status, headers={"Connection": "close"})
            return message

        return counted

    @staticmethod
    def _report(scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        operation = operation_id(route) if isinstance(route, APIRoute) else "none"
        telemetry.HTTP_REQUEST_SECONDS.labels(scope["method"], operation, str(status)).observe(seconds)
        if scope["path"] not in QUIET:
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                operation=operation,
                status=status,
                milliseconds=round(seconds * 1000, 1),
            )


def operation_id(route: APIRoute) -> str:
    """Stable names for clients and metrics: the first tag and the name of the function."""
    return "_".join([*(str(tag) for tag in route.tags[:1]), route.name])


def respond(problem: Problem) -> Response:
    """The answer that tells a problem."""
    content = orjson.dumps(problem.document(telemetry.correlation_id.get()))
    return Response(content, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Every error leaves as a problem document: ours, the framework's and the database's."""

    async def ours(_: Request, error: Exception) -> Response:
        return respond(error if isinstance(error, Problem) else Problem())

    async def framework(_: Request, error: Exception) -> Response:
        return respond(_from_framework(error)) if isinstance(error, HTTPException) else respond(Problem())

    async def malformed(_: Request, error: Exception) -> Response:
        errors = _field_errors(error) if isinstance(error, RequestValidationError) else []
        return respond(Malformed(errors=errors))

    async def database(_: Request, error: Exception) -> Response:
        problem = from_database(error)
        log.log(40 if problem.status == Problem.status else 30, "database_error", exc_info=error)
        return respond(problem)

    for kind, handler in (
        (Problem, ours),
        (HTTPException, framework),
        (RequestValidationError, malformed),
        (DBAPIError, database),
        (PoolTimeout, database),
        (OSError, database),
    ):
        app.add_exception_handler(kind, handler)


def _from_framework(error: HTTPException) -> Problem:
    match error.status_code:
        case 401:
            problem: Problem = Unauthenticated()
        case 403:
            problem = Forbidden()
        case 404:
            problem = NoSuchAddress()
        case 405:
            problem = MethodNotAllowed()
        case 413:
            problem = TooLarge()
        case status if status >= 500:
            problem = Problem()
        case _:
            problem = Malformed(errors=[{"field": "", "message": str(error.detail)}])
    problem.headers.update(error.headers or {})
    return problem


def from_database(error: Exception) -> Problem:
    """What a database error means for the caller; one that we did not foresee stays a 500."""
    if not isinstance(error, DBAPIError):
        return Unavailable(detail="The database cannot be reached.")
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state in {"40001", "40P01", "55P03", "57014"}:
        return Busy()
    if error.connection_invalidated or state[:2] in {"08", "53"} or state.startswith("57P"):
        return Unavailable(detail="The database cannot be reached.")
    if isinstance(error, IntegrityError):
        return Clash(constraint=getattr(error.orig and error.orig.__cause__, "constraint_name", None))
    if state.startswith("22"):
        return Malformed(
            errors=[{"field": "", "message": "a value cannot be stored; look for NUL characters"}]
        )
    return Problem()


def _field_errors(error: RequestValidationError) -> list[dict[str, str]]:
    if isinstance(error.body, bytes) and error.body:
        return [{"field": "", "message": "send JSON, with `Content-Type: application/json`"}]
    return [
        {"field": _field(each["loc"], error.body, each["type"]), "message": _message(each)}
        for each in error.errors()
    ]


def field_errors(error: ValidationError, document: Any) -> list[dict[str, str]]:
    """The same for a document that was no request's body: a delivery, a row of a file, a patched record."""
    return [
        {"field": _field(("body", *each["loc"]), document, each["type"]), "message": _message({**each})}
        for each in error.errors()
    ]


def _message(error: dict[str, Any]) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "unknown field: remove it"
        case "json_invalid":
            return f"not JSON: {error['ctx']['error']} (at character {error['loc'][-1]})"
        case _:
            return str(error["msg"]).removeprefix("Value error, ")


def _field(location: tuple[int | str, ...], body: Any, kind: str) -> str:
    """The path as its author wrote it, `billing_address.lines[0]`: names of union members left out."""
    place, *path = location
    if place != "body":
        return ".".join(str(part) for part in path)
    text, value = "", body
    for number, part in enumerate(path):
        known: Any = (
            value if isinstance(value, dict) else dict(enumerate(value if isinstance(value, list) else []))
        )
        if part in known:
            value = known[part]
        elif kind != "missing" or number < len(path) - 1:
            continue
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
