"""What lives where, and who may know whom."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .source import ROOT, code_lines, shown, tokens, tracked, words

CHASSIS = ROOT / "services/chassis/src/chassis"
CHASSIS_LINES = 6000
BUSINESS = {
    "crm", "erp", "customer", "contact", "supplier", "vendor", "invoice", "orders", "product",
    "price", "payment", "credit", "ledger", "warehouse", "inventory", "lead", "deal", "campaign", "sales",
    "purchase", "tax", "currency", "employee", "salary", "phone", "email",
}  # fmt: skip
PLUGIN = "testing.py"
"""Of use to tests only."""

ALWAYS = {"__init__"}
REACHED_BY = {"records", "routes"}
IF_NEEDED = {
    "models",
    "schemas",
    "checks",
    "commands",
    "queries",
    "events",
    "rules",
    "handlers",
    "duplicates",
    "imports",
    "paper",
    "public",
    "statements",
    "view",
    "words",
}


def chassis_files() -> list[Path]:
    return [path for path in tracked("services/chassis/src/chassis/*.py") if path.name != "py.typed"]


def modules(service: str) -> list[Path]:
    """The business modules of a service, alone or in an area: folders with tables, or with reads of others' tables."""
    package = ROOT / f"services/{service}-service/src/{service}"
    readers = {path.parent for path in package.rglob("__init__.py") if "\nMODULE = " in path.read_text()}
    return sorted(readers | {path.parent for path in package.rglob("models.py")})


def test_the_chassis_stays_small() -> None:
    lines = sum(code_lines(path) for path in chassis_files() if path.name != PLUGIN)
    assert lines < CHASSIS_LINES


def test_the_chassis_knows_no_business_word() -> None:
    forbidden = BUSINESS | {f"{word}s" for word in BUSINESS}
    found = {
        f"{shown(path)}:{token.start[0]} {word}"
        for path in chassis_files()
        for token in tokens(path)
        for word in words(token.string) & forbidden
    }
    assert found == set()


def test_imports_keep_to_the_contracts_of_the_house() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", [*modules("crm"), *modules("erp")], ids=shown)
def test_a_business_module_has_the_files_of_the_house(module: Path) -> None:
    files = {path.stem for path in module.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert files >= ALWAYS
    assert files & REACHED_BY
    assert files <= ALWAYS | REACHED_BY | IF_NEEDED


@pytest.mark.parametrize("service", ["crm", "erp"])
def test_an_area_holds_modules_and_nothing_else(service: str) -> None:
    package = ROOT / f"services/{service}-service/src/{service}"
    areas = {module.parent for module in modules(service)} - {package}
    assert areas
    assert [shown(path) for area in areas for path in area.glob("*.py") if path.name != "__init__.py"] == []


def test_decision_records_are_numbered_without_gaps_and_stand_in_the_index() -> None:
    folder = ROOT / "services/decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name[:4] for name in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    linked = set(re.findall(r"\]\(([^)#]+\.md)\)", (folder / "README.md").read_text()))
    assert set(records) <= linked


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = []
    for path in tracked("*.md"):
        for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", path.read_text()):
            if "://" not in target and not (path.parent / target).exists():
                broken.append(f"{shown(path)}: {target}")
    assert broken == []
