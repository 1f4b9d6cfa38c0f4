"""Every record as a file: in each format, narrowed like the list, and imported again."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from chassis.testing import TENANT
from importing import Import, spreadsheet

from .examples import Json, key_of
from .made import Made
from .subjects import having

pytestmark = pytest.mark.servers
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
NOBODY = "01900000-0000-7000-8000-ffffffffffff"


async def _exported(made: Made, **parameters: str) -> bytes:
    answer = await made.api.get(f"{made.path}:export", params=parameters)
    assert answer.status_code == 200, answer.text
    assert f'.{parameters.get("format", "csv")}"' in answer.headers["Content-Disposition"]
    return answer.content


def _csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def _sheet(content: bytes) -> list[Json]:
    """The rows of an xlsx file, by the names in its first one."""
    part = ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    sheet = ElementTree.fromstring(part)  # noqa: S314  (a file of our own)
    rows = [
        {(cell.get("r") or "").rstrip("0123456789"): "".join(cell.itertext()) for cell in row.iterfind("{*}c")}
        for row in sheet.iter(f"{SPREADSHEET}row")
    ]
    return [{rows[0][column]: text for column, text in row.items()} for row in rows[1:]]


@having("export", "list")
async def test_each_format_has_every_row_once_in_the_order_of_the_list(made: Made) -> None:
    listed = await made.listed()
    assert [key_of(row) for row in _csv(await _exported(made))] == listed
    lines = (await _exported(made, format="jsonl")).splitlines()
    assert [key_of(json.loads(line)) for line in lines] == listed
    assert [key_of(row) for row in _sheet(await _exported(made, format="xlsx"))] == listed


@having("export", "list")
async def test_a_file_is_narrowed_and_ordered_like_the_list(made: Made) -> None:
    order = {"sort": f"-{made.record.sort[0]}"}
    assert [key_of(row) for row in _csv(await _exported(made, **order))] == await made.listed(**order)
    for name in {"canonical_id", "customer_id", "product_id"} & made.record.filters.model_fields.keys():
        assert _csv(await _exported(made, **{name: NOBODY})) == []
    if "archived" in made.record.filters.model_fields:
        assert _csv(await _exported(made, archived="true")) == []


@having("export")
async def test_nobody_else_exports_a_row(made: Made) -> None:
    answer = await made.stranger.get(f"{made.path}:export")
    assert (answer.status_code, _csv(answer.content)) == (200, [])
    assert (await made.writer.get(f"{made.path}:export")).status_code == 403


@having("export", imported=True)
async def test_what_is_exported_is_imported_without_change(made: Made, tmp_path: Path) -> None:
    assert made.subject.target is not None
    file = tmp_path / "export.csv"
    file.write_bytes(await _exported(made))
    found = spreadsheet.read(file, None, "id", made.subject.target.shape)
    run = Import(made.record.plural, made.subject.target, "export", TENANT, "import:export.csv")
    results = await run.run(made.sessions, found)
    assert [(each.outcome, each.reason) for each in results] == [("unchanged", "")] * len(made.rows)
