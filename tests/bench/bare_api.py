"""The bare API: what one process does with Starlette and asyncpg by hand, on the tables of the CRM.

It looks the caller up by the token, sets the tenant, and writes a record with its outbox row in one transaction. It has
no checks of values or versions, no states of other systems, no idempotency, and no problem documents.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ONE = "select * from customers where id = $1"
PAGE = "select * from customers where archived_at is null order by name, id limit 51"
ENTER = "insert into customers (id, kind, name, email, search) values ($1, 'company', $2, $3, $2) returning *"
EDIT = "update customers set email = $2, version = version + 1, updated_at = now() where id = $1 returning *"
ANNOUNCE = "insert into bare_outbox (key, data) values ($1, $2)"
SCHEMA = """
    create table bare_outbox
        (id bigint generated always as identity primary key, key text not null, data bytea not null);
    grant select, insert on bare_outbox to crm_app;
"""
TENANT = "select set_config('app.tenant', $1, true)"


class Api:
    """Its routes. A token is known when it was given on the command line."""

    def __init__(self, database: str, token: str, tenant: str) -> None:
        self.database = database
        self.tenants = {f"Bearer {token}": tenant}

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        settings = {"role": "crm_app"}
        async with asyncpg.create_pool(self.database, min_size=1, max_size=10, server_settings=settings) as self.pool:
            yield

    @asynccontextmanager
    async def transaction(self, request: Request) -> AsyncIterator[asyncpg.Connection]:
        tenant = self.tenants[request.headers["authorization"]]
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(TENANT, tenant)
            yield connection

    async def ready(self, _request: Request) -> Response:
        return _answer({"status": "ready"})

    async def read(self, request: Request) -> Response:
        async with self.transaction(request) as connection:
            return _answer(dict(await connection.fetchrow(ONE, UUID(request.path_params["id"]))))

    async def list(self, request: Request) -> Response:
        async with self.transaction(request) as connection:
            return _answer({"items": [dict(row) for row in await connection.fetch(PAGE)][:50]})

    async def enter(self, request: Request) -> Response:
        body = orjson.loads(await request.body())
        async with self.transaction(request) as connection:
            row = dict(await connection.fetchrow(ENTER, uuid4(), body["name"], body["email"]))
            await connection.execute(ANNOUNCE, str(row["id"]), _json(row))
        return _answer(row, 201)

    async def edit(self, request: Request) -> Response:
        body = orjson.loads(await request.body())
        async with self.transaction(request) as connection:
            row = dict(await connection.fetchrow(EDIT, UUID(request.path_params["id"]), body["email"]))
            await connection.execute(ANNOUNCE, str(row["id"]), _json(row))
        return _answer(row)


def _json(content: object) -> bytes:
    return orjson.dumps(content, default=str)


def _answer(content: object, status: int = 200) -> Response:
    return Response(_json(content), status, media_type="application/json")


def serve(database: str, port: int, token: str, tenant: str) -> None:
    """Serve until the process ends."""
    api = Api(database, token, tenant)
    routes = [
        Route("/readyz", api.ready),
        Route("/v1/customers", api.list),
        Route("/v1/customers", api.enter, methods=["POST"]),
        Route("/v1/customers/{id}", api.read),
        Route("/v1/customers/{id}", api.edit, methods=["PATCH"]),
    ]
    app = Starlette(routes=routes, lifespan=api.lifespan)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
