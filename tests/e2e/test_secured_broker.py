"""The whole product on a broker with TLS, passwords and permissions, and what the broker refuses."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from chassis.broker_security import BrokerSecurity
from chassis.bus import BrokerAway, Message, Producer
from chassis.topics import ensure_topics
from stack.__main__ import app
from stack.broker.access import Access
from stack.keys import FIRST_TENANT
from stack.services import Stack
from typer.testing import CliRunner

from .clients import Company, new_tenant
from .waiting import eventually

PARTNER, SHOP = "partner", "shop"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("secured"), fast=True, secured=True) as running:
        yield running


@pytest.fixture(scope="module")
def access(secured: Stack) -> Access:
    """A third party that reads the topics of the first tenant, and a system that joined."""
    assert "sasl.password=" in broker(secured, "add", PARTNER, "--tenant", FIRST_TENANT)
    broker(secured, "add", SHOP, "--system")
    assert f"{PARTNER}  reads {FIRST_TENANT}.*" in broker(secured, "list")
    assert secured.access is not None
    return secured.access


def broker(secured: Stack, *words: str) -> str:
    """What a command of the operator prints."""
    found = CliRunner().invoke(app, ["broker", *words], env={"DATA_DIR": str(secured.folder)})
    assert found.exit_code == 0, found.output
    return found.output


def login(access: Access, user: str) -> BrokerSecurity:
    password = access.users.all()[user].password
    return BrokerSecurity("SASL_SSL", "SCRAM-SHA-512", user, password, access.certificates.authority)


async def sent(secured: Stack, access: Access, user: str, topic: str) -> None:
    """Send one message as a user. Raises `BrokerAway` with the broker's refusal."""
    producer = Producer(secured.bootstrap, timeout_seconds=10, security=login(access, user))
    try:
        assert await producer.send([Message(topic, b"key", b"value", ())]) == [None]
    finally:
        await producer.stop()


async def read(secured: Stack, options: Mapping[str, Any], topic: str, group: str | None = None) -> bytes | None:
    """The first message of a topic. Raises the broker's refusal."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=secured.bootstrap, group_id=group, auto_offset_reset="earliest", **options
    )
    try:
        await consumer.start()
        return (await asyncio.wait_for(consumer.getone(), 20)).value  # type: ignore[no-any-return]  # aiokafka is untyped
    finally:
        await consumer.stop()


def test_what_is_entered_in_one_service_is_seen_in_the_other(secured: Stack) -> None:
    company = Company.in_stack(secured, new_tenant())
    mine, theirs = company.customer_on_both(phone="030-0074321")
    assert mine["phone"] == theirs["phone"]
    company.erp.change("customer", theirs["id"], phone="030-0074399")
    company.shown_on_both("customer", mine["canonical_id"], phone="030-0074399")


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("crm", "erp.customer.v1"),
        ("crm", "sync.customer.v1"),
        ("erp", "crm.customer.v1"),
        ("gateway", "crm.customer.v1"),
        (PARTNER, "crm.customer.v1"),
        (PARTNER, f"{FIRST_TENANT}.customer.v1"),
        (SHOP, "crm.customer.v1"),
    ],
)
async def test_a_user_may_not_write_topics_of_others(secured: Stack, access: Access, user: str, topic: str) -> None:
    with pytest.raises(BrokerAway, match="Authorization"):
        await sent(secured, access, user, topic)


def publish_customers(company: Company) -> None:
    """Declare the outbound topic of customers, and enter one."""
    company.hub.call("PUT", "/v1/outbound-topics/customer", json={"without": ["phone"]}, headers={"If-Match": "*"})
    company.customer_on_both(name="Alfreds Futterkiste", phone="030-0074321")


async def test_a_third_party_reads_what_its_tenant_publishes_and_another_tenant_fails_alone(
    secured: Stack, access: Access
) -> None:
    company, other = (Company.in_stack(secured, tenant) for tenant in (FIRST_TENANT, new_tenant()))
    publish_customers(other)
    publish_customers(company)

    def settled() -> bool:
        states = [each.hub.get("/v1/outbound-topics/customer")["state"] for each in (company, other)]
        assert states == ["published", "failing"], states
        return True

    eventually(settled)
    topic, options = f"{FIRST_TENANT}.customer.v1", login(access, PARTNER).options()
    for group in (None, f"{PARTNER}.copies"):
        found = json.loads(await read(secured, options, topic, group) or b"")
        assert found["values"]["name"]["name"] == "Alfreds Futterkiste"
        assert "phone" not in found["values"]
    with pytest.raises(GroupAuthorizationFailedError):
        await read(secured, options, topic, "sync-gateway")
    for denied in (f"{other.tenant}.customer.v1", "crm.customer.v1", "sync.customer.v1"):
        with pytest.raises(TopicAuthorizationFailedError):
            await read(secured, options, denied)


async def test_a_system_that_joined_writes_its_own_topics_and_the_gateway_reads_them(
    secured: Stack, access: Access
) -> None:
    await ensure_topics(secured.bootstrap, ["shop.customer.v1"], security=login(access, SHOP))
    await sent(secured, access, SHOP, "shop.customer.v1")
    assert await read(secured, login(access, "gateway").options(), "shop.customer.v1") == b"value"


async def test_nobody_connects_without_a_password_or_tls(secured: Stack, access: Access) -> None:
    wrong = BrokerSecurity("SASL_SSL", "SCRAM-SHA-512", "crm", "guessed", access.certificates.authority)
    for security in (wrong, BrokerSecurity()):
        producer = Producer(secured.bootstrap, timeout_seconds=3, security=security)
        with pytest.raises(BrokerAway):
            await producer.send([Message("crm.customer.v1", b"key", b"value", ())])


async def test_a_removed_user_is_refused_at_once(secured: Stack, access: Access) -> None:
    security = login(access, SHOP)
    broker(secured, "remove", SHOP)
    producer = Producer(secured.bootstrap, timeout_seconds=3, security=security)
    with pytest.raises(BrokerAway):
        await producer.send([Message("shop.customer.v1", b"key", b"value", ())])
    with pytest.raises((KafkaError, TimeoutError)):
        await read(secured, security.options(), "shop.customer.v1")
