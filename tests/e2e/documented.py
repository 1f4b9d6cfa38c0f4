"""The code blocks of a document, run in one shell as they stand, and compared with what the document shows of them."""

import json
import os
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z")
END, FAILED = "\x1e", "\x1d"
LIMIT_SECONDS = 120.0


@dataclass
class Block:
    """Commands, and what the document shows of their output: JSON that an answer contains, and lines."""

    commands: str
    answers: list[Any] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def repeatable(self) -> str | None:
        """The last command, where it only reads: what it shows may need a moment to come true."""
        last = self.commands.rstrip().splitlines()[-1]
        return last if last.startswith("call ") and not re.search(r" -[Xd] ", last) else None


def blocks(document: str) -> list[Block]:
    """The blocks of commands in their order, each with those that follow it and show its output.

    Code is left out, and what stands before the first command.
    """
    found: list[Block] = []
    for language, text in FENCE.findall(document):
        if language == "bash":
            found.append(Block(text))
        elif found and language == "json":
            found[-1].answers.append(json.loads(text if text.lstrip().startswith("{") else f"{{{text}}}"))
        elif found and language == "text":
            found[-1].lines += text.splitlines()
    return found


class Shell:
    """A bash that is given blocks one after another. Stop it at the end: it is a context manager."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["/bin/bash", "--noprofile", "--norc"],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.run(f'trap \'printf "{FAILED}%s\\n" "$BASH_COMMAND"\' ERR')

    def run(self, commands: str) -> str:
        """What the commands print. Raise AssertionError when one of them fails, or none ends in time."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{commands}\nprintf '{END}'\n".encode())
        self._process.stdin.flush()
        printed = self._until_the_end()
        assert FAILED not in printed, printed
        return printed

    def _until_the_end(self) -> str:
        assert self._process.stdout is not None
        descriptor, printed = self._process.stdout.fileno(), b""
        deadline = time.monotonic() + LIMIT_SECONDS
        while not printed.endswith(END.encode()):
            ready, _, _ = select.select([descriptor], [], [], max(deadline - time.monotonic(), 0))
            read = os.read(descriptor, 65536) if ready else b""
            assert read, f"the shell ended, or did not come to an end in time: {printed.decode()}"
            printed += read
        return printed.decode().removesuffix(END)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


def answers(printed: str) -> Iterator[Any]:
    """The JSON documents in what was printed, and the items of those that are lists."""
    decoder, position = json.JSONDecoder(), 0
    while (position := printed.find("{", position)) >= 0:
        try:
            document, position = decoder.raw_decode(printed, position)
        except ValueError:
            position += 1
            continue
        yield document
        yield from document.get("items") or ()


def contains(found: Any, shown: Any) -> bool:
    """Whether an answer has what is shown of it; ids and times only have to be ids and times."""
    if isinstance(shown, dict):
        return isinstance(found, dict) and all(
            name in found and contains(found[name], part) for name, part in shown.items()
        )
    if isinstance(shown, list):
        return isinstance(found, list) and len(found) == len(shown) and all(map(contains, found, shown))
    if isinstance(shown, str) and PLACE.fullmatch(shown):
        return isinstance(found, str) and PLACE.fullmatch(found) is not None
    return bool(found == shown)
