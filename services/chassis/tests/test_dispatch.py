"""The dispatcher answers as FastAPI does."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from dispatch import Dispatch
from dispatch.index import Index
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Path, Query, Request, Response, Security
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from fastapi.security import SecurityScopes
from pydantic import BaseModel
from starlette.middleware import Middleware

ID = "01a22474-ff5b-7505-8a8d-e1e24c4b3bb0"


class Filters(BaseModel):
    state: str | None = None
    number: int | None = None


class Body(BaseModel):
    name: str
    amount: int = 1


class Shown(BaseModel):
    name: str


opened: list[str] = []


async def allowed(scopes: SecurityScopes, caller: Annotated[str, Header()] = "none") -> str:
    return f"{caller}: {scopes.scope_str}"


async def session() -> AsyncIterator[str]:
    opened.append("open")
    try:
        yield "session"
    except ValueError:
        opened.append("undo")
        raise
    opened.append("close")


Session = Annotated[str, Depends(session, scope="function")]


async def limited(
    caller: Annotated[str, Security(allowed, scopes=["read"])], limit: Annotated[int, Query(le=9)] = 5
) -> Any:
    return [caller, limit]


def in_a_thread() -> str:
    return "thread"


router = APIRouter(prefix="/v1/things")


@router.get("")
async def listed(
    request: Request, limited: Annotated[Any, Depends(limited)], filters: Annotated[Filters, Query()], own: Session
) -> list[Any]:
    return [limited, filters.model_dump(), own, str(request.url.query)]


@router.get(":export")
async def exported() -> Response:
    return Response(b"a;b", media_type="text/csv")


@router.post("", status_code=201, dependencies=[Security(allowed, scopes=["write"])])
async def entered(body: Body, response: Response, session: Session) -> Shown:
    response.headers["Location"] = "/v1/things/1"
    return Shown(name=body.name)


@router.get("/last")
async def last() -> dict[str, float]:
    return {"last": 1.5}


@router.get("/{thing_id}")
async def one(thing_id: UUID, session: Session, if_match: Annotated[str | None, Header()] = None) -> dict[str, Any]:
    if if_match == "fail":
        raise HTTPException(412, "stale")
    return {"id": thing_id, "if_match": if_match}


@router.delete("/{thing_id}", status_code=204)
async def removed(thing_id: Annotated[int, Path(ge=1)]) -> None: ...


@router.get("/{thing_id}/thread")
async def threaded(thing_id: str, found: Annotated[str, Depends(in_a_thread)]) -> str:
    return found + thing_id


def application(*, dispatched: bool) -> FastAPI:
    async def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return await http_exception_handler(request, error)
        assert isinstance(error, RequestValidationError)
        return await request_validation_exception_handler(request, error)

    layers = [Middleware(Dispatch, answer=answer, handled=(HTTPException, RequestValidationError))]
    app = FastAPI(middleware=layers if dispatched else [])
    app.include_router(router)
    return app


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", "/v1/things", {}),
        ("GET", "/v1/things?limit=3&state=open&number=2", {"headers": {"caller": "t"}}),
        ("GET", "/v1/things?limit=30&number=x", {}),
        ("GET", "/v1/things?LIMIT=3", {}),
        ("GET", "/v1/things:export", {}),
        ("GET", "/v1/things/last", {}),
        ("GET", f"/v1/things/{ID}", {}),
        ("GET", f"/v1/things/{ID}", {"headers": {"If-Match": '"7"'}}),
        ("GET", f"/v1/things/{ID}", {"headers": {"If-Match": "fail"}}),
        ("GET", "/v1/things/none", {}),
        ("GET", "/v1/things/a%2Fb/thread", {}),
        ("GET", "/v1/things/7/thread", {}),
        ("GET", "/v1/nothing", {}),
        ("PUT", "/v1/things", {}),
        ("DELETE", "/v1/things/7", {}),
        ("DELETE", "/v1/things/0", {}),
        ("POST", "/v1/things", {"json": {"name": "a"}}),
        ("POST", "/v1/things", {"json": {"amount": "x"}}),
        ("POST", "/v1/things", {"content": b'{"name": "a"}', "headers": {"content-type": "application/x+json; a=b"}}),
        ("POST", "/v1/things", {"content": b'{"name": "a"}', "headers": {"content-type": "text/plain"}}),
        ("POST", "/v1/things", {"content": b'{"name": ', "headers": {"content-type": "application/json"}}),
        ("POST", "/v1/things", {"content": b"\xff", "headers": {"content-type": "application/json"}}),
        ("POST", "/v1/things", {}),
    ],
)
async def test_an_answer_is_the_one_of_the_framework(method: str, path: str, sent: dict[str, Any]) -> None:
    answers = []
    for dispatched in (True, False):
        opened.clear()
        transport = httpx.ASGITransport(application(dispatched=dispatched))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.request(method, path, **sent)
        answers.append((answer.status_code, answer.content, sorted(answer.headers.multi_items()), list(opened)))
    assert answers[0] == answers[1]


def test_a_route_is_found_among_those_before_it() -> None:
    index = Index(iter_route_contexts(application(dispatched=True).routes))
    found = index.find("GET", f"/v1/things/{ID}")
    assert found is not None
    assert (found.route.endpoint, found.path_params) == (one, {"thing_id": ID})
    assert index.find("GET", "/openapi.json") is None
