"""RESULTS.md: a section for each part, written when the part has run; every single value is kept as JSON beside it."""

import json
import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from . import machine

HERE = Path(__file__).parent
FILE = "RESULTS.md"
RAW = "runs"
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
INTRODUCTION = f"""# Results of the bench

`make bench` measures all parts and writes this file; `python -m tests.bench PART` measures one and replaces its
section. Compare ratios, which belong to one run, and not absolute figures of different machines or days. The single
values of every run are in `tests/bench/{RAW}`, which is not tracked.
"""


@dataclass(frozen=True)
class Table:
    """What one measurement found; its first column names the rows."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str | None = None

    def markdown(self) -> str:
        """The table as Markdown. Its first column is aligned to the left, the others to the right."""
        lines = [self.columns, ("---", *("---:" for _ in self.columns[1:])), *self.rows]
        text = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
        return f"**{self.title}**" + (f" ({self.caption})" if self.caption else "") + f"\n\n{text}"


@dataclass
class Section:
    """One part: its tables and pictures, and the single values behind them, by the name of the measurement."""

    part: str
    method: str
    run: machine.Run
    tables: list[Table] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)

    def markdown(self) -> str:
        """The section with its heading."""
        pictures = [f"![{title}]({name})" for name, title in self.pictures.items()]
        tables = [each.markdown() for each in self.tables]
        parts = [f"## {self.part}", self.method, self.run.line(), *tables, *pictures, *self.notes]
        return "\n\n".join(parts) + "\n"


_current: ContextVar[Section | None] = ContextVar("section", default=None)


def add(table: Table, raw: Mapping[str, Any] | None = None) -> None:
    """Keep a table, and the values behind it, in the section that is being measured; without one, do nothing."""
    if section := _current.get():
        section.tables.append(table)
        if raw:
            section.raw[table.title] = dict(raw)


def note(sentence: str) -> None:
    """Keep a sentence in the section that is being measured."""
    if section := _current.get():
        section.notes.append(sentence)


def picture(name: str, title: str) -> None:
    """Show a picture, which lies beside RESULTS.md, in the section that is being measured."""
    if section := _current.get():
        section.pictures[name] = title


class Results:
    """The file and the raw values in a folder. `order` is that of the sections."""

    def __init__(self, folder: Path, order: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.order = folder, order
        self.failed: list[str] = []

    @contextmanager
    def section(self, part: str, method: str | None) -> Iterator[Section]:
        """Collect what the block shows, then replace the section of this part.

        A part that fails is printed, named in its section and in `failed`; the other parts can still be measured.
        """
        section = Section(part, (method or "").strip(), machine.Run.begin())
        token = _current.set(section)
        try:
            yield section
        except Exception as problem:
            Console(stderr=True).print(traceback.format_exc(), markup=False)
            self.failed.append(part)
            section.notes.append(f"**Failed:** {type(problem).__name__}: {_without_places(str(problem))}")
        finally:
            _current.reset(token)
        section.run.finish()
        self._write(section)

    def _write(self, section: Section) -> None:
        path = self.folder / FILE
        sections = _sections(path.read_text(encoding="utf-8")) if path.exists() else {}
        sections[section.part] = section.markdown()
        ordered = [sections[part] for part in self.order if part in sections]
        path.write_text("\n".join((INTRODUCTION, *ordered)), encoding="utf-8")
        raw = self.folder / RAW
        raw.mkdir(exist_ok=True)
        kept = raw / f"{section.part}-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
        tables = [asdict(each) for each in section.tables]
        written = {**vars(section), "run": asdict(section.run), "tables": tables}
        kept.write_text(json.dumps(written, indent=1, default=str), encoding="utf-8")


def _sections(text: str) -> dict[str, str]:
    """The sections of a written file by their part."""
    _, *found = HEADING.split(text)
    return {part: f"## {part}\n\n{body.strip()}\n" for part, body in zip(found[::2], found[1::2], strict=True)}


def _without_places(text: str) -> str:
    """The first lines of a reason, without addresses of servers and folders of this machine."""
    text = re.sub(r"https?://[^/\s]+", "(repository)", text[:1000].strip())
    return text.replace(str(Path.home()), "~").replace(str(HERE.parents[1]), ".")
