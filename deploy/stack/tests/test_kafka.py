"""The embedded Kafka, from the point of view of its users."""

import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError
from stack.errors import CannotStart
from stack.kafka import Kafka
from stack.ports import HOST

pytestmark = pytest.mark.servers

MESSAGES = 500


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with Kafka(tmp_path_factory.mktemp("kafka")) as running:
        yield running


async def create_topic(broker: Kafka, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1, topic_configs={"cleanup.policy": "compact"})])
    await admin.close()


async def send(broker: Kafka, topic: str, numbers: range) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all", enable_idempotence=True)
    async with producer:
        for number in numbers:
            await producer.send(topic, str(number).encode(), key=str(number).encode())


async def receive(broker: Kafka, topic: str, count: int) -> list[int]:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=broker.bootstrap_servers,
        group_id="readers",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    async with consumer:
        return [int((await consumer.getone()).value) for _ in range(count)]


async def test_what_was_acknowledged_is_there_after_a_kill(broker: Kafka) -> None:
    await create_topic(broker, "crm.customer.v1")
    await send(broker, "crm.customer.v1", range(MESSAGES))
    broker.kill()
    assert not broker.running
    broker.start()
    await send(broker, "crm.customer.v1", range(MESSAGES, MESSAGES + 10))
    assert await receive(broker, "crm.customer.v1", MESSAGES + 10) == list(range(MESSAGES + 10))


async def test_a_topic_nobody_created_is_refused(broker: Kafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    [description] = await admin.describe_topics(["never.created"])
    await admin.close()
    assert description["error_code"] == UnknownTopicOrPartitionError.errno


async def test_a_clean_stop_leaves_no_process_and_the_next_start_continues(broker: Kafka) -> None:
    await create_topic(broker, "kept")
    await send(broker, "kept", range(3))
    process = psutil.Process(broker.pid)
    broker.stop()
    assert not process.is_running()
    with Kafka(broker.folder) as second:
        assert second.bootstrap_servers == broker.bootstrap_servers
        assert await receive(second, "kept", 3) == [0, 1, 2]
    broker.start()


def test_it_listens_on_this_machine_only(broker: Kafka) -> None:
    process = psutil.Process(broker.pid)
    listening = [c.laddr.ip for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert {address.removeprefix("::ffff:") for address in listening} == {HOST}


def test_a_kept_port_that_is_taken_meanwhile_gives_way_to_a_free_one(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        (tmp_path / "port").write_text(str(taken))
        with Kafka(tmp_path) as broker:
            assert broker.bootstrap_servers == f"{HOST}:{(tmp_path / 'port').read_text()}" != f"{HOST}:{taken}"


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Port {port} is taken"):
            Kafka(tmp_path, port=port).start()
