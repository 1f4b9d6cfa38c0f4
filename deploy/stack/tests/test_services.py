"""The whole stack with fakes for the services: PostgreSQL and Kafka are real."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import jwt
import pytest
from stack.errors import CannotStart
from stack.keys import FIRST_TENANT, REPLICATION
from stack.part import answers
from stack.plan import SERVICES
from stack.services import Stack
from stack.watch import Watch

pytestmark = pytest.mark.servers

FAKE = str(Path(__file__).with_name("fake_service.py"))
NAMES = ["crm-api", "crm-worker", "erp-api", "erp-worker", "gateway-api", "gateway-worker"]


def fake(service: str, verb: str) -> list[str]:
    return [sys.executable, FAKE, service, verb]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), fast=True, program=fake) as running:
        yield running


def test_everything_is_ready_once_it_has_started(stack: Stack) -> None:
    assert list(stack.parts) == ["postgres", "kafka", *NAMES]
    assert all(part.running for part in stack.parts.values())
    assert all(answers(process.ready_url) for process in stack.plan.processes())
    assert set(stack.urls) == set(SERVICES)


def test_a_part_can_be_killed_stopped_and_started_alone(stack: Stack) -> None:
    before = stack.parts["crm-api"].pid
    stack.kill("crm-api")
    assert not answers(f"{stack.urls['crm']}/readyz")
    stack.start("crm-api")
    assert answers(f"{stack.urls['crm']}/readyz")
    assert stack.parts["crm-api"].pid != before
    stack.stop("erp-worker")
    assert not stack.parts["erp-worker"].running
    stack.start("erp-worker")


def test_a_part_that_does_not_exist_is_named(stack: Stack) -> None:
    with pytest.raises(CannotStart, match="no shop-api here; there are postgres, kafka, crm-api"):
        stack.kill("shop-api")


async def test_each_service_has_a_database_of_its_own(stack: Stack) -> None:
    for service in SERVICES:
        connection = await asyncpg.connect(stack.plan.databases[service])
        assert await connection.fetchval("select current_database()") == service
        assert await connection.fetchval("select current_user") == service
        await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(stack.plan.databases["crm"].replace("/crm", "/erp", 1))


def test_a_token_is_signed_by_the_key_that_the_services_read(stack: Stack) -> None:
    [api] = [process for process in stack.plan.processes() if process.name == "gateway-api"]
    trusted = json.loads(api.environment["AUTH_ISSUERS"])
    token = stack.token(scopes=["customers:read"], subject="ann")
    [key] = jwt.PyJWKSet.from_json(Path(trusted["concord-local"]["jwks"]).read_text()).keys
    claims = jwt.decode(token, key, algorithms=["ES256"], audience="concord-crm", issuer="concord-local")
    assert (claims["sub"], claims["scope"], claims["tenant"]) == ("ann", "customers:read", FIRST_TENANT)
    assert trusted["concord-local"]["scopes"] is None
    assert trusted["concord-gateway"]["scopes"] == list(REPLICATION)


def test_private_keys_are_for_their_owner_only(stack: Stack) -> None:
    private = list((stack.folder / "keys").glob("*.jwk.json"))
    assert len(private) == 2
    assert all(file.stat().st_mode & 0o077 == 0 for file in private)
    public = list((stack.folder / "keys" / "public").iterdir())
    assert len(public) == 2
    assert all('"d"' not in file.read_text() for file in public)


def test_commands_find_the_settings_of_each_service_while_it_runs(stack: Stack, tmp_path: Path) -> None:
    published = stack.folder / "running.json"
    told = json.loads(published.read_text())
    assert set(told) == set(SERVICES)
    for process in stack.plan.processes():
        own = {name: value for name, value in process.environment.items() if name not in ("PORT", "METRICS_PORT")}
        assert told[process.name.partition("-")[0]] == own
    assert published.stat().st_mode & 0o077 == 0
    with Stack(tmp_path, program=fake, databases=stack.plan.databases, bootstrap_servers=stack.bootstrap) as other:
        assert (other.folder / "running.json").exists()
    assert not (other.folder / "running.json").exists()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def watch(stack: Stack, said: list[str], now: list[float]) -> Iterator[Watch]:
    watch = Watch(stack, said.append, clock=lambda: now[0])
    yield watch
    watch.close()
    for name in stack.parts:
        stack.start(name)


def look_until(watch: Watch, said: list[str], sentence: str, limit_seconds: float = 60) -> None:
    deadline = time.monotonic() + limit_seconds
    while sentence not in said:
        assert time.monotonic() < deadline, said
        watch.look()
        time.sleep(0.02)


def test_what_dies_is_started_again_and_said(stack: Stack, watch: Watch, said: list[str], now: list[float]) -> None:
    watch.look()
    assert not said
    stack.kill("erp-api")
    watch.look()
    assert said[0].startswith("erp-api ended; starting it again at once")
    look_until(watch, said, "erp-api runs again")
    said.clear()
    stack.kill("erp-api")
    watch.look()
    assert said[0].startswith("erp-api ended; starting it again in 1 s")
    watch.look()
    assert not stack.parts["erp-api"].running
    now[0] = 1.0
    look_until(watch, said, "erp-api runs again")
    assert stack.parts["erp-api"].running


def test_no_part_waits_for_one_that_it_does_not_need(
    stack: Stack, watch: Watch, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = threading.Event()
    start = stack.start

    def hangs(name: str | None = None) -> None:
        if name == "kafka":
            broken.wait(60)
        start(name)

    monkeypatch.setattr(stack, "start", hangs)
    for name in stack.parts:
        stack.kill(name)
    others = [name for name in stack.parts if name != "kafka"]
    assert {"postgres", "crm-api", "gateway-worker"} <= set(others)
    for name in others:
        look_until(watch, said, f"{name} runs again")
    assert not stack.parts["kafka"].running
    broken.set()
    look_until(watch, said, "kafka runs again")


def test_a_second_start_in_the_same_folder_is_refused(stack: Stack) -> None:
    with pytest.raises(CannotStart, match="in use by a stack that already runs"):
        Stack(stack.folder, program=fake).start()


def test_a_failing_migration_is_said_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_FAILS", "migrate")
    stack = Stack(tmp_path, fast=True, program=fake, bootstrap_servers="127.0.0.1:9")
    with pytest.raises(CannotStart, match=r"crm migrate failed.*\n.*refuses to migrate"):
        stack.start()
    assert stack.parts
    assert not [name for name, part in stack.parts.items() if part.running]


def test_given_databases_and_broker_are_used_and_none_is_started(stack: Stack, tmp_path: Path) -> None:
    other = Stack(
        tmp_path,
        program=fake,
        databases=stack.plan.databases,
        bootstrap_servers=stack.bootstrap,
        systems={"shop": "http://127.0.0.1:9"},
    )
    with other:
        [worker] = [process for process in other.plan.processes() if process.name == "gateway-worker"]
        assert json.loads(worker.environment["SYSTEMS"]) == {"shop": "http://127.0.0.1:9"}
        assert list(other.parts) == NAMES
        assert other.plan.bootstrap_servers == stack.bootstrap
