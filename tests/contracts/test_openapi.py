"""The published OpenAPI documents are those of the services, and nothing else has drifted."""

import json
from typing import Any

import pytest
from contracts.__main__ import app
from typer.testing import CliRunner

from .published import FOLDER

SERVICES = ["crm", "erp", "gateway"]


def document(service: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"openapi/{service}.json").read_text(encoding="utf-8"))
    return read


def test_everything_published_is_what_the_code_says() -> None:
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0, result.output


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
