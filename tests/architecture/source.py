"""Our own source files, as the rules see them."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tracked(*patterns: str) -> list[Path]:
    """The files that git knows or would take up."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return sorted(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def python_files() -> list[Path]:
    """Every Python file of ours."""
    return tracked("*.py")


def shown(path: Path) -> str:
    """The path as people write it."""
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def docstring_lines(path: Path) -> set[int]:
    """The lines of the docstrings of a file, its classes and functions."""
    lines: set[int] = set()
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Module | ast.ClassDef | Function) or not node.body:
            continue
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            lines |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return lines


def tokens(path: Path) -> Iterator[tokenize.TokenInfo]:
    """Tokens of code: no layout, comments or docstrings."""
    hidden = docstring_lines(path)
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type not in LAYOUT and token.start[0] not in hidden:
            yield token


def code_lines(path: Path) -> int:
    """How many lines hold code: no blank lines, comments or docstrings."""
    return len({line for token in tokens(path) for line in range(token.start[0], token.end[0] + 1)})


def comments(path: Path) -> list[tuple[int, str]]:
    """The comments of a file with their lines."""
    found = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return [(token.start[0], token.string) for token in found if token.type == tokenize.COMMENT]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function with its length in lines, decorators and docstring left out."""
    for node in ast.walk(tree(path)):
        if isinstance(node, Function):
            documented = ast.get_docstring(node) is not None and len(node.body) > 1
            start = node.body[1].lineno if documented else node.lineno
            yield node.name, (node.end_lineno or start) - start + 1


def words(text: str) -> set[str]:
    """The single words of identifiers and texts, in lower case: `CreditLimit` is credit and limit."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)}
