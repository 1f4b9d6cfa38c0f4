"""The edge of a service: one ASGI layer around every request, which converts errors into answers."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import localisation
import orjson
import structlog
import tracing
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute, iter_route_contexts
from localisation import Counted, Phrase
from localisation.field_words import TYPES, words_of
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import errors, telemetry
from chassis.auth import marks_of
from chassis.errors import Malformed, Problem

log = structlog.get_logger()
CORRELATION_HEADER = "X-Correlation-Id"
QUIET = frozenset({"/livez", "/readyz", "/metrics"})
_FRAMEWORK: dict[int, type[Problem]] = {
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NoSuchAddress,
    405: errors.MethodNotAllowed,
}
_WITH_DETAIL: dict[int, type[Problem]] = {each.status: each for each in (errors.TooLarge, errors.TooSlow)}


class Busy(errors.Unavailable):
    code = "busy"
    title = "A concurrent transaction holds a lock"
    detail = "Nothing was changed."


class Clash(errors.Conflict):
    code = "clash"
    title = "The change violates a constraint of the database"
    detail = "The database constraint {constraint} forbids it."
    hint = "Look for another record with the same value."


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """The limit of a body's size, and the timeout for receiving it."""

    size_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Takes:
    """The limit of the body of a route, from the settings; declared at a parameter of its endpoint.

    async def upload(request: Annotated[Request, Takes(lambda settings: BodyLimit(...))]) -> ...
    """

    limit: Callable[[Any], BodyLimit]


class Bodies:
    """The limits of bodies by path: of a route that declares its own, of a prefix, or the default."""

    def __init__(self, default: BodyLimit, prefixes: Mapping[str, BodyLimit]) -> None:
        self._default = default
        self._own = [(re.compile(f"{re.escape(prefix)}.*"), limit) for prefix, limit in prefixes.items()]

    def declare(self, app: FastAPI, settings: Any) -> None:
        """Read what the routes of an application declare."""
        paths: dict[BodyLimit, list[str]] = {}
        for route in iter_route_contexts(app.routes):
            call = getattr(getattr(route, "dependant", None), "call", None)
            for mark in marks_of(call) if call is not None else ():
                if isinstance(mark, Takes):
                    path = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route.path or ""))
                    paths.setdefault(mark.limit(settings), []).append(path)
        self._own += [(re.compile("|".join(each)), limit) for limit, each in paths.items()]

    def limit_of(self, path: str) -> BodyLimit:
        """The limit of a body that is sent to this path."""
        return next((limit for pattern, limit in self._own if pattern.fullmatch(path)), self._default)


class Edge:
    """Hosts, correlation id and trace, body limits, metrics, access log, and a 500 without internals."""

    def __init__(self, app: ASGIApp, bodies: Bodies, hosts: Sequence[str]) -> None:
        self.app = app
        self.bodies = bodies
        self.hosts = None if "*" in hosts else frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        structlog.contextvars.clear_contextvars()
        headers = Headers(scope=scope)
        sent = headers.get(CORRELATION_HEADER, "")
        span = nullcontext() if scope["path"] in QUIET else tracing.serving(scope["method"])
        language = localisation.spoken(headers.get("accept-language"))
        with telemetry.relayed(headers.get("traceparent"), telemetry.readable_correlation_id(sent)), language, span:
            await self._observed(scope, receive, send, headers)

    async def _observed(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        began, status = time.perf_counter(), 0
        limit, declared = self.bodies.limit_of(scope["path"]), headers.get("content-length", "")
        host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[CORRELATION_HEADER] = telemetry.correlation_id.get() or ""
            await send(message)

        try:
            if self.hosts is not None and host not in self.hosts and scope["path"] not in QUIET:
                await respond(errors.Misdirected(host=host))(scope, receive, noted)
            elif declared.isdecimal() and int(declared) > limit.size_bytes:
                answer = respond(errors.TooLarge(detail=_refusal(limit.size_bytes)))
                # The rest of the body is still arriving: the connection cannot carry a second request.
                answer.headers["Connection"] = "close"
                await answer(scope, receive, noted)
            else:
                await self.app(scope, _bounded(receive, limit), noted)
        except Exception:
            log.exception("request_failed", method=scope["method"], path=scope["path"])
            if status:
                raise
            await respond(Problem())(scope, receive, noted)
        finally:
            _report(scope, status, time.perf_counter() - began)


def _refusal(limit_bytes: int) -> Phrase:
    return Phrase(Counted("The limit is {limit} byte.", "The limit is {limit} bytes.", by="limit"), limit=limit_bytes)


def _bounded(receive: Receive, limit: BodyLimit) -> Receive:
    """A body without a declared length is counted while it is read; reading stops at the timeout."""
    received_bytes, complete = 0, False
    deadline = time.monotonic() + limit.seconds

    async def counted() -> Message:
        nonlocal received_bytes, complete
        if complete:  # The next message is the end of the connection, which may take as long as the answer.
            return await receive()
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                message = await receive()
        except TimeoutError:
            waited = f"{limit.seconds:g}"
            refusal = Phrase(
                Counted(
                    "{received} byte arrived within {seconds} seconds.",
                    "{received} bytes arrived within {seconds} seconds.",
                    by="received",
                ),
                received=received_bytes,
                seconds=waited,
            )
            raise HTTPException(errors.TooSlow.status, refusal, {"Connection": "close"}) from None
        received_bytes += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if received_bytes > limit.size_bytes:
            raise HTTPException(errors.TooLarge.status, _refusal(limit.size_bytes), {"Connection": "close"})
        return message

    return counted


def _report(scope: Scope, status: int, seconds: float) -> None:
    route, method, path = scope.get("route"), scope["method"], scope["path"]
    operation = operation_id(route) if isinstance(route, APIRoute) else "none"
    telemetry.HTTP_REQUEST_SECONDS.labels(method, operation, str(status)).observe(seconds)
    if path not in QUIET:
        tracing.served(method, operation, status)
        took = round(seconds * 1000, 1)
        log.info("request", method=method, path=path, operation=operation, status=status, milliseconds=took)


def operation_id(route: APIRoute) -> str:
    """Stable operation ids for clients and metrics, as identifiers: the first tag and the name of the function."""
    return re.sub(r"\W", "_", "_".join([*(str(tag) for tag in route.tags[:1]), route.name]))


def respond(problem: Problem) -> Response:
    """The answer for a problem."""
    content = orjson.dumps(problem.document(telemetry.correlation_id.get()))
    headers = {**localisation.headers(), **problem.headers}
    return Response(content, problem.status, headers=headers, media_type=errors.MEDIA_TYPE)


HANDLED = (Problem, HTTPException, RequestValidationError, DBAPIError, PoolTimeout, OSError)


def install(app: FastAPI) -> None:
    """Convert every error into a problem document: ours, the framework's and the database's."""
    for kind in HANDLED:
        app.add_exception_handler(kind, answer)


async def answer(request: Request, error: Exception) -> Response:
    problem = _told(error)
    if isinstance(problem, errors.MethodNotAllowed):
        problem.headers["Allow"] = _methods(request)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=problem.headers)
    if problem.status >= Problem.status:
        log.error("request_failed", code=problem.code, exc_info=None if error is problem else error)
    return respond(problem)


