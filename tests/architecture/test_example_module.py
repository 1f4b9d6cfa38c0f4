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
LINES = 160
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
    written = files()
    shutil.copytree(ERP / "migrations", tmp_path / "migrations")
    head = head_of(tmp_path / "migrations/versions")
    for name, content in written.items():
        path = tmp_path / name.replace("tests/suppliers/", "")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace('"HEAD"', f'"{head}"'))
    # The example's area is found beside those of the installed service.
    (tmp_path / "conftest.py").write_text(f"import erp\n\nerp.__path__.append({str(tmp_path / 'erp')!r})\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    environment = {**os.environ, "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), str(tmp_path / "test_routes.py")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_a_plain_record_is_short() -> None:
    module = [content for name, content in files().items() if name.startswith("erp/")]
    assert len(module) == 5
    assert sum(content.count("\n") for content in module) <= LINES
