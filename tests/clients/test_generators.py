"""Kept generators read the documents: no operation is lost, and every model has one name of its own."""

import json
import re
from pathlib import Path

import pytest
from contracts.building import HERE, SERVICES, python_client, run, typescript_client
from contracts.events import EVENTS
from contracts.outbound import OUTBOUND

from .generated import Api, api, compiled, found, numbered, python_models, twice, typescript_types


@pytest.fixture(params=SERVICES)
def published(request: pytest.FixtureRequest) -> Api:
    return api(request.param)


def unnamed(names: list[str]) -> list[str]:
    return sorted(name for name in names if re.search("anonymous|unnamed", name, re.IGNORECASE))


def test_openapi_typescript_has_every_operation_and_schema(published: Api, tmp_path: Path) -> None:
    text = typescript_types(published.file, tmp_path / "types.ts")
    operations = found(r"^export interface operations \{([\s\S]*?)^\}", text)[0]
    names = [name.strip('"') for name in found(r"^    (\S+): \{$", operations)]
    assert sorted(names) == sorted(published.operations)
    compiled(tmp_path)


def test_hey_api_has_a_function_for_every_operation(published: Api, tmp_path: Path) -> None:
    folder = typescript_client(published.file, tmp_path / "client")
    functions = found(r"^export const (\w+) =", (folder / "sdk.gen.ts").read_text(encoding="utf-8"))
    types = found(r"^export type (\w+)", (folder / "types.gen.ts").read_text(encoding="utf-8"))
    assert (len(functions), twice(functions)) == (len(published.operations), [])
    assert (twice(types), unnamed(types), numbered(types)) == ([], [], [])
    assert sorted(set(published.schemas) - set(types)) == []
    compiled(folder)


def test_openapi_python_client_has_a_module_for_every_operation(published: Api, tmp_path: Path) -> None:
    folder = python_client(published.file, tmp_path / "client")
    modules = [file for file in (folder / "api").glob("*/*.py") if file.stem != "__init__"]
    assert len(modules) == len(published.operations)
    models = found(r'^    "(\w+)",$', (folder / "models/__init__.py").read_text(encoding="utf-8"))
    assert (twice(models), unnamed(models), numbered(models)) == ([], [], [])


def test_datamodel_codegen_has_every_schema_under_its_name(published: Api, tmp_path: Path) -> None:
    text = python_models(published.file, tmp_path / "models.py")
    classes = found(r"^class (\w+)\(", text)
    assert (twice(classes), unnamed(classes), numbered(classes)) == ([], [], [])
    compile(text, "models.py", "exec")


def test_the_official_parser_and_modelina_name_every_model_of_an_event(tmp_path: Path) -> None:
    run("asyncapi.mjs", HERE / "asyncapi.yaml", tmp_path)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["errors"] == []
    assert len(report["messages"]) == len(EVENTS)
    for models in report["models"].values():
        assert (twice(models), unnamed(models), numbered(models)) == ([], [], [])
        assert len(models) > len(EVENTS) + len(OUTBOUND)
    compiled(tmp_path)
    compile((tmp_path / "models.py").read_text(encoding="utf-8"), "models.py", "exec")
