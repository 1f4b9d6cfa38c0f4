"""A header name that is no UTF-8, as a producer of another make may send it, on a real broker."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from chassis.bus import Headers, Message
from stack.kafka import Kafka

from .observed import wait_until
from .test_consumer import Reader, send

pytestmark = pytest.mark.servers

NO_CODEC, GZIP = 0, 1


class RawName(str):
    """A header name of these bytes; the client can only be given text."""

    raw = b"ce_\xff\xfe"

    def encode(self, *_: str) -> bytes:
        return self.raw


class HeaderReader(Reader):
    """Remembers the headers of each value too."""

    def __init__(self, kafka: Kafka, *topics: str) -> None:
        super().__init__(kafka, *topics)
        self.headers: dict[bytes | None, Headers] = {}

    async def handle(self, batch: list[Message]) -> None:
        await super().handle(batch)
        self.headers |= {message.value: message.headers for message in batch}


async def send_batch(kafka: Kafka, topic: str, codec: int) -> None:
    """Three messages in one batch; the second has a name that is no UTF-8."""
    batch = BatchBuilder(10_000, codec, is_transactional=False)
    batch._builder = _DefaultRecordBatchBuilderPy(2, codec, False, -1, -1, -1, 10_000)
    for value, name in ((b"0", "good"), (b"1", RawName("bad")), (b"2", "good")):
        assert batch.append(key=b"k", value=value, timestamp=None, headers=[(name, b"x"), ("none", None)])
    batch.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers) as producer:
        await asyncio.wait_for(await producer.send_batch(batch, topic, partition=0), 20)


@pytest.mark.parametrize("codec", [NO_CODEC, GZIP])
async def test_a_header_name_that_is_no_utf8_is_read_exactly_and_holds_up_nobody(
    kafka: Kafka, topic: str, codec: int
) -> None:
    await send_batch(kafka, topic, codec)
    await send(kafka, topic, range(3, 20))
    reader = HeaderReader(kafka, topic)
    async with reader.reading():
        await wait_until(lambda: reader.has(20))
    assert sorted(int(value or b"") for value in reader.seen) == list(range(20))
    assert [reader.headers[value][0][0] for value in (b"0", b"1", b"2")] == ["good", "ce_\udcff\udcfe", "good"]
    assert reader.headers[b"1"] == (("ce_\udcff\udcfe", b"x"), ("none", None))
