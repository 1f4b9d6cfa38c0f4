"""Print what was found, and keep it for RESULTS.md."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from . import results
from .measure import Times

SEEN = "milliseconds from the beginning of the edit; seen by a SELECT every 2 ms"
console = Console(width=None if sys.stdout.isatty() else 120)


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    caption: str | None = None,
    raw: Mapping[str, Any] | None = None,
) -> None:
    """A table whose first column names its rows. `raw` are the values behind it, which are kept and not printed."""
    found = results.Table(title, tuple(columns), [tuple(row) for row in rows], caption)
    shown = Table(title=title, caption=caption)
    for column in columns:
        shown.add_column(column, justify="left" if column is columns[0] else "right")
    for row in found.rows:
        shown.add_row(*row)
    console.print(shown)
    results.add(found, raw)


def note(sentence: str) -> None:
    """A sentence that the section keeps."""
    console.print(sentence)
    results.note(sentence)


def times(
    title: str, found: Mapping[str, Times], visible: str = "visible on the other side", caption: str = SEEN
) -> None:
    """Percentiles of each chain, and how many times as long the first one takes as each other one."""
    rows = []
    for which, label in enumerate(("answered", visible)):
        for percent in (50, 99):
            values = [each.milliseconds(percent)[which] for each in found.values()]
            ratios = [f"{values[0] / value:.1f}" for value in values[1:]]
            rows.append((f"{label}, p{percent}", *(f"{value:.1f}" for value in values), *ratios))
    raw = {name: asdict(each) for name, each in found.items()}
    table(title, ("", *found, *_ratios(list(found))), rows, caption, raw)


def rates(title: str, what: str, found: Mapping[str, float]) -> None:
    """How many a second each chain carries, and the first one's share of each other's."""
    first, *others = found.values()
    values = [f"{rate:.0f}" if rate >= 100 else f"{rate:.1f}" for rate in found.values()]
    row = (what, *values, *(f"{first / rate:.2f}" for rate in others))
    table(title, ("", *found, *_ratios(list(found))), [row], raw=found)


def processor(title: str, seconds: Mapping[str, float]) -> None:
    """Processor time of one edit, by process."""
    together = {**seconds, "together": sum(seconds.values())}
    rows = [(name, f"{1000 * each:.1f}") for name, each in together.items()]
    table(title, ("process", "milliseconds"), rows, "the way back to the sender too", together)


def _ratios(names: Sequence[str]) -> list[str]:
    return ["ratio"] if len(names) == 2 else [f"ratio to {name}" for name in names[1:]]
