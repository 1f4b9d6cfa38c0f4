"""Every part of the bench with tiny sizes, on servers of its own. Debezium is left out: its jars are for the bench."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.__main__ import Part

ROOT = Path(__file__).parents[2]
TINY = [
    "--edits-alone=3",
    "--edit-rate=5",
    "--edit-burst=20",
    "--load-records=40",
    "--idle-seconds=1",
    "--grown-to=1000",
    "--orders-alone=3",
    "--order-rate=2",
    "--order-burst=8",
    "--seconds=2",
    "--connections=2",
    "--confirmations=12",
    "--batched=4",
]


@pytest.mark.long
def test_every_part_of_the_bench_runs(tmp_path: Path) -> None:
    parts = [part for part in Part if part != Part.DEBEZIUM]
    command = [sys.executable, "-m", "tests.bench", *parts, *TINY, f"--into={tmp_path}"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout[-2000:]
    written = (tmp_path / "RESULTS.md").read_text()
    assert [part for part in parts if f"## {part}\n" not in written] == []
