"""Sizes, names and manners of every file."""

import ast
import re
import subprocess

from .source import ROOT, Function, comments, functions, python_files, shown, tracked, tree

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc"}
SUPPRESSION = re.compile(
    r"#\s*(noqa|type:\s*ignore)(:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*|\[[a-z-]+(,\s*[a-z-]+)*\])?(?P<why>.*)"
)
SWALLOWING = ("suppress(Exception)", "suppress(BaseException)")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# Written in two pieces, so that this file is not found itself.
FOREIGN = [
    "py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "maven" + ".org", "maven" + ".apache",
    "jsdelivr" + ".net", "unpkg" + ".com", "index" + "-url", "/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/",
    "/Us" + "ers/",
]  # fmt: skip


def test_no_file_is_longer_than_400_lines() -> None:
    long = {
        shown(path): lines for path in python_files() if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_no_function_is_longer_than_60_lines() -> None:
    """But for migrations: the definition of a table is one sentence."""
    long = [
        f"{shown(path)}: {name}, {lines} lines"
        for path in python_files()
        if path.parent.name not in {"versions", "migrating"}
        for name, lines in functions(path)
        if lines > LONGEST_FUNCTION
    ]
    assert long == []


def test_no_file_or_folder_is_called_by_a_word_that_says_nothing() -> None:
    vague = [shown(path) for path in python_files() if VAGUE & {path.stem, *path.relative_to(ROOT).parts[:-1]}]
    assert vague == []


def test_every_suppression_says_which_rule_and_why() -> None:
    bare = []
    for path in python_files():
        for line, comment in comments(path):
            found = SUPPRESSION.search(comment)
            if found and (not found[2] or not found["why"].strip(" -()#")):
                bare.append(f"{shown(path)}:{line} {comment}")
    assert bare == []


def test_nothing_is_left_to_be_done_later() -> None:
    left = [
        f"{shown(path)}:{line}" for path in python_files() for line, text in comments(path) if UNFINISHED.search(text)
    ]
    assert left == []


def test_no_function_is_a_stub() -> None:
    stubs = []
    for path in python_files():
        for node in ast.walk(tree(path)):
            if isinstance(node, Function) and any(_raises_not_implemented(each) for each in node.body):
                stubs.append(f"{shown(path)}: {node.name}")
    assert stubs == []


def test_no_file_holds_the_address_of_a_registry_or_a_path_of_some_machine() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{shown(path)}: {foreign}" for foreign in FOREIGN if foreign in text]
    assert found == []


def test_no_error_is_swallowed_without_a_trace() -> None:
    """`except Exception` is for the edges: it says, raises or answers something."""
    silent = []
    for path in python_files():
        for node in ast.walk(tree(path)):
            broad = isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "Exception")
            if broad and all(isinstance(each, ast.Pass | ast.Continue) for each in node.body):  # type: ignore[attr-defined]  # broad is a handler
                silent.append(f"{shown(path)}:{node.lineno}")  # type: ignore[attr-defined]  # the same
            if isinstance(node, ast.Call) and ast.unparse(node).endswith(SWALLOWING):
                silent.append(f"{shown(path)}:{node.lineno}")
    assert silent == []


def _raises_not_implemented(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Raise) and "NotImplemented" in ast.unparse(statement)


def test_only_the_clock_asks_the_system_for_the_time() -> None:
    """A day that some module takes from the system is that of its own time zone, or of UTC, not the company's.

    The gateway has no rules about days: it may take instants, in UTC.
    """
    asks = re.compile(r"\b(date|datetime)\.(today|utcnow|now|fromtimestamp)\(")
    instants = re.compile(r"datetime\.now\(UTC\)(?!\.)")
    found = []
    for path in tracked("services/*/src/*.py"):
        name, text = shown(path), path.read_text(encoding="utf-8")
        if "sync-gateway" in name:
            text = instants.sub("", text)
        found += [f"{name}: {asked[0]}" for asked in asks.finditer(text) if not name.endswith("chassis/clock.py")]
    assert found == []


def test_no_folder_of_tests_is_left_out() -> None:
    """What one command sets apart, another runs, and CI runs them all."""
    targets = ("test", "test-clients")
    told = subprocess.run(["make", "-n", *targets], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607  (the front door)
    words = told.split()
    apart = {word.removeprefix("--ignore=") for word in words if word.startswith("--ignore=")}
    assert told.count("-m pytest") == 3
    assert apart == {word for word in words if word.startswith("tests/")} != set()
    called = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert {f"make {target}" for target in targets} <= set(called)
