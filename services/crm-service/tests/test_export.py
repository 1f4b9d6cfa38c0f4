"""`:export` of records: what the list shows, in files that can be imported again."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import TENANT
from crm.wiring import IMPORTS
from importing import Import, spreadsheet
from records import export

pytestmark = pytest.mark.servers
ALFREDS = {
    "name": "Alfreds Futterkiste",
    "phone": "+49 30 0074321",
    "notes": "=HYPERLINK(1)\nsecond line, with a comma",
    "billing_address": {"lines": ["Obere Str. 57", "Hof 2"], "city": "Berlin", "country": "DE"},
    "tags": ["retail", "tea, green"],
    "custom": {"floors": 3},
    "legal_entities": [{"legal_name": "Alfreds GmbH", "country": "DE", "tax_id": "DE136695976"}],
}


async def entered(api: httpx.AsyncClient, *records: dict[str, Any], path: str = "/v1/customers") -> list[str]:
    answers = [await api.post(path, json=record) for record in records]
    assert [answer.status_code for answer in answers] == [201] * len(records), answers[-1].text
    return [str(answer.json()["id"]) for answer in answers]


async def customers(api: httpx.AsyncClient) -> None:
    field = {"label": "Floors", "type": "integer"}
    assert (await api.put("/v1/custom-fields/floors", json=field)).status_code == 200
    await entered(api, ALFREDS, {"name": "Ana Trujillo", "billing_address": {"country": "MX"}}, {"name": "Zed"})


async def exported(api: httpx.AsyncClient, address: str, **parameters: str) -> bytes:
    answer = await api.get(address, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.content


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def test_a_csv_file_has_dotted_columns_and_lists_as_json(api: httpx.AsyncClient) -> None:
    await customers(api)
    answer = await api.get("/v1/customers:export")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="customers-')
    first = rows(answer.content)[0]
    assert first["billing_address.city"] == "Berlin"
    assert json.loads(first["tags"]) == ["retail", "tea, green"]
    assert first["sync.state"] == "on_its_way"


async def test_no_text_of_a_csv_file_runs_as_a_formula(api: httpx.AsyncClient) -> None:
    await customers(api)
    first = rows(await exported(api, "/v1/customers:export"))[0]
    assert (first["phone"], first["notes"].splitlines()[0]) == ("'+49 30 0074321", "'=HYPERLINK(1)")


async def test_filters_and_order_are_those_of_the_list(api: httpx.AsyncClient) -> None:
    await customers(api)
    assert [row["name"] for row in rows(await exported(api, "/v1/customers:export", country="MX"))] == ["Ana Trujillo"]
    listed = (await api.get("/v1/customers", params={"sort": "-name"})).json()["items"]
    found = rows(await exported(api, "/v1/customers:export", sort="-name"))
    assert [row["id"] for row in found] == [item["id"] for item in listed]


async def test_each_line_of_jsonl_is_the_answer_of_the_list(api: httpx.AsyncClient) -> None:
    await customers(api)
    lines = (await exported(api, "/v1/customers:export", format="jsonl")).splitlines()
    listed = (await api.get("/v1/customers")).json()["items"]
    # What the caller may do now is no part of a record.
    assert [json.loads(line) for line in lines] == [
        {name: value for name, value in item.items() if name != "allowed"} for item in listed
    ]


async def test_an_xlsx_file_holds_texts_as_texts(api: httpx.AsyncClient) -> None:
    await customers(api)
    book = zipfile.ZipFile(io.BytesIO(await exported(api, "/v1/customers:export", format="xlsx")))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "=HYPERLINK(1)" in sheet
    assert "<f>" not in sheet
    assert sheet.count("<row ") == 4


async def test_more_than_one_chunk_comes_complete_and_in_order(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CHUNK_ROWS", 3)
    names = [f"Shop {number}" for number in range(10)]
    await entered(api, *({"name": name, "segment": name[-1] if name[-1] < "5" else None} for name in names))
    assert [row["name"] for row in rows(await exported(api, "/v1/customers:export"))] == names
    await entered(api, {"name": "Shop 9"}, {"name": "Shop 9"})
    assert len(rows(await exported(api, "/v1/customers:export"))) == 12


async def test_nothing_found_is_a_file_with_a_header(api: httpx.AsyncClient) -> None:
    assert (await exported(api, "/v1/customers:export")).count(b"\r\n") == 1
    assert await exported(api, "/v1/customers:export", format="jsonl") == b""


@pytest.mark.parametrize("parameters", [{"format": "pdf"}, {"sort": "phone"}, {"colour": "red"}, {"limit": "5"}])
async def test_a_parameter_that_makes_no_sense_is_refused(api: httpx.AsyncClient, parameters: dict[str, str]) -> None:
    answer = await api.get("/v1/customers:export", params=parameters)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed")
    assert answer.json()["errors"][0]["field"] == next(iter(parameters))


@pytest.mark.parametrize("target", ["customers", "contacts"])
async def test_what_is_exported_is_imported_without_change(
    api: httpx.AsyncClient, sessions: Sessions, tmp_path: Path, target: str
) -> None:
    await customers(api)
    customer_id = (await api.get("/v1/customers")).json()["items"][0]["id"]
    maria = {"name": "Maria", "phone": "+49 1", "customer_id": customer_id, "consent": {"email": True}}
    await entered(api, maria, {"name": "-Thomas"}, path="/v1/contacts")
    file = tmp_path / "export.csv"
    file.write_bytes(await exported(api, f"/v1/{target}:export"))
    found = spreadsheet.read(file, None, "id", IMPORTS[target].shape)
    results = await Import(target, IMPORTS[target], "export", TENANT, "import:export.csv").run(sessions, found)
    assert [(result.outcome, result.reason) for result in results] == [("unchanged", "")] * len(found)
    assert len(found) >= 2


async def test_a_row_that_names_a_record_by_its_id_changes_it(
    api: httpx.AsyncClient, sessions: Sessions, tmp_path: Path
) -> None:
    (customer_id,) = await entered(api, {**ALFREDS, "custom": {}})
    file = tmp_path / "export.csv"
    file.write_text(f'id,name,tags\n{customer_id.upper()},Alfreds,"[""bulk""]"\n', encoding="utf-8")
    found = spreadsheet.read(file, None, "id", IMPORTS["customers"].shape)
    run = Import("customers", IMPORTS["customers"], "export", TENANT, "import:export.csv")
    assert [result.outcome for result in await run.run(sessions, found)] == ["updated"]
    shown = (await api.get(f"/v1/customers/{customer_id}")).json()
    assert (shown["name"], shown["tags"], shown["phone"]) == ("Alfreds", ["bulk"], "+49 30 0074321")
    assert [result.outcome for result in await run.run(sessions, found)] == ["unchanged"]
