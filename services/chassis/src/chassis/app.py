"""One FastAPI application per service: the same edge, health, documentation and problem catalogue."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC
from typing import Any

import browsers
import structlog
from dispatch import Dispatch
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import Response
from localisation import Phrase
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.middleware import Middleware

from chassis import deprecated, described, serving
from chassis.audit import Viewers
from chassis.auth import Verifier, public
from chassis.deprecated import Deprecated, Deprecations
from chassis.edge import HANDLED, Bodies, BodyLimit, Edge, answer, install, operation_id
from chassis.errors import CATALOGUE, MEDIA_TYPE, NotFound, Unavailable
from chassis.health import Trouble, Vital
from chassis.limits import Rates
from chassis.pages import known_parameters_only
from chassis.routing import built
from chassis.settings import Settings

log = structlog.get_logger()
Resource = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Check = Callable[[FastAPI], Awaitable[None]]
Describe = Callable[[dict[str, Any]], None]
CHECK_SECONDS = 2.0


class NotReady(Unavailable):
    code = "not-ready"
    title = "The service is not ready"
    detail = "Failing: {failing}."
    hint = (
        "`checks` names the failing checks and since when they fail; GET /readyz/{{check}} runs one check alone. "
        "If it is `schema`, the database is older than the code: run `migrate` of the service."
    )


class Failing(Exception):
    """The result of a failing check; it may be shown to anybody who can reach the service."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(f"{trouble.name}: {trouble.reason}")
        self.trouble = trouble


class Service(FastAPI):
    """FastAPI whose OpenAPI document declares the headers of answers, and problem documents as errors."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            described.complete(self, super().openapi())
            self.state.describe(super().openapi())
            deprecated.mark(super().openapi(), self.state.deprecations)
        return super().openapi()


def _refusal(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


def _bodies(settings: Settings) -> Bodies:
    body = BodyLimit(settings.body_limit_bytes, settings.body_seconds)
    # A value that fits into an event must fit into the resulting delivery.
    delivery = BodyLimit(settings.delivery_limit_bytes, settings.body_seconds)
    return Bodies(body, {"/replication/": delivery})


def _keep(app: FastAPI, settings: Settings, checks: Mapping[str, Check], deprecations: Deprecations) -> None:
    """Store what requests of the application need: its settings, what is made of them, checks and deprecations."""
    app.state.settings = settings
    app.state.verifier = Verifier(settings.auth_issuers, settings.auth_audience)
    app.state.rates = Rates(settings.client_requests_per_minute, settings.tenant_requests_per_minute)
    app.state.viewers = Viewers(settings.audited_list_items)
    app.state.vitals = {}
    app.state.checks = dict(checks)
    app.state.deprecations = dict(deprecations)


def create_app(
    settings: Settings,
    *,
    title: str,
    description: str = "",
    routers: Iterable[APIRouter] = (),
    resources: Iterable[Resource] = (),
    checks: Mapping[str, Check] | None = None,
    deprecations: Deprecations | None = None,
    describe: Describe = lambda _document: None,
    tags: Mapping[str, str] | None = None,
) -> FastAPI:
    """The application of a service, or the health pages of a worker if there are no routers.

    `resources` are opened in order when the application starts and closed in reverse order; each may store what it
    opened in `app.state`. `checks` decide readiness: each raises when the checked resource is not usable. `describe`
    completes the API's document.
    """
    bodies = _bodies(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.verifier.report()
        async with AsyncExitStack() as stack:
            for resource in resources:
                await stack.enter_async_context(resource(app))
            yield

    app = Service(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_tags=[{"name": name, "description": text} for name, text in (tags or {}).items()],
        generate_unique_id_function=operation_id,
        responses={
            "4XX": _refusal("Refused; `detail` gives the reason, `hint` what to do."),
            "5XX": _refusal("Not available now: try again later."),
        },
        dependencies=[Depends(known_parameters_only)],
        middleware=[
            *browsers.layers(settings.cors_origins),
            Middleware(Edge, bodies=bodies, hosts=settings.allowed_hosts),
            Middleware(Deprecated),
            Middleware(Dispatch, answer=answer, handled=HANDLED),
        ],
        # By default FastAPI creates four spans a request, with its address, and logs request contents.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    _keep(app, settings, checks or {}, deprecations or {})
    app.state.describe = describe
    install(app)
    for router in (*routers, health, documentation):
        app.include_router(built(router))
    bodies.declare(app, settings)
    return app


health = APIRouter(dependencies=[public], include_in_schema=False)
documentation = APIRouter(dependencies=[public], include_in_schema=False)


@health.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@health.get("/readyz")
async def readyz(request: Request) -> dict[str, str]:
    """Run every check, two seconds in all; the answer names the failing checks, the log contains the reasons."""
    return await _run(request.app, request.app.state.checks)


@health.get("/readyz/{check}")
async def readyz_of(request: Request, check: str) -> dict[str, str]:
    """Run one check: a load balancer uses `database` alone, because the API answers requests without a worker."""
    checks: dict[str, Check] = request.app.state.checks
    if check not in checks:
        raise NotFound(hint=Phrase("The checks are: {checks}.", checks=", ".join(checks)))
    return await _run(request.app, {check: checks[check]})


async def _run(app: FastAPI, checks: Mapping[str, Check]) -> dict[str, str]:
    # One after another: a probe uses one connection of the pool, independent of the number of checks.
    deadline = asyncio.get_running_loop().time() + CHECK_SECONDS
    outcomes = [await _trouble(name, check, app, deadline) for name, check in checks.items()]
    if failing := [found for found in outcomes if found is not None]:
        raise NotReady(failing=", ".join(found["check"] or "" for found in failing), checks=failing)
    return {"status": "ready"}


async def _trouble(name: str, check: Check, app: FastAPI, deadline: float) -> dict[str, str | None] | None:
    """The failure of the check, and since when; it is logged once when it begins and once when it ends."""
    own = app.state.vitals.setdefault(name, Vital(f"readiness: {name}"))
    found = Trouble(name, None, "it fails")
    try:
        async with asyncio.timeout_at(deadline):
            await check(app)
    except Exception as error:  # Any error means: not ready.
        own.fails(str(error) if isinstance(error, Failing) else error)
        found = error.trouble if isinstance(error, Failing) else found
    else:
        own.recovers()
        return None
    since = found.since or own.since
    what = {"check": name, "what": found.name, "reason": found.reason}
    return {**what, "since": since and since.astimezone(UTC).isoformat(timespec="seconds")}


@health.get("/metrics")
async def metrics() -> Response:
    return Response(serving.metrics(), media_type=CONTENT_TYPE_LATEST)


@documentation.get("/problems")
async def problems() -> list[dict[str, Any]]:
    return [CATALOGUE[code].entry() for code in sorted(CATALOGUE)]


@documentation.get("/problems/{code}")
async def problem(code: str) -> dict[str, Any]:
    if code not in CATALOGUE:
        raise NotFound(hint="GET /problems lists the catalogue.")
    return CATALOGUE[code].entry()
