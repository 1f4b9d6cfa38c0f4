"""`python -m crm import`, as its users call it."""

import csv
from pathlib import Path
from uuid import uuid4

import pytest
from crm.__main__ import verbs
from typer.testing import CliRunner

pytestmark = pytest.mark.servers


@pytest.fixture
def file(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATABASE_URL", address)
    made = tmp_path / "firms.csv"
    made.write_text("company,country\nAlfreds,Germany\n=cmd(),Atlantis\n", encoding="utf-8")
    return made


def test_each_row_has_its_result_in_a_file(file: Path) -> None:
    columns, tenant = "company=name,country=billing_address.country", str(uuid4())
    arguments = ["import", "customers", str(file), "--columns", columns, "--key", "company", "--tenant", tenant]
    first, second = (CliRunner().invoke(verbs, arguments) for _ in range(2))
    assert "2 rows: 1 created, 0 updated, 0 unchanged, 1 rejected." in first.output
    assert "line 3: country: 'Atlantis' is not a country" in first.output
    assert "2 rows: 0 created, 0 updated, 1 unchanged, 1 rejected." in second.output
    with file.with_name("firms.result.csv").open(encoding="utf-8-sig", newline="") as stream:
        results = list(csv.DictReader(stream))
    assert [(row["line"], row["key"], row["outcome"]) for row in results] == [
        ("2", "Alfreds", "unchanged"),
        ("3", "'=cmd()", "rejected"),
    ]


def test_a_file_that_makes_no_sense_ends_with_a_sentence(file: Path) -> None:
    outcome = CliRunner().invoke(verbs, ["import", "customers", str(file), "--columns", "firm=name"])
    assert outcome.exit_code == 1
    assert outcome.output.strip() == "There is no column firm. The file has: company, country."
