"""The two chains, measured in the same way: an edit on one side, a look into the database of the other."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import httpx
from adjustments.transport import Transport
from chassis.topics import ensure_topics
from stack.ports import free_port
from stack.services import Stack

from . import bare

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
EXAMPLE, ORDER = (
    json.loads((ROOT / f"contracts/examples/crm.{kind}.v1.json").read_text(encoding="utf-8"))["data"]
    for kind in ("customer", "order")
)


class Chain(Protocol):
    """A way from an edit to where it is waited for. Records are numbered; an edit gives a record a mark, an e-mail say.

    `seen` finds, in the database `there`, which of some marks have arrived.
    """

    name: str
    seen: str
    there: Any

    async def edit(self, record: int, mark: str) -> None: ...


class ManyChain(Chain, Protocol):
    """One that needs records to edit, and takes many edits at once."""

    async def prepare(self, records: int) -> None: ...

    async def edit_many(self, marks: Sequence[str]) -> None: ...


class Product:
    """From the CRM to the ERP: PATCH and `:batch` over HTTP, seen in the table of the ERP."""

    name = "Concord"
    seen = "select email as mark from customers where email = any($1)"

    def __init__(self, client: httpx.AsyncClient, here: Any, there: Any) -> None:
        self.client = client
        self.here = here
        self.there = there
        self.ids: list[str] = []
        self.versions: dict[str, int] = {}

    async def prepare(self, records: int) -> None:
        mark = uuid4().hex[:8]
        bodies = [{"body": {**CUSTOMER, "name": f"Company {mark} {number}"}} for number in range(records)]
        for chunk in chunks(bodies):
            self.ids += [item["id"] for item in await self._batch(chunk)]
        await self._read_versions()

    async def edit(self, record: int, mark: str) -> None:
        local_id = self.ids[record]
        tag = {"If-Match": f'"{self.versions[local_id]}"'}
        answer = await self.client.patch(f"/v1/customers/{local_id}", json={"email": mark}, headers=tag)
        answer.raise_for_status()
        self.versions[local_id] = answer.json()["version"]

    async def edit_many(self, marks: Sequence[str]) -> None:
        pairs = zip(self.ids, marks, strict=False)
        items = [{"id": i, "version": self.versions[i], "body": {"email": email}} for i, email in pairs]
        for chunk in chunks(items):
            for written in await self._batch(chunk):
                self.versions[written["id"]] = written["version"]

    async def _batch(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        # All customers of the bench share the phone number of the example.
        allowing = {"allow_duplicate": True}
        answer = await self.client.post("/v1/customers:batch", params=allowing, json={"items": items})
        results: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        refused = [item for item in results if item["outcome"] not in ("created", "updated")]
        if refused:
            raise RuntimeError(f"{len(refused)} items were refused: {refused[0]}")
        return results

    async def _read_versions(self) -> None:
        found = await self.here.fetch("select id::text, version from customers")
        self.versions = {row["id"]: row["version"] for row in found}


class Bare:
    """The same hops and nothing else; see `bare`."""

    seen = "select email as mark from there where email = any($1)"

    def __init__(self, name: str, here: Any, there: Any) -> None:
        self.name = name
        self.here = here
        self.there = there

    async def prepare(self, records: int) -> None:
        await self.edit_many([f"first{number}@example.com" for number in range(records)])

    async def edit(self, record: int, mark: str) -> None:
        await bare.write(self.here, [item(record, mark)])

    async def edit_many(self, marks: Sequence[str]) -> None:
        for chunk in chunks([item(record, mark) for record, mark in enumerate(marks)]):
            await bare.write(self.here, chunk)


class ThereAndBack(Bare):
    """Two bare chains, one behind the other. Each edit is a record of its own, as an order is; many write at once."""

    async def edit(self, record: int, mark: str) -> None:
        async with self.here.acquire() as connection:
            await bare.write(connection, [{"id": mark, "email": mark, "data": ORDER}])


CUSTOMER = {
    "kind": "company",
    "phone": "030-0074321",
    "billing_address": EXAMPLE["snapshot"]["billing_address"],
    "tags": ["retail"],
    "segment": "food",
}


def item(record: int, email: str) -> dict[str, Any]:
    return {"id": f"record-{record}", "email": email, "data": EXAMPLE}


def chunks(items: list[Any], size: int = 200) -> list[list[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def database(stack: Stack, name: str) -> str:
    """The administrator's address of one database of the stack."""
    return urlunsplit(urlsplit(stack.admin_url)._replace(path=f"/{name}"))


