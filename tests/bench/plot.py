"""A chart with logarithmic axes as PNG: written as SVG and rendered by Typst, which writes the product's documents."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import typst

WIDTH, HEIGHT = 860, 440
LEFT, RIGHT, TOP, BOTTOM = 60, 620, 50, 390
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999", "#7a4fbf", "#7f3f00")
"""Okabe and Ito's, which people with any colour vision can tell apart, and three more."""
PAGE = f"""#set page(width: {WIDTH}pt, height: {HEIGHT}pt, margin: 0pt)
#image(bytes(sys.inputs.chart), format: "svg", width: 100%)"""


def write(path: Path, title: str, sizes: Sequence[int], lines: Mapping[str, Sequence[float]], goal: float) -> None:
    """Write the chart of some lines over the same sizes. `goal` is drawn as a dashed line."""
    values = [value for line in lines.values() for value in line] + [goal, 1.0]
    axes = Axes(sizes, min(values) / 1.1, max(values) * 1.1)
    parts = [*axes.drawn(), *_goal(axes, goal)]
    for number, (name, line) in enumerate(lines.items()):
        parts += _line(axes, number, name, line)
    heading = f'<text x="{LEFT}" y="28" font-size="16">{escape(title)}</text>'
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="DejaVu Sans Mono"'
        f' font-size="11"><rect width="100%" height="100%" fill="white"/>{heading}{"".join(parts)}</svg>'
    )
    inputs = {"chart": svg}
    path.write_bytes(typst.compile(PAGE.encode(), format="png", ppi=144.0, sys_inputs=inputs))


class Axes:
    """Sizes from left to right, values from `low` at the bottom to `high` at the top."""

    def __init__(self, sizes: Sequence[int], low: float, high: float) -> None:
        self.sizes, self.low, self.high = sizes, low, high

    def x(self, number: int) -> float:
        """The place of a size by its number."""
        return LEFT + (RIGHT - LEFT) * number / max(1, len(self.sizes) - 1)

    def y(self, value: float) -> float:
        """The place of a value."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return BOTTOM - (BOTTOM - TOP) * share

    def drawn(self) -> Iterator[str]:
        """The grid with its words."""
        for number, size in enumerate(self.sizes):
            x = self.x(number)
            yield f'<path d="M{x} {TOP}V{BOTTOM}" stroke="#ddd"/>'
            yield f'<text x="{x}" y="{BOTTOM + 18}" text-anchor="middle">{size:,}</text>'
        for value in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000):
            if self.low <= value <= self.high:
                y = self.y(value)
                yield f'<path d="M{LEFT} {y}H{RIGHT}" stroke="#ddd"/>'
                yield f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:g}</text>'


def _goal(axes: Axes, goal: float) -> Iterator[str]:
    y = axes.y(goal)
    yield f'<path d="M{LEFT} {y}H{RIGHT}" stroke="#c00" stroke-dasharray="6 4"/>'
    yield f'<text x="{LEFT + 4}" y="{y - 4}" fill="#c00">goal {goal:g}</text>'


def _line(axes: Axes, number: int, name: str, values: Sequence[float]) -> Iterator[str]:
    colour, y = COLOURS[number % len(COLOURS)], TOP + 12 + 20 * number
    points = [(axes.x(each), axes.y(value)) for each, value in enumerate(values)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    yield from (f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>' for px, py in points)
    yield f'<path d="M{RIGHT + 20} {y - 4}h18" stroke="{colour}" stroke-width="3"/>'
    yield f'<text x="{RIGHT + 44}" y="{y}">{escape(name)}</text>'