def _methods(request: Request) -> str:
    """Every method of the path; the framework knows only those of the first matching route."""
    found = {"OPTIONS"}
    for route in iter_route_contexts(request.app.routes):
        fits, _ = route.matches(request.scope)
        if fits is not Match.NONE:
            found |= set(getattr(route, "methods", None) or ())
    return ", ".join(sorted(found))


def _told(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case RequestValidationError(body=bytes(body)) if body:
            return Malformed(errors=[_error("", "media-type", "send JSON, with `Content-Type: application/json`")])
        case RequestValidationError():
            return Malformed(errors=[_told_of(each, each["loc"], error.body) for each in error.errors()])
        case HTTPException():
            return _from_framework(error)
        case _:
            return from_database(error)


def _from_framework(error: HTTPException) -> Problem:
    if error.status_code in _WITH_DETAIL:
        problem: Problem = _WITH_DETAIL[error.status_code](detail=error.detail)
    elif error.status_code in _FRAMEWORK:
        problem = _FRAMEWORK[error.status_code]()
    else:
        problem = Malformed(errors=[_error("", "unreadable", str(error.detail))])
    problem.headers.update(error.headers or {})
    return problem


def from_database(error: Exception) -> Problem:
    """The problem for a database error; an unexpected error stays a 500."""
    away = errors.Unavailable(detail="The database cannot be reached.")
    if not isinstance(error, DBAPIError):
        return away
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state in {"40001", "40P01", "55P03", "57014"}:
        return Busy()
    if error.connection_invalidated or state[:2] in {"08", "53"} or state.startswith("57P"):
        return away
    if isinstance(error, IntegrityError):
        return Clash(constraint=getattr(error.orig and error.orig.__cause__, "constraint_name", None))
    # The driver itself rejects a number out of range, before the database could answer with an SQLSTATE.
    if state.startswith("22") or isinstance(error.orig and error.orig.__cause__, ValueError):
        return Malformed(
            errors=[_error("", "not-storable", "a value cannot be stored: a number out of range, or a NUL character")]
        )
    return Problem()


def refusal(error: Exception) -> Problem:
    """The reason why one of several items was refused. Errors that concern all items are raised again: a bug, an
    unavailable database."""
    problem = error if isinstance(error, Problem) else from_database(error)
    if problem.status >= Problem.status:
        raise error
    return problem


def field_errors(error: ValidationError, document: Any) -> list[dict[str, str]]:
    """The field errors of a document that is not a request's body: a delivery, a row of a file, a patched record."""
    return [_told_of({**each}, ("body", *each["loc"]), document) for each in error.errors()]


def unknown_field(name: str) -> dict[str, str]:
    """The error of a field that is unknown in the shape."""
    return _error(name, *TYPES["extra_forbidden"])


def _told_of(error: dict[str, Any], location: tuple[int | str, ...], body: Any) -> dict[str, str]:
    checked, named = _field(location, body, error["type"]), error.get("ctx", {}).get("field")
    return _error(f"{checked}.{named}".removeprefix(".") if named else checked, *words_of(error))


def _error(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "code": code, "message": message}


def _field(location: tuple[int | str, ...], body: Any, kind: str) -> str:
    """The path as in the request, `billing_address.lines[0]`, without the names of union members."""
    place, *path = location
    if place != "body":
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    text, value = "", body
    for number, part in enumerate(path):
        known: Any = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(known, dict) and part in known:
            value = known[part]
        elif kind != "missing" or number < len(path) - 1:
            continue
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
