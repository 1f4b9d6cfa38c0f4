from collections.abc import Callable

import httpx
import pytest
from chassis import telemetry
from chassis.client import Unreachable, call, create_client


def client_for(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    return create_client("http://erp.test", transport=httpx.MockTransport(answer))


async def test_a_call_carries_correlation_id_and_trace() -> None:
    parent = f"00-{'a' * 32}-{'b' * 16}-01"
    async with client_for(lambda request: httpx.Response(200, json=dict(request.headers))) as client:
        with telemetry.relayed(parent, "c-7"):
            sent = (await call(client, "GET", "/v1/things")).json()
    assert (sent["x-correlation-id"], sent["traceparent"]) == ("c-7", parent)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_an_answer_that_means_not_now_is_unreachable(status: int) -> None:
    async with client_for(lambda _: httpx.Response(status, headers={"Retry-After": "7"})) as client:
        with pytest.raises(Unreachable, match=str(status)) as refused:
            await call(client, "POST", "/v1/things")
    assert refused.value.headers["Retry-After"] == "7"


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("late"), httpx.ReadError("cut")])
async def test_no_answer_is_unreachable(error: httpx.TransportError) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    async with client_for(fail) as client:
        with pytest.raises(Unreachable):
            await call(client, "GET", "/v1/things")


@pytest.mark.parametrize("status", [200, 404, 409, 412])
async def test_a_refusal_is_an_answer(status: int) -> None:
    async with client_for(lambda _: httpx.Response(status)) as client:
        assert (await call(client, "GET", "/v1/things")).status_code == status
