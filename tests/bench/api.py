"""One API process: reads, lists and writes a second, beside Starlette and asyncpg doing the same by hand.

Both serve the same database, in turns. The processor time of the API's process is counted too: it does not depend on
what else the machine does.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import psutil
from sealing import new_key
from stack.keys import AUDIENCES, FIRST_TENANT, local_issuer
from stack.ports import free_port

from . import bare_api, show

HOST = "127.0.0.1"
ROWS = 2000
CONNECTIONS = 8
TURNS = 4
ALONE = 100
READY_SECONDS = 30


class Connection:
    """One connection to an API that is kept open. It reads no more of HTTP than our answers have."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(HOST, self.port)

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        """The body of a success. Raise `RuntimeError` for any other answer."""
        content = b"" if body is None else orjson.dumps(body)
        kind = "merge-patch+json" if method == "PATCH" else "json"
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {self.token}\r\nIf-Match: *\r\n"
            f"Content-Type: application/{kind}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self.writer.write(head.encode() + content)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        shown = await self.reader.readexactly(length)
        if not answer.startswith(b"http/1.1 2"):
            raise RuntimeError(f"{method} {path}: {shown.decode()}")
        return shown


@dataclass
class Api:
    """One of the two, and what was measured: by operation, requests a second and milliseconds of processor time."""

    name: str
    process: psutil.Process
    connections: Sequence[Connection]
    rates: dict[str, list[float]] = field(default_factory=dict)
    costs: dict[str, list[float]] = field(default_factory=dict)
    alone: list[float] = field(default_factory=list)

    def cpu(self) -> float:
        used = self.process.cpu_times()
        return float(used.user + used.system)


Call = Callable[[Connection], Any]


async def run(address: str, folder: Path, seconds: float) -> None:
    """Measure on a migrated, empty database of the CRM, and print what was found."""
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(each) for each in await _served(address, folder)]
        ids = await _filled(apis[0])
        calls = _calls(ids)
        for name, call in calls.items():
            for _ in range(TURNS):
                for api in apis:
                    await _measured(api, name, call, seconds / TURNS)
        for _ in range(ALONE):
            for api in apis:
                began = time.perf_counter()
                await calls["PATCH"](api.connections[0])
                api.alone.append(1000 * (time.perf_counter() - began))
    _print(apis)


async def _served(address: str, folder: Path) -> list[Any]:
    issuer = local_issuer(folder)
    issuer.ensure()
    token = issuer.token()
    admin = await asyncpg.connect(address)
    await admin.execute(f"set role crm_owner; {bare_api.SCHEMA}")
    await admin.close()
    trust = orjson.dumps({issuer.name: issuer.trust}).decode()
    environment = {
        "DATABASE_URL": address,
        "AUTH_ISSUERS": trust,
        "AUTH_AUDIENCE": AUDIENCES["crm"],
        "LOG_LEVEL": "warning",
        "SEALING_KEYS": new_key(),
    }
    ours, theirs = free_port(), free_port()
    return [
        _api("Concord", ["-m", "crm", "api"], ours, token, {**environment, "PORT": str(ours)}),
        _api("bare", ["-m", "tests.bench.bare_api", address, str(theirs), token, FIRST_TENANT], theirs, token, {}),
    ]


@asynccontextmanager
async def _api(name: str, command: list[str], port: int, token: str, environment: dict[str, str]) -> AsyncIterator[Api]:
    child = await asyncio.create_subprocess_exec(sys.executable, *command, env={**os.environ, **environment})
    try:
        connections = [Connection(port, token) for _ in range(CONNECTIONS)]
        async with asyncio.timeout(READY_SECONDS):
            for connection in connections:
                await _opened(connection)
        yield Api(name, psutil.Process(child.pid), connections)
    finally:
        child.terminate()
        await child.wait()


async def _opened(connection: Connection) -> None:
    while True:
        try:
            return await connection.open()
        except OSError:
            await asyncio.sleep(0.1)


async def _filled(api: Api) -> list[str]:
    found: list[str] = []
    for start in range(0, ROWS, 200):
        items = [{"body": _customer(start + number)} for number in range(200)]
        answer = orjson.loads(await api.connections[0].call("POST", "/v1/customers:batch", {"items": items}))
        found += [item["id"] for item in answer["items"]]
    return found


def _customer(number: int) -> dict[str, Any]:
    return {"name": f"Company {number:05}", "email": f"info{number}@company.example"}


def _calls(ids: Sequence[str]) -> dict[str, Call]:
    turn = iter(range(10**9))

    def one() -> str:
        return f"/v1/customers/{ids[next(turn) % len(ids)]}"

    def email() -> dict[str, Any]:
        return {"email": f"{uuid4().hex}@company.example"}

    return {
        "GET one": lambda each: each.call("GET", one()),
        "GET list of 50": lambda each: each.call("GET", "/v1/customers?limit=50"),
        "POST": lambda each: each.call("POST", "/v1/customers", {"name": f"New {uuid4().hex}", **email()}),
        "PATCH": lambda each: each.call("PATCH", one(), email()),
    }


async def _measured(api: Api, name: str, call: Call, seconds: float) -> None:
    done, began, used = 0, time.perf_counter(), api.cpu()
    end = began + seconds

    async def repeat(connection: Connection) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await call(connection)
            done += 1

    async with asyncio.TaskGroup() as group:
        for connection in api.connections:
            group.create_task(repeat(connection))
    api.rates.setdefault(name, []).append(done / (time.perf_counter() - began))
    api.costs.setdefault(name, []).append(1000 * (api.cpu() - used) / done)


def _print(apis: Sequence[Api]) -> None:
    rows = []
    for name in apis[0].rates:
        ours, bare = (median(api.rates[name]) for api in apis)
        cost, least = (median(api.costs[name]) for api in apis)
        ratios = f"{ours / bare:.2f}", f"{cost / least:.1f}"
        rows.append((name, f"{ours:.0f}", f"{bare:.0f}", ratios[0], f"{cost:.2f}", f"{least:.2f}", ratios[1]))
    columns = ("", "Concord, a second", "bare", "ratio", "Concord, ms of processor", "bare", "times")
    raw = {api.name: {"a second": api.rates, "ms of processor": api.costs} for api in apis}
    show.table("One API process, 8 connections", columns, rows, f"median of {TURNS} turns of both", raw)
    ours, bare = (median(api.alone) for api in apis)
    row = ("answered", f"{ours:.1f}", f"{bare:.1f}", f"{ours / bare:.1f}")
    show.table(
        "PATCH alone, p50", ("", "Concord, ms", "bare, ms", "times"), [row], raw={api.name: api.alone for api in apis}
    )
