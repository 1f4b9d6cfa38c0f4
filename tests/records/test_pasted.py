"""What the documents give as examples is accepted when it is pasted."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from chassis.service import Service
from chassis.testing import Database, caller, rolled_back, undone
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from gateway.wiring import SERVICE as GATEWAY

from ..contracts.published import FOLDER
from .conftest import EVERYTHING
from .examples import Maker
from .subjects import UNFILLED

NOBODY = "01936f2b-3e00-7a10-8b00-0000000000ff"
NAMED: Mapping[str, str] = {
    "kind": "customer",
    "key": "sales",
    "name": "shop",
    "group": "phone",
    "delivery_id": f"{NOBODY}.crm",
}
"""Parameters of paths that are no plain ids."""

BEFORE: Mapping[str, tuple[tuple[str, Any], ...]] = {
    "gateway": tuple(
        (f"/v1/systems/{name}", {"address": f"http://{name}.example", "kinds": {"customer": "writes"}})
        for name in ("crm", "erp")
    )
}
"""What is declared in a service before its examples are pasted."""

MALFORMED = {400, 422}
Json = dict[str, Any]


@pytest.fixture(scope="session")
def databases(database: Database) -> dict[str, str]:
    """Databases apart from those of the records, whose open transactions hold the locks of what examples deliver."""
    return {each.name: database(each.name, each.metadata, each.versions, "pasted") for each in (CRM, ERP, GATEWAY)}


def bodies(service: str) -> Iterator[tuple[str, str, Any]]:
    """Method, path and example of each JSON body of a document; None where there is no example."""
    document: Json = json.loads((FOLDER / f"openapi/{service}.json").read_text(encoding="utf-8"))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}) if "responses" in operation else {}
            if "application/json" in content:
                found = list(examples(content["application/json"], document["components"]["schemas"]))
                yield from ((method.upper(), path, each) for each in found or [None])


def examples(content: Json, schemas: Json) -> Iterator[Any]:
    """The examples beside a schema, or those of the model that it refers to; of a list, with one member."""
    if "example" in content:
        yield content["example"]
    yield from (each["value"] for each in content.get("examples", {}).values())
    schema = content["schema"]
    for either in schema.get("anyOf", [schema]):
        model = schemas.get(either.get("$ref", "").rpartition("/")[2], {})
        member = schemas.get(either.get("items", {}).get("$ref", "").rpartition("/")[2], {})
        yield from model.get("examples", [])
        yield from ([each] for each in member.get("examples", []))


@pytest.mark.parametrize("service", ["crm", "erp", "gateway"])
def test_every_json_body_has_an_example(service: str) -> None:
    assert [f"{method} {path}" for method, path, example in bodies(service) if example is None] == []


async def address(maker: Maker, path: str) -> str:
    """The path with the row of the record that it begins with, made if it can be, and names that need none."""
    collection, brace, _ = path.partition("/{")
    found = [each for each in maker.subjects.values() if each.record.path == collection and str(each) not in UNFILLED]
    if brace and found:
        row = await maker.make(found[0].record.name, 0)
        path = re.sub(r"\{(\w+)\}", lambda name: str(row.get(name[1], row["id"])), path, count=1)
    return re.sub(r"\{(\w+)\}", lambda name: NAMED.get(name[1], NOBODY), path)


async def refused(api: httpx.AsyncClient, maker: Maker, method: str, path: str, example: Any) -> str | None:
    """What the service says against the example, if it finds it malformed."""
    place = await address(maker, path)
    sent = await api.request(method, place, json=example, headers={"If-Match": "*"})
    return f"{method} {path}: {sent.text}" if sent.status_code in MALFORMED else None


@pytest.mark.parametrize("service", [CRM, ERP, GATEWAY], ids=lambda service: str(service.name))
async def test_no_example_of_a_body_is_malformed(service: Service, databases: dict[str, str]) -> None:
    """References of examples lead nowhere: that is 404 or 409, and says that the body was understood."""
    async with (
        rolled_back(databases[service.name], service.name) as sessions,
        caller(service, sessions, EVERYTHING, roles="sales-director") as api,
    ):
        maker, wrong = Maker(service, api, sessions), []
        for place, body in BEFORE.get(service.name, ()):
            await maker.put(place, body)
        for method, path, example in bodies(service.name):
            async with undone(sessions):
                wrong.append(await refused(api, maker, method, path, example))
        assert not any(wrong), "\n".join(each for each in wrong if each)
