"""A copy of one tenant's customers from Kafka: `crm.customer.v1` is compacted, so it can be read from the start."""

import json
from pathlib import Path
from sqlite3 import Connection

from aiokafka import AIOKafkaConsumer, ConsumerRecord

from consumers.copies import opened, position, reached, take

TOPIC = "crm.customer.v1"


async def follow(servers: str, tenant: str, file: Path, *, until_read: bool = False, **security: object) -> None:
    """Keep the copy up to date for ever; `until_read` ends once all present events are read."""
    database = opened(str(file))
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=servers, enable_auto_commit=False, **security)
    await consumer.start()
    try:
        places = consumer.assignment()
        for place in places:  # Positions are ours, not Kafka's: they are stored together with what was read.
            consumer.seek(place, position(database, f"{place.topic}/{place.partition}"))
        ends = await consumer.end_offsets(places)
        while not until_read or any([await consumer.position(place) < ends[place] for place in places]):
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                store(database, tenant, f"{place.topic}/{place.partition}", records)
    finally:
        await consumer.stop()
        database.close()


def store(database: Connection, tenant: str, source: str, records: list[ConsumerRecord]) -> None:
    """One transaction: the records of a batch, and the position after it."""
    with database:
        database.execute("begin")
        for record in records:
            headers = dict(record.headers)
            if headers.get("ce_tenant") == tenant.encode() and headers.get("ce_type") == b"crm.customer.changed.v1":
                take(database, json.loads(record.value))
            reached(database, source, record.offset + 1)