@asynccontextmanager
async def product(stack: Stack) -> AsyncIterator[Product]:
    """The stack as a user of its CRM meets it."""
    here, there = await asyncpg.connect(database(stack, "crm")), await asyncpg.connect(database(stack, "erp"))
    headers = {"Authorization": f"Bearer {stack.token()}"}
    async with httpx.AsyncClient(
        base_url=stack.urls["crm"], headers=headers, timeout=60, transport=Transport()
    ) as client:
        yield Product(client, here, there)
    await here.close()
    await there.close()


@asynccontextmanager
async def bare_chain(stack: Stack) -> AsyncIterator[Bare]:
    """The bare chain on the servers of the stack, each hop a process of its own."""
    async with AsyncExitStack() as closing:
        [address] = await _empty(stack, "bare")
        await _start_way(closing, stack, address, address)
        here, there = await asyncpg.connect(address), await asyncpg.connect(address)
        closing.push_async_callback(here.close)
        closing.push_async_callback(there.close)
        yield Bare("bare chain", here, there)


@asynccontextmanager
async def bare_chain_and_back(stack: Stack) -> AsyncIterator[ThereAndBack]:
    """The way there and the way back, six processes."""
    async with AsyncExitStack() as closing:
        near, far = await _empty(stack, "bare_near", "bare_far")
        await _start_way(closing, stack, near, far, onward=True)
        await _start_way(closing, stack, far, near)
        pool = await closing.enter_async_context(asyncpg.create_pool(near))
        yield ThereAndBack("bare chains", pool, pool)


async def _empty(stack: Stack, *names: str) -> list[str]:
    """New databases with the tables of a bare chain."""
    admin = await asyncpg.connect(stack.admin_url)
    for name in names:
        await admin.execute(f"create database {name}")
        connection = await asyncpg.connect(database(stack, name))
        await connection.execute(bare.SCHEMA)
        await connection.close()
    await admin.close()
    return [database(stack, name) for name in names]


async def _start_way(closing: AsyncExitStack, stack: Stack, here: str, there: str, *, onward: bool = False) -> None:
    """The three processes from one database to another."""
    topic, bootstrap, number = f"bare.{uuid4().hex[:8]}.v1", stack.bootstrap, str(free_port())
    await ensure_topics(bootstrap, [topic])
    hub = ("hub", here, bootstrap, topic, f"http://127.0.0.1:{number}")
    for arguments in (("onward" if onward else "port", there, number), ("relay", here, bootstrap, topic), hub):
        command = [sys.executable, "-m", "tests.bench.bare", *arguments]
        with (stack.logs / f"bare-{arguments[0]}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=log)
        closing.push_async_callback(_end, process, arguments[0])
        if arguments[0] in ("port", "onward"):
            await asyncio.wait_for(_answers(f"http://127.0.0.1:{number}/livez", process), START_SECONDS)


async def _answers(url: str, process: asyncio.subprocess.Process) -> None:
    """Return when the port answers: a hub ends when it cannot reach its port."""
    async with httpx.AsyncClient() as client:
        while process.returncode is None:
            with suppress(httpx.TransportError):
                (await client.get(url)).raise_for_status()
                return
            await asyncio.sleep(0.05)
    raise RuntimeError(f"the port of a bare chain ended with {process.returncode}")


async def _end(process: asyncio.subprocess.Process, name: str) -> None:
    """End a process of a chain. Raises `RuntimeError` when it had ended by itself: the chain carried nothing since."""
    if process.returncode is not None:
        raise RuntimeError(f"the {name} of a bare chain ended with {process.returncode}; see its log")
    process.terminate()
    await process.wait()
