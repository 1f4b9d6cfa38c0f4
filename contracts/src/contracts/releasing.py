"""The contracts of the last release, kept in `contracts/released/`, and the gate against them."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.compatibility import document_findings, schema_findings

RELEASED = "released"
VERSION = "VERSION"
WORDS = frozenset({"description", "example", "examples", "summary", "title", "tags"})
"""What people read of a document: it promises nothing to a client."""

NAMED = frozenset({"properties", "patternProperties", "$defs", "schemas", "paths"})
"""Objects whose keys are names."""


def release(folder: Path, version: str) -> int:
    """Keep the published files as those of a release; returns their number. An earlier release is replaced."""
    kept = folder / RELEASED
    shutil.rmtree(kept, ignore_errors=True)
    files = [*sorted((folder / "schemas").glob("*.json")), *sorted((folder / "openapi").glob("*.json"))]
    for file in files:
        copy = kept / file.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(_promised(_read(file.read_text(encoding="utf-8"))), ensure_ascii=False, indent=1)
        copy.write_text(text + "\n", encoding="utf-8")
    (kept / VERSION).write_text(f"{version}\n", encoding="utf-8")
    return len(files)


def released_version(folder: Path) -> str | None:
    """The version of the last release; None before the first."""
    file = folder / RELEASED / VERSION
    return file.read_text(encoding="utf-8").strip() if file.exists() else None


def broken(folder: Path, files: dict[str, str]) -> list[str]:
    """How the published files (path below contracts/ -> text) break clients of the last release."""
    found: list[str] = []
    today = datetime.now(UTC).date()
    for kept in sorted((folder / RELEASED).glob("*/*.json")):
        path = str(kept.relative_to(folder / RELEASED))
        before = _read(kept.read_text(encoding="utf-8"))
        now = files.get(path)
        if now is None:
            if path.startswith("schemas/"):
                found.append(f"{path} is removed")
            continue
        compare = document_findings(before, _read(now), today) if path.startswith("openapi/") else None
        lines = compare if compare is not None else schema_findings(before, _read(now), kept.stem, today)
        found += [f"{path}: {line}" for line in lines]
    return found


def _promised(node: Any, *, names: bool = False) -> Any:
    """A document without its descriptions and examples; `names`: the keys are names of fields, not keywords."""
    if isinstance(node, list):
        return [_promised(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if names or key not in WORDS}
    return {key: _promised(value, names=not names and key in NAMED) for key, value in kept.items()}


def _read(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document
