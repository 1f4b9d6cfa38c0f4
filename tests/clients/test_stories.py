"""One story, written on the generated clients of each language, compiled strictly and run against all services."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from contracts.building import TOOLS, python_client, run, typescript_client
from stack.services import Stack

from .generated import api

pytestmark = pytest.mark.servers

STORIES = Path(__file__).parent / "stories"
USED = ("crm", "erp")
SEEN = {
    "number": "C-000001",
    "phone": "030-0074399",
    "stale": 412,
    "total": "180.00",
    "coffee": ["Berliner Kaffee", "Kaffee & Mehr", "Wiener Kaffee"],
    "events": ["crm.customer.changed.v1"],
}


def typescript(folder: Path) -> list[str]:
    """The command that runs the story, compiled strictly."""
    for service in USED:
        typescript_client(api(service).file, folder / service)
    story = Path(shutil.copy(STORIES / "story.ts", folder))
    run(
        "node_modules/.bin/tsc", "--strict", "--target", "es2022", "--module", "commonjs",
        "--lib", "es2022,dom,dom.iterable", "--types", "node", "--typeRoots", TOOLS / "node_modules/@types",
        "--outDir", folder / "built", story,
    )  # fmt: skip
    return ["node", str(folder / "built/story.js")]


def python(folder: Path) -> list[str]:
    """The command that runs the story, checked by mypy --strict."""
    for service in USED:
        python_client(api(service).file, folder / f"concord_{service}")
    story = Path(shutil.copy(STORIES / "story.py", folder))
    interpreter = str(TOOLS / ".venv/bin/python")
    strictly = ["--strict", "--config-file=", "--cache-dir", str(folder / ".cache"), "--python-executable", interpreter]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *strictly, story.name], cwd=folder, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    return [interpreter, str(story)]


def told(command: list[str], stack: Stack) -> Any:
    """What the story prints, of a tenant of its own."""
    token = stack.token(subject="ann", tenant=str(uuid.UUID(int=uuid.uuid4().int)))
    where = {"CRM": stack.urls["crm"], "ERP": stack.urls["erp"], "TOKEN": token}
    done = subprocess.run(
        command, env={**os.environ, **where}, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("language", [typescript, python], ids=lambda each: each.__name__)
def test_a_client_does_its_work_in_both_services(language: Any, tmp_path: Path, stack: Stack) -> None:
    assert told(language(tmp_path), stack) == SEEN
