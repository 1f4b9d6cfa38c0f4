"""Charts of bars, drawn by Typst, as SVG or PNG."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import orjson
import typst
from fastapi import Response
from localisation import Phrase, translated

from documents.pdf import fonts

Picture = Literal["svg", "png"]
MOST_BARS = 60
MOST_SERIES = 5
DOTS_PER_INCH = 144.0
MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
FORMATS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            each: {"schema": {"type": "string", "format": "binary"}} for each in ("text/csv", *MEDIA_TYPES.values())
        }
    }
}
"""The declaration of a route that answers figures as a CSV file and as a chart too, for the API's document."""

_at_once = asyncio.Semaphore(1)


@dataclass(frozen=True)
class Bar:
    """A row: its label, and a value for each series, with its text."""

    label: str
    values: Sequence[tuple[Decimal, str]]


@dataclass(frozen=True)
class Chart:
    """Bars of up to `MOST_SERIES` series; values below zero have no length. More than `MOST_BARS` rows are counted."""

    title: str
    series: Sequence[str]
    bars: Sequence[Bar]

    def data(self) -> dict[str, Any]:
        """What the template reads: each value as a share of the largest."""
        largest = max((value for bar in self.bars for value, _ in bar.values), default=Decimal(0))
        left = len(self.bars) - MOST_BARS
        note = translated(Phrase("and {count} more", count=left)) if left > 0 else ""
        return {
            "title": self.title,
            "series": list(self.series),
            "note": note if self.bars else translated(Phrase("nothing to show")),
            "rows": [
                {
                    "label": bar.label,
                    "values": [{"share": _share(value, largest), "text": text} for value, text in bar.values],
                }
                for bar in self.bars[:MOST_BARS]
            ],
        }


async def drawn(chart: Chart, picture: Picture) -> Response:
    """The chart as the answer of a route. Texts are data, never markup."""
    async with _at_once:
        content = await asyncio.to_thread(_drawn, orjson.dumps(chart.data()).decode(), picture)
    return Response(content, media_type=MEDIA_TYPES[picture])


def _drawn(data: str, picture: Picture) -> bytes:
    return typst.compile(_template(), format=picture, ppi=DOTS_PER_INCH, font_paths=fonts(), sys_inputs={"data": data})


@lru_cache(maxsize=1)
def _template() -> bytes:
    return files("documents").joinpath("chart.typ").read_bytes()


def _share(value: Decimal, largest: Decimal) -> float:
    return float(max(value, Decimal(0)) / largest) if largest > 0 else 0.0
