"""Imports over HTTP: uploaded, previewed, run as a job, each row with its outcome."""

import asyncio
import csv
import io
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.testing import OTHER_TENANT, caller
from crm.wiring import IMPORTS, SERVICE
from importing import UPLOADS, ImportJobs, Target
from importing.models import Chunk, RowOutcome, Upload
from jobs import Job, Runner
from sqlalchemy import delete, func, select, text

pytestmark = pytest.mark.servers
SCOPES = "jobs:read jobs:write customers:read customers:write orders:read orders:write products:read products:write"
FIRMS = "id,company,country\nALFKI,Alfreds,DE\nANATR,Ana Trujillo,Atlantis\nBOLID,'=Bolido,ES\n"
PARAMETERS = {"target": "customers", "key": "id", "columns": "company=name,country=billing_address.country"}


@pytest.fixture
async def sessions(committed: str) -> AsyncIterator[Sessions]:
    """Those of the worker; jobs and files that they commit are removed after the test."""
    engine = create_engine(committed, SERVICE.name, "worker", pool_size=10)
    yield session_factory(engine)
    async with engine.begin() as connection:
        for table in (Job, Upload):
            await connection.execute(delete(table))
    await engine.dispose()


@pytest.fixture
def tenant() -> UUID:
    """One of this test alone: its customers stay."""
    return uuid4()


@pytest.fixture
async def api(sessions: Sessions, tenant: UUID) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(SERVICE, sessions, SCOPES, tenant) as client:
        yield client


async def uploaded(api: httpx.AsyncClient, content: str = FIRMS, **parameters: str) -> dict[str, Any]:
    answer = await api.post("/v1/imports", params={**PARAMETERS, **parameters}, content=content.encode())
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def worked(sessions: Sessions, targets: dict[str, Target] | None = None) -> None:
    """What the worker does until nothing is left."""
    runner = Runner(sessions, ImportJobs(targets or IMPORTS).kinds)
    while await runner.step(asyncio.Event()):
        pass


async def ran(api: httpx.AsyncClient, sessions: Sessions, content: str = FIRMS, **parameters: str) -> dict[str, Any]:
    shown = await uploaded(api, content, **parameters)
    await worked(sessions)
    assert (await api.post(f"/v1/imports/{shown['id']}/run")).status_code == 200
    await worked(sessions)
    found: dict[str, Any] = (await api.get(f"/v1/imports/{shown['id']}")).json()
    return found


async def outcomes(api: httpx.AsyncClient, import_id: str, **parameters: str) -> list[tuple[str, str, str]]:
    answer = await api.get(f"/v1/imports/{import_id}/outcomes", params=parameters)
    rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    return [(row["line"], row["outcome"], row["reason"]) for row in rows]


async def names(api: httpx.AsyncClient) -> list[str]:
    return [item["name"] for item in (await api.get("/v1/customers")).json()["items"]]


async def test_a_preview_counts_and_changes_nothing(api: httpx.AsyncClient, sessions: Sessions) -> None:
    shown = await uploaded(api)
    assert (shown["preview"]["state"], shown["run"], shown["source"]) == ("queued", None, "upload")
    await worked(sessions)
    shown = (await api.get(f"/v1/imports/{shown['id']}")).json()
    assert shown["preview"]["state"] == "done", shown
    assert shown["preview"]["result"] == {"rows": 3, "created": 2, "updated": 0, "unchanged": 0, "rejected": 1}
    assert await names(api) == []
    ((line, _, reason),) = await outcomes(api, shown["id"], outcome="rejected")
    assert (line, reason.startswith("country: 'Atlantis' is not a country")) == ("3", True)


async def test_memory_does_not_grow_with_the_file(api: httpx.AsyncClient, sessions: Sessions) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"id,company,country,notes of the old system\n"
        for number in range(120):
            yield b"%d,Firm %d,DE,%s\n" % (number, number, b"x" * 100_000)

    await uploaded(api)
    await worked(sessions)
    tracemalloc.start()
    try:
        answer = await api.post("/v1/imports", params=PARAMETERS, content=pieces())
        await worked(sessions)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    shown = (await api.get(f"/v1/imports/{answer.json()['id']}")).json()
    assert (shown["size_bytes"] > 12_000_000, shown["preview"]["result"]["created"]) == (True, 120)
    assert most_bytes < 8_000_000


