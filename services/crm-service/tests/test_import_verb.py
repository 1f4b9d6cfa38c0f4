"""`python -m crm import`, as its users call it."""

import csv
from pathlib import Path
from uuid import uuid4

import pytest
from crm.__main__ import verbs
from sqlalchemy import make_url
from typer.testing import CliRunner, Result

pytestmark = pytest.mark.servers
TENANT = str(uuid4())


@pytest.fixture
def file(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATABASE_URL", address)
    made = tmp_path / "firms.csv"
    made.write_text("company,country\nAlfreds,Germany\n=cmd(),Atlantis\n", encoding="utf-8")
    return made


def run(file: Path, into: str, columns: str) -> Result:
    arguments = ["import", into, str(file), "--columns", columns, "--key", "company", "--tenant", TENANT]
    return CliRunner().invoke(verbs, arguments)


def outcomes(file: Path) -> list[tuple[str, str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return [(row["line"], row["key"], row["outcome"]) for row in csv.DictReader(stream)]


def test_each_row_has_its_result_in_a_file_that_no_later_import_overwrites(file: Path) -> None:
    first, second = (run(file, "customers", "company=name,country=billing_address.country") for _ in range(2))
    assert "2 rows: 1 created, 0 updated, 0 unchanged, 1 rejected." in first.output
    assert "line 3: country: 'Atlantis' is not a country" in first.output
    assert "2 rows: 0 created, 0 updated, 1 unchanged, 1 rejected." in second.output
    rejected = ("3", "'=cmd()", "rejected")
    assert outcomes(file.with_name("firms.crm-customers.result.csv")) == [("2", "Alfreds", "created"), rejected]
    assert outcomes(file.with_name("firms.crm-customers.result.2.csv")) == [("2", "Alfreds", "unchanged"), rejected]
    contacts = run(file, "contacts", "company=name")
    assert f"Row by row: {file.with_name('firms.crm-contacts.result.csv')}" in contacts.output
    assert [outcome for _, _, outcome in outcomes(file.with_name("firms.crm-contacts.result.csv"))] == ["created"] * 2


def test_the_database_is_named_without_its_login(file: Path, address: str) -> None:
    said = run(file, "customers", "company=name").output
    assert f"goes into customers of the database {make_url(address).database} at " in said


def test_a_file_that_makes_no_sense_ends_with_a_sentence(file: Path) -> None:
    outcome = CliRunner().invoke(verbs, ["import", "customers", str(file), "--columns", "firm=name"])
    assert outcome.exit_code == 1
    assert outcome.output.splitlines()[-1] == "There is no column firm. The file has: company, country."
