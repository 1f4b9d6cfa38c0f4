"""Commands that documents name in their text exist; those in code blocks are run by the end-to-end tests."""

import re
from importlib.util import find_spec

from .source import ROOT, tracked

DOCUMENTS = [path for path in tracked("*.md") if "tests/data" not in str(path)]


def named(pattern: str) -> set[str]:
    """What the pattern finds between backticks, and in indented lines."""
    texts = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
    code = [part for text in texts for part in re.findall(r"`([^`\n]+)`|^ {4}(make .*)$", text, re.MULTILINE)]
    return {found for part in code for found in re.findall(pattern, "".join(part))}


def test_every_target_of_make_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wanted = named(r"^make (?:-[sj] )?([a-z][a-z-]+)")
    assert {"run", "test", "story"} <= wanted <= targets


def test_every_module_that_a_document_runs_exists() -> None:
    wanted = named(r"python -m ([a-z_.]+)")
    assert {"crm", "tests.bench"} <= wanted
    assert [name for name in sorted(wanted) if find_spec(name) is None] == []
