"""The layer around FastAPI's router: a request that a plan can serve does not reach it."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from dispatch.index import Index
from dispatch.plan import STACK, NotPlanned, Plan

Handler = Callable[[Request], Awaitable[Response]]
Answer = Callable[[Request, Exception], Awaitable[Response]]
"""The answer for an error."""


class Dispatch:
    """Serves the routes that have a plan, and passes all other requests on.

    A route class with a method `around` wraps the plan of its routes with it. Errors of the types in `handled` are
    answered by `answer`; others are raised.
    """

    def __init__(self, app: ASGIApp, answer: Answer, handled: tuple[type[Exception], ...]) -> None:
        self.app, self.answer, self.handled = app, answer, handled
        self._index: Index | None = None
        self._handlers: dict[int, Handler | None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handler(scope) if scope["type"] == "http" and not scope.get("root_path") else None
        if handler is None:
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            async with AsyncExitStack() as scope[STACK]:
                response = await handler(request)
        except self.handled as error:
            response = await self.answer(request, error)
        await response(scope, receive, send)

    def _handler(self, scope: Scope) -> Handler | None:
        app: FastAPI = scope["app"]
        if self._index is None:
            self._index = Index(iter_route_contexts(app.routes))
        found = self._index.find(scope["method"], scope["path"])
        if found is None:
            return None
        context = found.route
        if id(context) not in self._handlers:
            self._handlers[id(context)] = _planned(context, app)
        handler = self._handlers[id(context)]
        if handler is not None:
            scope["route"], scope["endpoint"] = context.original_route, context.endpoint
            scope["path_params"] = found.path_params
        return handler


def _planned(context: Any, app: FastAPI) -> Handler | None:
    try:
        plan: Handler = Plan(context, lambda: app.dependency_overrides)
    except NotPlanned:
        return None
    around = getattr(context.original_route, "around", None)
    return around(plan) if around else plan
