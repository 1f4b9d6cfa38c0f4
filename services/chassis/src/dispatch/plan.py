"""The plan of a route: what is called for a request, in which order, with what."""

import email.message
import inspect
import json
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import params
from fastapi._compat import Undefined
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import (
    Dependant,
    _get_cache_key,
    _get_oauth_scopes,
    _is_async_gen_callable,
    _is_coroutine_callable,
    _is_gen_callable,
)
from fastapi.dependencies.utils import request_body_to_args
from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.responses import Response
from fastapi.routing import serialize_response
from fastapi.security import SecurityScopes
from fastapi.utils import is_body_allowed_for_status_code
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request

from dispatch.parameters import Parameters

JSON_TYPES = frozenset({"application/json", "application/merge-patch+json"})
STACK = "dispatch.stack"
NO_BODY = Undefined
Overrides = Mapping[Callable[..., Any], Callable[..., Any]]


class NotPlanned(Exception):
    """The route uses what plans do not cover."""


class _Step:
    """One call: of a dependency, or of the endpoint."""

    def __init__(self, dependant: Dependant, arguments: list[tuple[str | None, int]]) -> None:
        call = dependant.call
        if call is None or dependant.cookie_params or dependant.concurrency is not None:
            raise NotPlanned
        if dependant.websocket_param_name or dependant.background_tasks_param_name:
            raise NotPlanned
        self.call = call
        self.opens = _is_async_gen_callable(call)
        if self.opens and dependant.scope != "function":
            raise NotPlanned
        if not self.opens and (_is_gen_callable(call) or not _is_coroutine_callable(call)):
            raise NotPlanned
        self.needs = [place for _, place in arguments]
        self.arguments = [(name, place) for name, place in arguments if name is not None]
        self.path = Parameters(dependant.path_params, {})
        self.query = Parameters(dependant.query_params, QueryParams(""))
        self.header = Parameters(dependant.header_params, Headers({}))
        self.body = dependant.body_params
        self.request = dependant.request_param_name or dependant.http_connection_param_name
        self.response = dependant.response_param_name
        self.scopes = dependant.security_scopes_param_name
        self.oauth_scopes = _get_oauth_scopes(dependant=dependant)
        if self.opens:
            self.open = asynccontextmanager(call)

    async def arguments_of(self, known: "_Known", done: list[Any]) -> dict[str, Any] | None:
        """The arguments of the call; None when one is wrong."""
        values: dict[str, Any] = {name: done[place] for name, place in self.arguments}
        errors: list[Any] = []
        if self.path:
            errors += self.path.read(known.request.path_params, known.in_path, values)
        if self.query:
            errors += self.query.read(known.request.query_params, known.in_query, values)
        if self.header:
            errors += self.header.read(known.request.headers, known.in_headers, values)
        if self.body:
            found, wrong = await request_body_to_args(self.body, known.body, known.embedded)
            values.update(found)
            errors += wrong
        if self.request:
            values[self.request] = known.request
        if self.response:
            values[self.response] = known.response
        if self.scopes:
            values[self.scopes] = SecurityScopes(scopes=self.oauth_scopes)
        known.errors += errors
        return None if errors else values


_NOTHING: frozenset[str] = frozenset()


class _Known:
    """What a request says, while it is served."""

    def __init__(self, request: Request, body: Any, embedded: bool) -> None:
        self.request, self.body, self.embedded = request, body, embedded
        self.in_path = frozenset(request.path_params)
        self.in_query = _NOTHING
        if request.scope["query_string"]:
            self.in_query = frozenset(each.lower() for each in request.query_params)
        self.in_headers = frozenset(each.decode("latin-1") for each, _ in request.scope["headers"])
        self.response = Response()
        self.response.raw_headers.clear()
        self.response.status_code = None  # type: ignore[assignment]  # As FastAPI: no dependency has set it.
        self.errors: list[Any] = []


FAILED = object()


class Plan:
    """Serves one route: a function of a request, like the handler that FastAPI makes."""

    def __init__(self, route: Any, overrides: Callable[[], Overrides]) -> None:
        self.route, self.overrides = route, overrides
        field = route.body_field
        if route.is_sse_stream or route.is_json_stream or route.stream_item_field:
            raise NotPlanned
        if field is not None and isinstance(field.field_info, params.Form):
            raise NotPlanned
        if not isinstance(route.response_class, DefaultPlaceholder) or inspect.isgeneratorfunction(route.endpoint):
            raise NotPlanned
        self.steps: list[_Step] = []
        self._add(route.dependant, {})

    def _add(self, dependant: Dependant, places: dict[Any, int]) -> int:
        arguments = [(each.name, self._place(each, places)) for each in dependant.dependencies]
        self.steps.append(_Step(dependant, arguments))
        return len(self.steps) - 1

    def _place(self, dependant: Dependant, places: dict[Any, int]) -> int:
        key = _get_cache_key(dependant=dependant)
        if key not in places or not dependant.use_cache:
            places[key] = self._add(dependant, places)
        return places[key]

    async def __call__(self, request: Request) -> Response:
        body = await _body_of(request) if self.route.body_field else NO_BODY
        known = _Known(request, body, self.route._embed_body_fields)
        found = await self._run(known, request.scope[STACK])
        if known.errors:
            raise RequestValidationError(known.errors, body=None if body is NO_BODY else body)
        return found if isinstance(found, Response) else await self._written(found, known.response)

    async def _run(self, known: _Known, stack: AsyncExitStack) -> Any:
        overrides, done, last = self.overrides(), list[Any](), self.steps[-1]
        for step in self.steps:
            if step.call in overrides:
                given = overrides[step.call]()
                done.append(await given if inspect.isawaitable(given) else given)
                continue
            values = await step.arguments_of(known, done)
            if values is None or any(done[place] is FAILED for place in step.needs) or (step is last and known.errors):
                done.append(FAILED)  # The steps that follow add their errors.
            elif step.opens:
                done.append(await stack.enter_async_context(step.open(**values)))
            else:
                done.append(await step.call(**values))
        return done[-1]

    async def _written(self, found: Any, described: Response) -> Response:
        route = self.route
        content = await serialize_response(
            field=route.response_field,
            response_content=found,
            include=route.response_model_include,
            exclude=route.response_model_exclude,
            by_alias=route.response_model_by_alias,
            exclude_unset=route.response_model_exclude_unset,
            exclude_defaults=route.response_model_exclude_defaults,
            exclude_none=route.response_model_exclude_none,
            dump_json=route.response_field is not None,
        )
        status: int = described.status_code or route.status_code or 200
        if not is_body_allowed_for_status_code(status):
            content = b""
        elif route.response_field is None:
            content = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        response = Response(content, status, media_type="application/json")
        response.headers.raw.extend(described.headers.raw)
        return response


async def _body_of(request: Request) -> Any:
    """The body: parsed if it is said to be JSON, its bytes if not, as FastAPI reads it."""
    content = await request.body()
    if not content:
        return NO_BODY
    if not _is_json(request.headers.get("content-type", "")):
        return content
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        place = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error", "input": {}}
        raise RequestValidationError([{**place, "ctx": {"error": error.msg}}], body=error.doc) from error
    except Exception as error:
        raise HTTPException(400, "There was an error parsing the body") from error


def _is_json(content_type: str) -> bool:
    if content_type in JSON_TYPES:
        return True
    message = email.message.Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