async def test_a_run_imports_and_each_row_has_its_outcome(api: httpx.AsyncClient, sessions: Sessions) -> None:
    shown = await ran(api, sessions)
    assert shown["run"]["result"] == {"rows": 3, "created": 2, "updated": 0, "unchanged": 0, "rejected": 1}
    assert (shown["run"]["done"], shown["run"]["total"]) == (3, 3)
    assert await names(api) == ["=Bolido", "Alfreds"]
    assert [found[:2] for found in await outcomes(api, shown["id"])] == [
        ("2", "created"),
        ("3", "rejected"),
        ("4", "created"),
    ]
    lines = (await api.get(f"/v1/imports/{shown['id']}/outcomes", params={"format": "jsonl"})).text.splitlines()
    assert [json.loads(line)["key"] for line in lines] == ["ALFKI", "ANATR", "BOLID"]
    again = await ran(api, sessions, FIRMS.replace("Alfreds", "Alfreds Futterkiste"))
    assert again["preview"]["result"] == {"rows": 3, "created": 0, "updated": 1, "unchanged": 1, "rejected": 1}
    assert again["run"]["result"] == again["preview"]["result"]


async def test_a_run_ends_a_preview_that_is_not_over(api: httpx.AsyncClient, sessions: Sessions) -> None:
    shown = await uploaded(api)
    shown = (await api.post(f"/v1/imports/{shown['id']}/run")).json()
    assert (shown["preview"]["state"], shown["run"]["state"]) == ("cancelled", "queued")
    await worked(sessions)
    shown = (await api.get(f"/v1/imports/{shown['id']}")).json()
    assert (shown["preview"]["state"], shown["run"]["state"]) == ("cancelled", "done")


async def test_an_import_runs_once(api: httpx.AsyncClient, sessions: Sessions) -> None:
    shown = await ran(api, sessions)
    answer = await api.post(f"/v1/imports/{shown['id']}/run")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/import-has-run")


async def test_a_run_whose_worker_died_goes_on_behind_what_it_has_done(
    api: httpx.AsyncClient, sessions: Sessions
) -> None:
    """The second row of the first run is not committed; the first one is neither repeated nor lost."""
    shown = await uploaded(api)
    await worked(sessions)
    await api.post(f"/v1/imports/{shown['id']}/run")
    plain = IMPORTS["customers"]
    entered: list[str] = []

    class Killed(BaseException):
        """As `kill -9` ends a process."""

    async def create(session: Any, body: Any, actor: str) -> Any:
        if entered == ["Alfreds"]:
            raise Killed
        entered.append(body.name)
        return await plain.create(session, body, actor)

    one_by_one = Target.of(plain.record, cells=plain.cells, create=create, at_once=1) if plain.record else plain
    with pytest.raises(Killed):
        await worked(sessions, {"customers": one_by_one})
    job = (await api.get(f"/v1/imports/{shown['id']}")).json()["run"]
    assert (job["state"], await names(api)) == ("running", ["Alfreds"])
    async with transaction(sessions) as session:
        await session.execute(text("update jobs set leased_until = now() - interval '1 second'"))
    await worked(sessions)
    shown = (await api.get(f"/v1/imports/{shown['id']}")).json()
    assert shown["run"]["result"] == {"rows": 3, "created": 2, "updated": 0, "unchanged": 0, "rejected": 1}
    assert await names(api) == ["=Bolido", "Alfreds"]


async def test_a_cancelled_run_may_run_again(api: httpx.AsyncClient, sessions: Sessions) -> None:
    shown = await uploaded(api)
    job = (await api.post(f"/v1/imports/{shown['id']}/run")).json()["run"]
    assert (await api.post(f"/v1/jobs/{job['id']}/cancel")).json()["state"] == "cancelled"
    await worked(sessions)
    assert await names(api) == []
    assert (await api.post(f"/v1/imports/{shown['id']}/run")).status_code == 200
    await worked(sessions)
    assert await names(api) == ["=Bolido", "Alfreds"]


async def test_orders_come_with_their_lines_from_a_second_file(api: httpx.AsyncClient, sessions: Sessions) -> None:
    await ran(api, sessions, "id,name\nA,Alfreds\n", columns="name=name", source="shop")
    (customer,) = (await api.get("/v1/customers")).json()["items"]
    product = await api.post("/v1/products", json={"name": "Chai", "sku": "CHAI"})
    assert product.status_code == 201, product.text
    orders = {
        "target": "orders",
        "key": "order",
        "source": "shop",
        "columns": "customer=customer_id",
        "set": "currency=EUR",
    }
    shown = await uploaded(api, "order,customer\n7,A\n", **orders)
    answer = await api.put(
        f"/v1/imports/{shown['id']}/lines",
        params={"columns": "product=product_id,pieces=quantity,price=unit_price"},
        content=f"order,product,pieces,price\n7,{product.json()['id']},3,18\n".encode(),
    )
    assert answer.status_code == 200, answer.text
    await api.post(f"/v1/imports/{shown['id']}/run")
    await worked(sessions)
    shown = (await api.get(f"/v1/imports/{shown['id']}")).json()
    assert shown["run"]["result"]["created"] == 1, await outcomes(api, shown["id"])
    (listed,) = (await api.get("/v1/orders")).json()["items"]
    order = (await api.get(f"/v1/orders/{listed['id']}")).json()
    assert (order["customer_id"], [line["quantity"] for line in order["lines"]]) == (customer["id"], ["3"])


