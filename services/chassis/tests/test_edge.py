import asyncio
from typing import Any

import documentation
import pytest
from chassis import telemetry
from chassis.auth import public, requires
from fastapi import APIRouter, Request

MEBIBYTE = 1024 * 1024


def routes() -> APIRouter:
    router = APIRouter(prefix="/v1/bodies", tags=["bodies"])

    @router.post("", dependencies=[public])
    async def measure(request: Request) -> int:
        return len(await request.body())

    @router.post("/json", dependencies=[public])
    async def read(body: dict[str, Any]) -> int:
        return len(body)

    @router.get("/trace", dependencies=[public])
    async def trace() -> dict[str, str | None]:
        return {"traceparent": telemetry.traceparent(), "correlation_id": telemetry.correlation_id.get()}

    @router.delete("", dependencies=[requires("bodies:write")])
    async def clear() -> None:
        return None

    return router


async def raw_call(
    app: Any, path: str, chunk: bytes, chunks: int, headers: list[tuple[bytes, bytes]]
) -> tuple[list[Any], int]:
    """Call the application as a server would; tell what it answered, and how many chunks it took."""
    taken = 0
    answer: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": chunk, "more_body": taken < chunks}

    async def send(message: Any) -> None:
        answer.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    await app({**scope, "asgi": {"version": "3.0"}, "http_version": "1.1", "root_path": ""}, receive, send)
    return answer, taken


@pytest.mark.parametrize("path", ["/v1/bodies", "/v1/bodies/json", "/nowhere"])
async def test_200_mebibytes_are_refused_without_being_read(make_app: Any, path: str) -> None:
    length = (b"content-length", str(200 * MEBIBYTE).encode())
    answer, taken = await raw_call(make_app([routes()]), path, b"x" * MEBIBYTE, 200, [length])
    assert taken == 0
    assert answer[0]["status"] == 413
    assert (b"content-type", b"application/problem+json") in answer[0]["headers"]
    assert (b"connection", b"close") in answer[0]["headers"]


@pytest.mark.parametrize("path", ["/v1/bodies", "/v1/bodies/json"])
async def test_a_body_without_a_length_is_cut_off_at_the_limit(make_app: Any, path: str) -> None:
    headers = [(b"transfer-encoding", b"chunked"), (b"content-type", b"application/json")]
    answer, taken = await raw_call(make_app([routes()]), path, b"x" * (MEBIBYTE // 4), 800, headers)
    assert taken == 5
    assert answer[0]["status"] == 413
    assert (b"content-type", b"application/problem+json") in answer[0]["headers"]


async def test_a_body_up_to_the_limit_is_taken(make_app: Any, calls: Any) -> None:
    async with calls(make_app([routes()])) as client:
        assert (await client.post("/v1/bodies", content=b"x" * MEBIBYTE)).json() == MEBIBYTE
        assert (await client.post("/v1/bodies", content=b"x" * (MEBIBYTE + 1))).status_code == 413


async def test_a_delivery_may_be_as_large_as_the_event_that_caused_it(make_app: Any, calls: Any) -> None:
    port = APIRouter(prefix="/replication/v1", tags=["replication"])

    @port.post("/note", dependencies=[public])
    async def deliver(request: Request) -> int:
        return len(await request.body())

    async with calls(make_app([port, routes()])) as client:
        assert (await client.post("/replication/v1/note", content=b"x" * 8 * MEBIBYTE)).json() == 8 * MEBIBYTE
        assert (await client.post("/replication/v1/note", content=b"x" * (8 * MEBIBYTE + 1))).status_code == 413
        assert (await client.post("/v1/bodies", content=b"x" * 8 * MEBIBYTE)).status_code == 413


async def test_the_correlation_id_of_the_caller_is_kept_if_it_is_harmless(make_app: Any, calls: Any) -> None:
    async with calls(make_app([routes()])) as client:
        kept = await client.get("/livez", headers={"X-Correlation-Id": "order-7:a"})
        forged = await client.get("/livez", headers={"X-Correlation-Id": 'x"} {"level": "error'})
        fresh = await client.get("/livez")
    assert kept.headers["x-correlation-id"] == "order-7:a"
    assert len(forged.headers["x-correlation-id"]) == len(fresh.headers["x-correlation-id"]) == 32
    assert forged.headers["x-correlation-id"] != fresh.headers["x-correlation-id"]


async def test_the_trace_of_the_caller_goes_on_and_requests_do_not_mix(make_app: Any, calls: Any) -> None:
    parents = [f"00-{number:032x}-{number:016x}-01" for number in range(1, 20)]
    async with calls(make_app([routes()])) as client:
        answers = await asyncio.gather(
            *(client.get("/v1/bodies/trace", headers={"traceparent": parent}) for parent in parents)
        )
        alone = await client.get("/v1/bodies/trace", headers={"traceparent": "nonsense"})
    assert [answer.json()["traceparent"] for answer in answers] == parents
    assert len({answer.json()["correlation_id"] for answer in answers}) == len(parents)
    assert alone.json()["traceparent"].startswith("00-")
    assert telemetry.correlation_id.get() is None


async def test_readiness_names_what_fails_and_does_not_wait_for_ever(make_app: Any, calls: Any) -> None:
    async def good(_: Any) -> None:
        return None

    async def bad(_: Any) -> None:
        raise RuntimeError("secret address")

    async def hangs(_: Any) -> None:
        await asyncio.sleep(60)

    async with calls(make_app(checks={"database": good, "broker": bad, "hub": hangs})) as client:
        answer = await asyncio.wait_for(client.get("/readyz"), timeout=5)
        assert (await client.get("/livez")).json() == {"status": "alive"}
    assert answer.status_code == 503
    assert answer.json()["failing"] == "broker, hub"
    assert "secret" not in answer.text
    async with calls(make_app(checks={"database": good})) as client:
        assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_requests_are_counted_by_operation_not_by_address(make_app: Any, calls: Any) -> None:
    async with calls(make_app([routes()])) as client:
        await client.post("/v1/bodies", content=b"x")
        await client.get("/v1/bodies/no-such-thing")
        text = (await client.get("/metrics")).text
    assert 'http_request_seconds_count{method="POST",operation="bodies_measure",status="200"}' in text
    assert "no-such-thing" not in text
    for name in ("outbox_pending", "outbox_oldest_age_seconds", "commit_to_visible_seconds"):
        assert name in text


async def test_the_documentation_needs_no_other_host(make_app: Any, calls: Any) -> None:
    async with calls(make_app([routes(), documentation.router])) as client:
        page = (await client.get("/docs")).text
        script = await client.get("/docs/swagger-ui-bundle.js")
        style = await client.get("/docs/swagger-ui.css")
        document = (await client.get("/openapi.json")).json()
    assert "http://" not in page
    assert "https://" not in page
    assert script.status_code == style.status_code == 200
    assert b"SwaggerUIBundle" in script.content[:2000]
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    operation = document["paths"]["/v1/bodies/json"]["post"]
    assert document["paths"]["/v1/bodies"]["delete"]["security"] == [{"bearer": ["bodies:write"]}]
    assert operation["operationId"] == "bodies_read"
    assert "application/problem+json" in operation["responses"]["4XX"]["content"]
    assert "ProblemDocument" in document["components"]["schemas"]
