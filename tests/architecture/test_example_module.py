"""The module of the architecture page works as it stands there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .source import ROOT

PAGE = ROOT / "services/ARCHITECTURE.md"
ERP = ROOT / "services/erp-service"
AREA = "erp/warehouse/__init__.py"
LINES = 150
"""A plain record in all, its migration and its test not counted."""

pytestmark = pytest.mark.servers


def files() -> dict[str, str]:
    """Path -> content of each file that the page shows."""
    section = PAGE.read_text().split("## How to add a module")[1].split("\n## ")[0]
    return dict(re.findall(r"`([\w/]+\.py)`[^\n]*:\n\n```python\n(.*?)```", section, re.DOTALL))


def head_of(versions: Path) -> str:
    texts = [path.read_text() for path in versions.glob("*.py")]
    revisions = {found for text in texts for found in re.findall(r'^revision = "(.+)"', text, re.MULTILINE)}
    followed = {found for text in texts for found in re.findall(r'^down_revision = "(.+)"', text, re.MULTILINE)}
    (head,) = sorted(revisions - followed)
    return str(head)


def test_the_example_of_a_module_works(tmp_path: Path) -> None:
    """The service is copied: its area's list and one migration are all that the module changes."""
    source = tmp_path / "service/src"
    shutil.copytree(ERP / "src", source)
    shutil.copytree(ERP / "migrations", tmp_path / "service/migrations")
    head = head_of(ERP / "migrations/versions")
    for name, content in files().items():
        path = (source if name.startswith("erp/") else tmp_path / "service") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace('"HEAD"', f'"{head}"'))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), str(tmp_path / "service/tests")],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_ADDOPTS": "", "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_example_leaves_what_the_area_lists() -> None:
    (area,) = [content for name, content in files().items() if name == AREA]
    listed = (ERP / "src" / AREA).read_text()
    assert set(re.findall(r"\w+\.MODULE", area)) == {*re.findall(r"\w+\.MODULE", listed), "carriers.MODULE"}


def test_a_plain_record_is_short() -> None:
    module = [content for name, content in files().items() if name.startswith("erp/") and name != AREA]
    assert len(module) == 4
    assert sum(content.count("\n") for content in module) <= LINES
