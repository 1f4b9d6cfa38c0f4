"""What is published: schemas, the AsyncAPI document and the golden examples agree with the code."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from contracts.__main__ import app
from contracts.asyncapi import asyncapi_document
from contracts.asyncapi_schemas import payload_name
from contracts.events import EVENTS, Envelope
from contracts.generate import generated_files
from contracts.groups import GOLDEN_GROUPS, GROUPS, announced_shapes, check_value
from contracts.kinds import TABLES
from contracts.kinds.announced import ANNOUNCED, AnnouncedKind
from contracts.outbound import OUTBOUND, left_out, removable
from pydantic import ValidationError
from typer.testing import CliRunner

from contracts.schemas import PORT

HERE = Path(__file__).parents[2]
BODIES = [*EVENTS, *PORT]


def example(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((HERE / f"examples/{name}.json").read_text(encoding="utf-8"))
    return read


def body(name: str) -> dict[str, Any]:
    read = example(name)
    return read["data"] if name in EVENTS else read


def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    schema = json.loads((HERE / f"schemas/{name}.json").read_text(encoding="utf-8"))
    jsonschema_rs.meta.validate(schema)
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def test_the_published_files_are_what_the_code_makes() -> None:
    result = CliRunner().invoke(app, ["check", "--no-openapi"])
    assert result.exit_code == 0, result.output


def test_check_names_each_file_that_drifted(tmp_path: Path) -> None:
    runner = CliRunner()
    runner.invoke(app, ["generate", "--no-openapi", "--folder", str(tmp_path)])
    (tmp_path / "schemas/crm.customer.v1.json").write_text("{}")
    (tmp_path / "schemas/crm.ghost.v1.json").write_text("{}")
    (tmp_path / "asyncapi.yaml").unlink()
    result = runner.invoke(app, ["check", "--no-openapi", "--folder", str(tmp_path)])
    assert result.exit_code == 1
    assert "schemas/crm.customer.v1.json differs from the code" in result.output
    assert "schemas/crm.ghost.v1.json is no longer generated" in result.output
    assert "asyncapi.yaml is missing" in result.output


def test_generating_removes_a_schema_that_is_no_longer_made(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/crm.ghost.v1.json").write_text("{}")
    runner = CliRunner()
    runner.invoke(app, ["generate", "--no-openapi", "--folder", str(tmp_path)])
    assert runner.invoke(app, ["check", "--no-openapi", "--folder", str(tmp_path)]).exit_code == 0


def test_every_topic_has_a_schema_and_an_example_and_there_are_no_others() -> None:
    assert {path.stem for path in (HERE / "examples").glob("*.json")} == set(BODIES)
    assert set(generated_files()) >= {f"schemas/{name}.json" for name in BODIES}


@pytest.mark.parametrize("name", BODIES)
def test_an_example_is_valid_under_its_schema(name: str) -> None:
    validator(name).validate(body(name))


@pytest.mark.parametrize("name", EVENTS)
def test_an_example_is_a_cloudevent_of_its_topic(name: str) -> None:
    event = example(name)
    validator("cloudevent").validate(event)
    envelope = Envelope.model_validate(event)
    assert envelope.dataschema == f"{name}.json"
    assert envelope.type == _document()["components"]["messages"][name]["name"]


@pytest.mark.parametrize("name", BODIES)
def test_an_example_says_everything_its_shape_has(name: str) -> None:
    """Producers send every field; and the values are in their one form, so nothing changes on the way."""
    model = {**EVENTS, **PORT}[name]
    again = model.model_validate(body(name)).model_dump(mode="json")
    if "decided_at" in again:
        again["decided_at"] = body(name)["decided_at"]  # +00:00 and Z are the same instant.
    for part in ("snapshot", "values"):
        if isinstance(again.get(part), dict):
            again[part] = {group: value for group, value in again[part].items() if value is not None}
    assert again == body(name)


@pytest.mark.parametrize("name", [name for name in EVENTS if name != "sync.conflict.v1"])
def test_the_values_of_an_example_are_in_their_one_form(name: str) -> None:
    system, kind, _ = name.split(".")
    golden, shapes = system == "sync", {name: announced_shapes(each) for name, each in ANNOUNCED.items()}
    shapes |= GOLDEN_GROUPS if golden else GROUPS
    for group, value in body(name)["values" if golden else "snapshot"].items():
        assert check_value(shapes[kind], group, value) == value


@pytest.mark.parametrize("kind", GROUPS)
def test_every_group_stands_in_an_example(kind: str) -> None:
    golden = body(f"sync.{kind}.v1")["values"]
    assert {group.partition(":")[0] for group in golden} == set(GOLDEN_GROUPS[kind])
    sent = {group for system in TABLES[kind].writers for group in body(f"{system}.{kind}.v1")["snapshot"]}
    # An order and a payment have gone further in the hub's example than in those of the systems.
    later = {"order": {"reason", "request", "answer"}, "payment": {"reason"}}.get(kind, set())
    assert {group.partition(":")[0] for group in sent} == set(GROUPS[kind]) - later


@pytest.mark.parametrize("kind", ANNOUNCED.values(), ids=lambda kind: kind.name)
def test_every_group_of_an_announced_kind_stands_in_its_example(kind: AnnouncedKind) -> None:
    assert body(f"{kind.by}.{kind.name}.v1")["snapshot"].keys() == kind.groups.keys()


@pytest.mark.parametrize("name", EVENTS)
def test_a_consumer_is_not_disturbed_by_an_addition(name: str) -> None:
    longer = {**body(name), "added_in_1_1": {"a": 1}}
    validator(name).validate(longer)
    assert EVENTS[name].model_validate(longer) == EVENTS[name].model_validate(body(name))


@pytest.mark.parametrize(
    ("group", "value"),
    [
        ("email", "nobody"),
        ("tag:retail", "yes"),
        ("legal:not-a-uuid", None),
        ("legal:7c1f0004-b9df-5df5-9e15-7c2de3abf842", {"legal_name": "A", "country": "XX"}),
        ("custom:level", 1.5),
        ("credit", {"limit": 5.0, "currency": "EUR", "blocked": False}),
        ("favourite_colour", "red"),
    ],
)
def test_a_snapshot_with_a_wrong_value_is_refused(group: str, value: object) -> None:
    wrong = body("crm.customer.v1")
    wrong["snapshot"][group] = value
    with pytest.raises(ValidationError):
        EVENTS["crm.customer.v1"].model_validate(wrong)


def test_the_asyncapi_document_refers_only_to_what_exists() -> None:
    text = (HERE / "asyncapi.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, yaml.CSafeLoader)
    assert document["asyncapi"] == "3.0.0"
    for reference in _references(document):
        _resolve(document, reference)


def test_the_asyncapi_document_has_each_topic_with_its_key_headers_and_payload() -> None:
    document = yaml.load((HERE / "asyncapi.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    outbound = {f"outbound.{kind}.v1": topic for kind, topic in OUTBOUND.items()}
    assert set(document["channels"]) == {*EVENTS, *outbound}
    for name, channel in document["channels"].items():
        topic = outbound.get(name, name)
        assert channel["address"] == (name if name == topic else "{tenant}." + name.removeprefix("outbound."))
        message = _resolve(document, channel["messages"]["changed"]["$ref"])
        assert _resolve(document, message["payload"]["schema"]["$ref"])["title"] == payload_name(topic)
        assert message["bindings"]["kafka"]["key"]["type"] == "string"
        headers = _resolve(document, _resolve(document, message["traits"][0]["$ref"])["headers"]["$ref"])
        assert {"ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_tenant"} <= set(headers["required"])
    used = {operation["channel"]["$ref"].rpartition("/")[2] for operation in document["operations"].values()}
    assert used == {*EVENTS, *outbound}


@pytest.mark.parametrize("kind", OUTBOUND)
def test_groups_that_are_left_out_are_nowhere_in_an_event_that_still_fits_its_schema(kind: str) -> None:
    topic = OUTBOUND[kind]
    data = json.loads((HERE / f"examples/{topic}.json").read_text(encoding="utf-8"))["data"]
    found = left_out(data, removable(kind))
    EVENTS[topic].model_validate(found)
    values = found.get("values") or found["snapshot"]
    assert not {group.partition(":")[0] for group in values} & removable(kind)
    assert left_out(data, ()) == data


@cache
def _document() -> dict[str, Any]:
    return asyncapi_document()


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for item in node.values() for found in _references(item)]
    if isinstance(node, list):
        return [found for item in node for found in _references(item)]
    return []


def _resolve(document: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document
