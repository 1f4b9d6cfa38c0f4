"""Whatever a client sends, a service answers as its OpenAPI document says, and never with a fault of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from chassis import feed
from chassis.auth import Principal, authenticated
from chassis.service import Service
from chassis.testing import TENANT, Database
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from gateway.wiring import SERVICE as GATEWAY
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sealing import new_key
from stack.keys import SCOPES

from ..serving import served

pytestmark = pytest.mark.servers
schemathesis.serializer.alias("message/rfc822", "application/octet-stream")

SERVICES = [CRM, ERP, GATEWAY]
EXAMPLES, LONG_EXAMPLES = 3, 30
ANSWER_SECONDS = 60
"""Ten, as it is otherwise, are too few on a machine that is busy with other tests."""
CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@contextmanager
def serving(service: Service, address: str) -> Iterator[str]:
    """The service on a port, for somebody who may do everything."""
    app = service.app(service.settings(database_url=address, sealing_keys=(new_key(),)))
    everything = Principal("anna", TENANT, frozenset(SCOPES), "test")
    app.dependency_overrides[authenticated] = lambda: everything
    with served(app) as base:
        yield base


@pytest.fixture(autouse=True)
def _nobody_waits_for_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "STREAM_SECONDS", 0.1)
    monkeypatch.setattr(feed, "WAIT_SECONDS", 0.1)


@pytest.fixture(scope="module")
def addresses(database: Database) -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        yield {
            s.name: stack.enter_context(serving(s, database(s.name, s.metadata, s.versions, "conformance")))
            for s in SERVICES
        }


@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(LONG_EXAMPLES, marks=pytest.mark.long)])
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_answer_is_one_that_was_promised(service: Service, addresses: dict[str, str], examples: int) -> None:
    schema = schemathesis.openapi.from_url(f"{addresses[service.name]}/openapi.json", timeout=ANSWER_SECONDS)
    connected = requests.Session()
    for each in schema.get_all_operations():
        assert isinstance(each, Ok), each
        operation = each.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def answers_as_promised(case: Any) -> None:
            case.call_and_validate(checks=CHECKS, timeout=ANSWER_SECONDS, session=connected)

        answers_as_promised()


def test_the_document_is_served_where_clients_look_for_it(addresses: dict[str, str]) -> None:
    for address in addresses.values():
        assert httpx.get(f"{address}/openapi.json", timeout=ANSWER_SECONDS).json()["openapi"].startswith("3.1")