@pytest.mark.parametrize(
    ("parameters", "content", "said"),
    [
        ({"target": "unicorns"}, FIRMS, "one of: customers, contacts"),
        ({"key": "number"}, FIRMS, "There is no column 'number'"),
        ({"columns": "firm=name"}, FIRMS, "There is no column firm"),
        ({"set": "currency"}, FIRMS, "--set currency has no value"),
        ({"encoding": "nonsense"}, FIRMS, "there is no encoding 'nonsense'"),
        ({"encoding": "unicode_escape"}, "id,company,country\n\\ud800,A,DE\n", "lone surrogates"),
        ({"delimiter": ";;"}, FIRMS, "delimiter"),
        ({}, "", "There is no column"),
    ],
)
async def test_a_file_that_cannot_be_read_as_asked_is_refused_at_once(
    api: httpx.AsyncClient, parameters: dict[str, str], content: str, said: str
) -> None:
    answer = await api.post("/v1/imports", params={**PARAMETERS, **parameters}, content=content.encode())
    assert answer.status_code == 422
    assert said in answer.text


async def test_a_file_with_a_fault_behind_its_header_fails_with_the_reason(
    api: httpx.AsyncClient, sessions: Sessions
) -> None:
    shown = await ran(api, sessions, 'id,company,country\nA,"Alfreds" x,DE\n')
    assert shown["run"]["state"] == "failed"
    assert "in line 2, text follows the closing quote of a cell" in shown["run"]["error"]


async def test_a_large_file_is_taken_and_a_too_large_one_is_not(api: httpx.AsyncClient, sessions: Sessions) -> None:
    row = f"{'x' * 50},{'y' * 100},DE\n"
    shown = await uploaded(api, "id,company,country\n" + row * 20_000)
    assert shown["size_bytes"] > 3_000_000
    async with transaction(sessions) as session:
        sizes = await session.scalars(select(func.octet_length(Chunk.data)).order_by(Chunk.number))
        assert (sum(found := list(sizes)), max(found)) == (shown["size_bytes"], 1024 * 1024)
    answer = await api.post("/v1/imports", params=PARAMETERS, content=b"x" * (32 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


async def test_an_import_needs_the_scope_to_write_the_records(
    api: httpx.AsyncClient, sessions: Sessions, tenant: UUID
) -> None:
    shown = await uploaded(api)
    async with caller(SERVICE, sessions, "jobs:read jobs:write customers:read", tenant) as reader:
        answers = [
            await reader.post("/v1/imports", params=PARAMETERS, content=FIRMS.encode()),
            await reader.post(f"/v1/imports/{shown['id']}/run"),
            await reader.get(f"/v1/imports/{shown['id']}/outcomes"),
        ]
    assert [(answer.status_code, answer.json()["missing"]) for answer in answers] == [(403, "customers:write")] * 3


async def test_another_tenant_sees_no_import(api: httpx.AsyncClient, sessions: Sessions) -> None:
    shown = await uploaded(api)
    async with caller(SERVICE, sessions, SCOPES, OTHER_TENANT) as stranger:
        assert (await stranger.get(f"/v1/imports/{shown['id']}")).status_code == 404
        assert (await stranger.get("/v1/imports")).json()["items"] == []
    assert [item["id"] for item in (await api.get("/v1/imports")).json()["items"]] == [shown["id"]]


async def test_uploaded_files_expire_with_their_outcomes(api: httpx.AsyncClient, sessions: Sessions) -> None:
    await uploaded(api)
    await worked(sessions)
    assert UPLOADS in SERVICE.expiring
    async with transaction(sessions) as session:
        until = await session.scalar(text("select now() + interval '1 day'"))
    assert await UPLOADS.remove(sessions, until, asyncio.Event()) == 1
    async with transaction(sessions) as session:
        left = [await session.scalar(select(func.count()).select_from(table)) for table in (Chunk, RowOutcome)]
    assert left == [0, 0]


def test_every_target_names_the_scope_that_writes_it() -> None:
    assert [name for name, target in IMPORTS.items() if not target.scope] == []
