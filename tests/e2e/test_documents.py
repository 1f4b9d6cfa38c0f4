"""Every command of the documents works as it stands there, on a stack that runs."""

import shutil
from pathlib import Path

import pytest
from stack.services import Stack

from .documented import Block, Shell, answers, blocks, contains
from .waiting import eventually

ROOT = Path(__file__).parents[2]
BUILT = {".venv", "clients", "node_modules"}
"""Folders below `contracts` with what generators install and write."""
DOCUMENTS = [
    path
    for found in (ROOT.glob("*.md"), (ROOT / "services").rglob("*.md"), (ROOT / "contracts").rglob("*.md"))
    for path in sorted(each.relative_to(ROOT) for each in found)
    if not BUILT & set(path.parts) and blocks((ROOT / path).read_text(encoding="utf-8"))
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project as a new user has it; outcomes of imports are written into it, and not into ours."""
    for entry in (".venv", "Makefile", "deploy", "contracts", "services"):
        (tmp_path / entry).symlink_to(ROOT / entry)
    shutil.copytree(ROOT / "tests/data", tmp_path / "tests/data")
    return tmp_path


def test_the_front_page_shows_commands() -> None:
    assert Path("README.md") in DOCUMENTS


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_commands_of_a_document_answer_what_it_shows(stack: Stack, folder: Path, document: Path) -> None:
    ports = {f"{name.upper()}_PORT": url.rpartition(":")[2] for name, url in stack.urls.items()}
    assert stack.mail is not None
    ports |= {"SMTP_PORT": str(stack.mail.smtp_port), "IMAP_PORT": str(stack.mail.imap_port)}
    with Shell(folder, {"DATA_DIR": str(stack.folder), **ports}) as shell:
        for block in blocks((ROOT / document).read_text(encoding="utf-8")):
            check(shell, block)


def check(shell: Shell, block: Block) -> None:
    """Run a block, and its last command again while that may still come true."""
    printed = shell.run(block.commands)
    expected_or_fine(printed, block)

    def look() -> bool:
        nonlocal printed
        found = list(answers(printed))
        missing = [shown for shown in block.answers if not any(contains(each, shown) for each in found)]
        missing += [line for line in block.lines if line not in printed.splitlines()]
        if missing and block.repeatable:
            printed = shell.run(block.repeatable)
        assert not missing, f"{block.commands}\nprinted\n{printed}\nand not\n{missing}"
        return True

    eventually(look) if block.repeatable else look()


def expected_or_fine(printed: str, block: Block) -> None:
    """No answer is a problem, but where the document shows it."""
    for found in answers(printed):
        if str(found.get("type", "")).startswith("/problems/"):
            assert any(contains(found, shown) for shown in block.answers), f"{block.commands}\n{found}"
