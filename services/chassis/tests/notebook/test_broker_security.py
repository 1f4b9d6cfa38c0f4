"""Sending and reading through a broker that asks for TLS and a password."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from chassis.broker_security import OPEN, BrokerSecurity
from chassis.bus import BrokerAway, Consumer, Message, Positions, Producer
from chassis.topics import ensure_topics
from stack.kafka import Kafka
from stack.ports import HOST, free_port

from .certificates import Authority
from .observed import wait_until

pytestmark = pytest.mark.servers
LOGIN = "org.apache.kafka.common.security"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[str]:
    """The secure listener of a broker that has a certificate for its address and knows one user."""
    folder, port, signed = tmp_path_factory.mktemp("kafka"), free_port(), authority.sign(HOST)
    store = folder / "store.pem"
    store.write_text(signed.key.read_text() + signed.certificate.read_text())
    listener = "listener.name.secure"
    properties = {
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
        f"{listener}.ssl.keystore.type": "PEM",
        f"{listener}.ssl.keystore.location": str(store),
        f"{listener}.sasl.enabled.mechanisms": "PLAIN",
        f"{listener}.plain.sasl.jaas.config": f'{LOGIN}.plain.PlainLoginModule required user_concord="known";',
    }
    with Kafka(folder, listeners={"SECURE": port}, properties=properties):
        yield f"{HOST}:{port}"


@pytest.fixture
def security(authority: Authority) -> BrokerSecurity:
    return BrokerSecurity("SASL_SSL", "PLAIN", "concord", "known", authority.file)


async def test_events_are_sent_and_read_with_tls_and_a_password(servers: str, security: BrokerSecurity) -> None:
    topic = f"secure.{uuid4().hex}.v1"
    await ensure_topics(servers, [topic], security=security)
    producer = Producer(servers, security=security)
    sent = [Message(topic, b"key", str(number).encode(), ()) for number in range(10)]
    assert await producer.send(sent) == [None] * 10
    await producer.stop()
    read: list[Message] = []

    async def load() -> Positions:
        return {}

    async def handle(batch: list[Message]) -> None:
        read.extend(batch)

    async def forget(_: Positions) -> None:
        raise AssertionError("nothing is lost")

    async def complete() -> bool:
        return len(read) >= len(sent)

    stop = asyncio.Event()
    consumer = Consumer(servers, uuid4().hex, [topic], load, handle, forget, security)
    running = asyncio.create_task(consumer.run(stop))
    try:
        await wait_until(complete)
    finally:
        stop.set()
        await running
    assert [message.value for message in read] == [message.value for message in sent]


@pytest.mark.parametrize("wrong", [{"password": "guessed"}, {"ca_file": None}, {"protocol": "SASL_PLAINTEXT"}], ids=str)
async def test_whoever_lacks_something_sends_nothing(
    servers: str, security: BrokerSecurity, wrong: dict[str, Any]
) -> None:
    producer = Producer(servers, timeout_seconds=3, security=replace(security, **wrong))
    with pytest.raises(BrokerAway):
        await producer.send([Message("secure.any.v1", b"key", b"value", ())])


async def test_a_broker_with_a_certificate_of_another_host_is_not_trusted(
    servers: str, security: BrokerSecurity
) -> None:
    for known in (security, OPEN):
        producer = Producer(servers.replace(HOST, "localhost"), timeout_seconds=3, security=known)
        with pytest.raises(BrokerAway):
            await producer.send([Message("secure.any.v1", b"key", b"value", ())])


def test_the_password_is_not_shown(security: BrokerSecurity) -> None:
    assert "known" not in repr(security)


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("no certificate")
    with pytest.raises(OSError, match=r"NO_CERTIFICATE|PEM"):
        BrokerSecurity("SSL", ca_file=wrong).options()
