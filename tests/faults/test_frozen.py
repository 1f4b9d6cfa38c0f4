"""Processes that are stopped without dying: nothing moves, and the status and readiness of the others say so."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from stack.services import Stack

from ..e2e.clients import Company, new_tenant
from ..e2e.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.servers]
SEEN_SECONDS = 15.0
BROKER_SECONDS = 45.0
"""A request to the broker may take its time, and 10 s of trouble are tolerated."""


@pytest.fixture
def company(stack: Stack) -> Company:
    for part in stack.parts.values():
        part.start()
    return Company.in_stack(stack, new_tenant())


@contextmanager
def frozen(stack: Stack, name: str) -> Iterator[None]:
    """One part is stopped, and goes on afterwards."""
    group = stack.parts[name].pid
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def failing(stack: Stack, service: str) -> dict[str, dict[str, Any]]:
    """The checks of a service's readiness that fail; none when it is ready."""
    answer = httpx.get(f"{stack.urls[service]}/readyz", timeout=10)
    assert (answer.status_code == httpx.codes.OK) == ("checks" not in answer.json())
    return {each["check"]: each for each in answer.json().get("checks", ())}


def is_ready(stack: Stack, service: str) -> bool:
    return not failing(stack, service)


def troubles(company: Company) -> list[str]:
    return [each["name"] for each in company.hub.get("/v1/status")["troubles"]]


def test_a_frozen_worker_of_the_hub_is_seen_and_seen_to_be_back(stack: Stack, company: Company) -> None:
    mine, _ = company.customer_on_both()
    eventually(lambda: is_ready(stack, "gateway"))
    with frozen(stack, "gateway-worker"):
        company.crm.change("customer", mine["id"], phone="030-2222222")
        eventually(lambda: company.hub.get("/v1/status")["state"] == "stalled", SEEN_SECONDS)
        assert troubles(company)[0] == "worker"
        red = eventually(lambda: failing(stack, "gateway"), SEEN_SECONDS)
        assert red["worker"]["since"] is not None
        assert httpx.get(f"{stack.urls['gateway']}/readyz/database").status_code == httpx.codes.OK
    eventually(lambda: troubles(company) == [], SEEN_SECONDS)
    eventually(lambda: is_ready(stack, "gateway"), SEEN_SECONDS)
    company.shown_on_both("customer", mine["canonical_id"], phone="030-2222222")


@pytest.mark.long
def test_a_frozen_relay_is_seen_and_how_long_its_oldest_event_waits(stack: Stack, company: Company) -> None:
    mine, _ = company.customer_on_both()
    eventually(lambda: is_ready(stack, "crm"))
    with frozen(stack, "crm-worker"):
        company.crm.change("customer", mine["id"], phone="030-3333333")
        assert "worker" in eventually(lambda: failing(stack, "crm"), SEEN_SECONDS)
        waiting = eventually(lambda: failing(stack, "crm").get("outbox"), BROKER_SECONDS)
        assert waiting["since"] is not None
    eventually(lambda: is_ready(stack, "crm"), SEEN_SECONDS)
    company.shown_on_both("customer", mine["canonical_id"], phone="030-3333333")


@pytest.mark.long
def test_a_broker_that_does_not_answer_is_seen_by_all_three_services(stack: Stack, company: Company) -> None:
    services = ("crm", "erp", "gateway")
    eventually(lambda: all(is_ready(stack, service) for service in services))
    with frozen(stack, "kafka"):
        for service in services:
            red = eventually(lambda service=service: failing(stack, service), BROKER_SECONDS)  # type: ignore[misc]  # a lambda
            assert red["worker"]["what"].startswith("broker of ")
        eventually(lambda: any(name.startswith("broker of ") for name in troubles(company)), BROKER_SECONDS)
    eventually(lambda: all(is_ready(stack, service) for service in services), BROKER_SECONDS)
    assert company.customer_on_both()


def test_edits_in_a_paused_system_are_pending(stack: Stack, company: Company) -> None:
    mine, _ = company.customer_on_both()
    company.hub.post("/v1/systems/crm/pause")
    try:
        company.crm.change("customer", mine["id"], phone="030-4444444")

        def held_back() -> bool:
            systems = {each["name"]: each for each in company.hub.get("/v1/status")["systems"]}
            return bool(systems["crm"]["held_back"] and systems["crm"]["pending"] >= systems["crm"]["held_back"])

        eventually(held_back)
    finally:
        company.hub.post("/v1/systems/crm/resume")
    company.shown_on_both("customer", mine["canonical_id"], phone="030-4444444")
