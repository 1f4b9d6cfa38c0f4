"""The published OpenAPI documents hold together; that they are those of the services is what `make check` says."""

import json
import re
from typing import Any

import pytest

from .published import FOLDER

SERVICES = ["crm", "erp", "gateway"]


def document(service: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"openapi/{service}.json").read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("service", SERVICES)
def test_every_reference_leads_somewhere(service: str) -> None:
    read = document(service)
    schemas = read["components"]["schemas"]
    text = json.dumps(read)
    names = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names <= schemas.keys()
    assert read["openapi"].startswith("3.1")


def test_both_spokes_have_the_same_port() -> None:
    ports = [
        {path: item for path, item in document(name)["paths"].items() if path.startswith("/replication")}
        for name in ("crm", "erp")
    ]
    assert ports[0] == ports[1] != {}


@pytest.mark.parametrize("service", SERVICES)
def test_names_of_schemas_are_words_not_paths_of_the_code(service: str) -> None:
    names = list(document(service)["components"]["schemas"])
    assert [name for name in names if not re.fullmatch(r"([A-Z][a-z0-9]*)+", name)] == []


@pytest.mark.parametrize("service", ["crm", "erp"])
def test_a_list_whose_members_can_be_expanded_is_a_list(service: str) -> None:
    listed = 0
    for name, schema in document(service)["components"]["schemas"].items():
        for field, shown in schema.get("properties", {}).items():
            if name.endswith("Read") and field in ("lines", "allocations"):
                assert shown["type"] == "array", (name, field)
                listed += 1
    assert listed
