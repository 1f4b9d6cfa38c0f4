"""What holds for all routes of the gateway: scopes, documentation, the front door."""

from typing import Any

import httpx
import pytest
from chassis.auth import undeclared_routes
from fastapi import FastAPI
from gateway.api.decisions.schemas import DecisionOut
from gateway.api.deliveries.schemas import DeliveryOut
from gateway.api.records.schemas import RecordOut
from gateway.api.systems.schemas import SystemOut
from gateway.settings import GatewaySettings
from gateway.wiring import SERVICE
from pydantic import BaseModel

SHARED = {"access", "audit", "jobs", "outbound", "outbox"}
"""The scopes of routes that every service has."""

OTHER_SCOPES = {
    ("get", "/v1/events"): "events:read",
    ("get", "/v1/events:stream"): "events:read",
    ("put", "/v1/systems/{name}"): "sync:operate",
    ("delete", "/v1/systems/{name}"): "sync:operate",
    ("post", "/v1/systems/{name}/events"): "events:write",
    ("put", "/v1/policies/{kind}/{group}"): "policies:write",
    ("post", "/v1/policies/{kind}/{group}/rollback"): "policies:write",
}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return SERVICE.app(GatewaySettings(database_url="postgresql://not.used"))


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def test_every_route_declares_a_scope(app: FastAPI) -> None:
    assert undeclared_routes(app) == []


def test_every_change_needs_the_right_to_write(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            needed = [scope for scheme in operation["security"] for scopes in scheme.values() for scope in scopes]
            if not needed or needed[0].partition(":")[0] in SHARED:
                continue
            reads = method == "get" or path.endswith(("simulate", "/explain"))
            other = OTHER_SCOPES.get((method, path))
            assert needed == [other or ("sync:read" if reads else "sync:write")], path


def test_operations_have_stable_names_a_tag_and_a_described_answer(document: dict[str, Any]) -> None:
    operations = [each for paths in document["paths"].values() for each in paths.values()]
    assert {each["operationId"] for each in operations} >= {
        "records_list_records",
        "records_read_record",
        "records_list_links",
        "decisions_list_decisions",
        "decisions_read_decision",
        "decisions_restore_value",
        "conflicts_list_conflicts",
        "conflicts_resolve_conflict",
        "deliveries_list_deliveries",
        "deliveries_retry_deliveries",
        "quarantine_list_quarantine",
        "quarantine_read_quarantined",
        "quarantine_replay_message",
        "quarantine_drop_message",
        "systems_read_status",
        "systems_list_systems",
        "systems_pause_system",
        "systems_resume_system",
        "policies_list_policies",
        "policies_simulate_policy",
    }
    for each in (each for each in operations if "204" not in each["responses"]):
        assert each["tags"], each["operationId"]
        assert each["description"], each["operationId"]
        (good,) = [answer for status, answer in each["responses"].items() if status.startswith("2")]
        if each["operationId"] == "events_stream_events":
            assert good["content"]["text/event-stream"]["itemSchema"]
        else:
            assert good["content"]["application/json"]["schema"], each["operationId"]


@pytest.mark.parametrize("shape", [RecordOut, DecisionOut, DeliveryOut, SystemOut])
def test_the_main_answers_have_an_example_that_is_one(document: dict[str, Any], shape: type[BaseModel]) -> None:
    extra = shape.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    assert isinstance(examples := extra["examples"], list)
    assert shape.model_validate(examples[0])
    assert document["components"]["schemas"][shape.__name__]["examples"]


async def test_the_front_door_leads_to_the_documentation(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test") as client:
        answer = await client.get("/")
        assert (answer.status_code, answer.headers["location"]) == (307, "/docs")
        assert (await client.get("/v1/status")).status_code == 401
