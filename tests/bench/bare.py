"""The bare chain: the same hops with the same servers, drivers and poll intervals, and nothing else.

insert + outbox row -> relay (polls every 15 ms) -> Kafka -> upsert -> HTTP -> upsert. It has no tenants, no rights, no
merge, no guards, and no way to go on after a failure. Each hop is a process of its own, as in the product. Two of them
make a way there and back: the port of the first enters what it is sent as an edit in the database of the second.
"""

import asyncio
import sys
from typing import Any

import asyncpg
import httpx
import orjson
import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from fastapi import FastAPI
from pydantic import BaseModel

POLL_SECONDS = 0.015
SCHEMA = """
    create table here (id text primary key, email text not null, data jsonb not null);
    create table outbox (id bigint generated always as identity primary key, key text not null, data bytea not null);
    create table outbox_sent (id bigint primary key, key text not null, data bytea not null);
    create table hub (id text primary key, email text not null, data jsonb not null);
    create table positions (partition integer primary key, next_offset bigint not null);
    create table there (id text primary key, email text not null, data jsonb not null);
"""
UPSERT = (
    "insert into {} (id, email, data) select * from unnest($1::text[], $2::text[], $3::jsonb[])"
    " on conflict (id) do update set email = excluded.email, data = excluded.data"
)
MOVE = """
    with gone as (delete from outbox where id = any($1) returning id, key, data)
    insert into outbox_sent select id, key, data from gone
"""
ADVANCE = (
    "insert into positions select * from unnest($1::int[], $2::bigint[])"
    " on conflict (partition) do update set next_offset = excluded.next_offset"
)


class Item(BaseModel):
    id: str
    email: str
    data: dict[str, Any]


class Items(BaseModel):
    items: list[Item]


async def upsert(connection: Any, table: str, items: list[dict[str, Any]]) -> None:
    """Write records; of several states of one, the last."""
    last = {item["id"]: item for item in items}.values()
    columns = ([i["id"] for i in last], [i["email"] for i in last], [orjson.dumps(i["data"]).decode() for i in last])
    await connection.execute(UPSERT.format(table), *columns)


async def write(connection: Any, items: list[dict[str, Any]]) -> None:
    """The edit: records and outbox rows in one transaction."""
    async with connection.transaction():
        await upsert(connection, "here", items)
        rows = [(item["id"], orjson.dumps(item)) for item in items]
        await connection.executemany("insert into outbox (key, data) values ($1, $2)", rows)


async def relay(database: str, bootstrap: str, topic: str) -> None:
    connection = await asyncpg.connect(database)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=0)
    await producer.start()
    while True:
        rows = await connection.fetch("select id, key, data from outbox order by id limit 500")
        if not rows:
            await asyncio.sleep(POLL_SECONDS)
            continue
        await asyncio.gather(*[await producer.send(topic, row["data"], key=row["key"].encode()) for row in rows])
        await connection.execute(MOVE, [row["id"] for row in rows])


async def hub(database: str, bootstrap: str, topic: str, address: str) -> None:
    connection = await asyncpg.connect(database)
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=topic, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        while True:
            fetched = await consumer.getmany(timeout_ms=200, max_records=500)
            items = [orjson.loads(record.value) for records in fetched.values() for record in records]
            if not items:
                continue
            async with connection.transaction():
                await upsert(connection, "hub", items)
                reached = {partition.partition: records[-1].offset + 1 for partition, records in fetched.items()}
                await connection.execute(ADVANCE, list(reached), list(reached.values()))
            for start in range(0, len(items), 200):
                content = orjson.dumps({"items": items[start : start + 200]})
                headers = {"Content-Type": "application/json"}
                (await client.post("/deliveries", content=content, headers=headers)).raise_for_status()


def port(database: str, number: int, *, onward: bool) -> None:
    app = FastAPI()
    pool: list[Any] = []

    @app.post("/deliveries")
    async def deliver(body: Items) -> dict[str, int]:
        if not pool:
            pool.append(await asyncpg.create_pool(database, min_size=1, max_size=5))
        items = [item.model_dump() for item in body.items]
        async with pool[0].acquire() as connection, connection.transaction():
            await (write(connection, items) if onward else upsert(connection, "there", items))
        return {"written": len(body.items)}

    @app.get("/livez")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    uvicorn.run(app, host="127.0.0.1", port=number, log_level="warning", access_log=False)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["relay", database, bootstrap, topic]:
            asyncio.run(relay(database, bootstrap, topic))
        case ["hub", database, bootstrap, topic, address]:
            asyncio.run(hub(database, bootstrap, topic, address))
        case ["port" | "onward" as which, database, number]:
            port(database, int(number), onward=which == "onward")
