"""The bench with tiny sizes, so that it still runs when somebody needs it; no figure of it is looked at."""

import json
from pathlib import Path

import pytest

from . import growth, show
from .__main__ import Part, bench
from .results import Results

PNG = b"\x89PNG"


def test_a_part_replaces_its_own_section_and_no_other(tmp_path: Path) -> None:
    results = Results(tmp_path, ["edits", "load"])
    for part, value in (("load", "1"), ("edits", "2"), ("load", "3")):
        with results.section(part, "How it is measured."):
            show.table("Speed", ("", "a second"), [("all", value)], raw={"all": [value]})
    text = (tmp_path / "RESULTS.md").read_text()
    assert text.index("## edits") < text.index("## load")
    assert "| all | 2 |" in text
    assert "| all | 3 |" in text
    assert "| all | 1 |" not in text
    kept = [json.loads(path.read_text()) for path in (tmp_path / "runs").glob("edits-*.json")]
    assert [each["raw"] for each in kept] == [{"Speed": {"all": ["2"]}}]


def test_a_part_that_fails_says_why_in_its_section(tmp_path: Path) -> None:
    results = Results(tmp_path, ["debezium"])
    with results.section("debezium", "How it is measured."):
        raise TimeoutError(f"nothing came from https://some.server/x to {Path.home()}/there")
    assert results.failed == ["debezium"]
    text = (tmp_path / "RESULTS.md").read_text()
    assert "**Failed:** TimeoutError: nothing came from (repository)/x to ~/there" in text


@pytest.mark.servers
def test_growth_copies_records_and_measures_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FIRST": 20, "BATCH": 10, "BATCHES": 2, "LOOKS": 2}.items():
        monkeypatch.setattr(growth, name, value)
    bench([Part.GROWTH], grown_to=200, into=tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    assert "| median, milliseconds | 20 | 200 | most / first |" in text
    assert "| merge an edit |" in text
    assert (tmp_path / growth.PICTURE).read_bytes().startswith(PNG)
