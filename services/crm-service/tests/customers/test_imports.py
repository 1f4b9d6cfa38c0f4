"""A CSV file becomes customers, once."""

from pathlib import Path

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import TENANT
from crm.wiring import IMPORTS
from importing import Import, RowResult, spreadsheet

pytestmark = pytest.mark.servers
HEADER = "customer_id,company_name,address,city,country,phone\n"
ALFKI = "ALFKI,Alfreds Futterkiste,Obere Str. 57,Berlin,Germany,030-0074321\n"
COLUMNS = (
    "company_name=name,address=billing_address.lines,city=billing_address.city,"
    "country=billing_address.country,phone=phone"
)


def written_and_read(file: Path, text: str, key: str | None) -> list[spreadsheet.Row]:
    file.write_text(HEADER + text, encoding="utf-8-sig")
    return spreadsheet.read(file, COLUMNS, key, IMPORTS["customers"].shape)


async def imported(sessions: Sessions, file: Path, text: str, key: str | None = "customer_id") -> list[RowResult]:
    rows = written_and_read(file, text, key)
    return await Import("customers", IMPORTS["customers"], "northwind", TENANT, "import:customers.csv").run(
        sessions, rows
    )


async def test_rows_become_customers(sessions: Sessions, api: httpx.AsyncClient, tmp_path: Path) -> None:
    (result,) = await imported(sessions, tmp_path / "customers.csv", ALFKI)
    shown = (await api.get(f"/v1/customers/{result.id}")).json()
    assert (shown["name"], shown["phone_e164"]) == ("Alfreds Futterkiste", "+49300074321")
    assert shown["billing_address"]["lines"] == ["Obere Str. 57"]


@pytest.mark.parametrize("key", ["customer_id", None])
async def test_a_second_run_creates_nothing(
    sessions: Sessions, api: httpx.AsyncClient, tmp_path: Path, key: str | None
) -> None:
    for expected in ("created", "unchanged"):
        results = await imported(sessions, tmp_path / "customers.csv", ALFKI, key)
        assert [result.outcome for result in results] == [expected]
    assert len((await api.get("/v1/customers")).json()["items"]) == 1


async def test_a_changed_row_changes_its_customer(sessions: Sessions, api: httpx.AsyncClient, tmp_path: Path) -> None:
    await imported(sessions, tmp_path / "customers.csv", ALFKI)
    (result,) = await imported(sessions, tmp_path / "customers.csv", ALFKI.replace("Berlin", "Bonn"))
    assert result.outcome == "updated"
    shown = (await api.get(f"/v1/customers/{result.id}")).json()
    assert (shown["billing_address"]["city"], shown["version"]) == ("Bonn", 2)


async def test_what_users_changed_since_is_left_alone(
    sessions: Sessions, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    (result,) = await imported(sessions, tmp_path / "customers.csv", ALFKI)
    address = f"/v1/customers/{result.id}"
    await api.patch(address, json={"name": "Alfred & Sons"}, headers={"If-Match": "*"})
    await imported(sessions, tmp_path / "customers.csv", ALFKI)
    assert (await api.get(address)).json()["name"] == "Alfred & Sons"


async def test_a_rejected_row_says_why_and_stops_no_other(sessions: Sessions, tmp_path: Path) -> None:
    text = "A,,,,,\nB,B's,,,Atlantis,\n" + ALFKI
    results = await imported(sessions, tmp_path / "customers.csv", text)
    assert [(result.line, result.outcome) for result in results] == [(2, "rejected"), (3, "rejected"), (4, "created")]
    assert results[0].reason == "name: is required: send it"
    assert "'Atlantis' is not a country" in results[1].reason
