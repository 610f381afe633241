"""A picture of what laws deliver against what they let a fuse carry, as SVG written by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, hypot, log10
from pathlib import Path
from typing import NamedTuple

WIDTH, PANEL, TOP, PLOT, LEFT, RIGHT = 1080, 540, 78, 330, 64, 24
LEGEND = TOP + PLOT + 72
"""Where the list of names begins."""
_LINE, _COLUMNS = 22, 3
_DOT = 5
_LETTER, _TEXT = 8.0, 13.0
"""Width of a letter and height of a line, as far as can be told without a font."""

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.quiet { fill: #57606a; font-size: 12px }
.title { font-size: 16px; font-weight: 600 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.axis { stroke: #57606a; stroke-width: 1 }
.other { fill: #57606a }
.trips { fill: #cf222e }
.ours { fill: #1a7f37 }
.window { fill: none; stroke: #1a7f37; stroke-width: 1.5 }
.front { fill: none; stroke: #1a7f37; stroke-width: 1; stroke-dasharray: 4 4 }
.name { font-weight: 600 }
.leader { stroke: #57606a; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .quiet { fill: #9198a1 }
  .grid { stroke: #30363d }
  .axis { stroke: #9198a1 }
  .other { fill: #9198a1 }
  .trips { fill: #ff7b72 }
  .ours { fill: #3fb950 }
  .window, .front { stroke: #3fb950 }
  .leader { stroke: #9198a1 }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One law in the picture."""

    name: str
    over_s: float
    energy_kwh: float
    ours: bool = False
    window: bool = False
    """One of our law's other settings."""
    trips: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One scenario in the picture."""

    title: str
    points: Sequence[Point]


def write(path: Path, panels: Sequence[Panel], note: str) -> None:
    """Draw panels side by side, with a number for every law that is not ours and one list of their names below."""
    numbers: dict[str, int] = {}
    for panel in panels:
        for point in panel.points:
            if not point.ours and not point.window:
                numbers.setdefault(point.name, len(numbers) + 1)
    height = LEGEND + _LINE * ceil(len(numbers) / _COLUMNS) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Energy delivered against over-current, by control law">',
        f"<style>{_STYLE}</style>",
    ]
    for number, panel in enumerate(panels):
        parts.append(f'<g transform="translate({number * PANEL} 0)">')
        parts.extend(_panel(panel, numbers))
        parts.append("</g>")
    for name, number in numbers.items():
        column, line = (number - 1) % _COLUMNS, (number - 1) // _COLUMNS
        x, y = LEFT + column * (WIDTH - LEFT) // _COLUMNS, LEGEND + line * _LINE
        parts.append(
            f'<text x="{x}" y="{y}"><tspan class="name other">{number}</tspan>'
            f'<tspan dx="8">{escape(name)}</tspan></text>'
        )
    y = height - 10
    parts.append(
        f'<text class="quiet" x="{LEFT}" y="{y}"><tspan class="name trips">red</tspan>'
        f'<tspan dx="6">would trip the fuse.</tspan><tspan dx="6">{escape(note)}</tspan></text>'
    )
    parts.append("</svg>\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")


def _panel(panel: Panel, numbers: Mapping[str, int]) -> list[str]:
    points = panel.points
    low = floor(log10(max(1.0, min(point.over_s for point in points))) * 2) / 2
    high = ceil(log10(max(10.0, *(point.over_s for point in points))) * 2) / 2
    least = floor(min(point.energy_kwh for point in points) * 0.95 / 20) * 20
    most = ceil(max(point.energy_kwh for point in points) * 1.03 / 20) * 20
    width = PANEL - LEFT - RIGHT

    def x(over_s: float) -> float:
        return LEFT + width * (log10(max(1.0, over_s)) - low) / (high - low)

    def y(energy_kwh: float) -> float:
        return TOP + PLOT * (most - energy_kwh) / (most - least)

    parts = [
        f'<text class="title" x="{LEFT}" y="26">{escape(panel.title)}</text>',
        f'<text class="quiet" x="{LEFT}" y="{TOP - 14}">kWh delivered; higher and further left is better</text>',
        f'<text class="quiet" x="{LEFT + width}" y="{TOP + PLOT + 38}" text-anchor="end">'
        "avoidable over-current, s (logarithmic)</text>",
    ]
    for step in (100, 200, 300, 500, 1000, 2000, 3000, 5000, 10_000, 20_000, 50_000, 100_000):
        if low <= log10(step) <= high:
            parts.append(f'<line class="grid" x1="{x(step):.1f}" x2="{x(step):.1f}" y1="{TOP}" y2="{TOP + PLOT}"/>')
            parts.append(
                f'<text class="quiet" x="{x(step):.1f}" y="{TOP + PLOT + 18}" text-anchor="middle">{step:,}</text>'
            )
    every = 20 if most - least <= 200 else 50 if most - least <= 400 else 100
    for level in range(ceil(least / every) * every, most + 1, every):
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + width}" y1="{y(level):.1f}" y2="{y(level):.1f}"/>')
        parts.append(f'<text class="quiet" x="{LEFT - 8}" y="{y(level) + 4:.1f}" text-anchor="end">{level}</text>')
    parts.append(f'<path class="axis" fill="none" d="M{LEFT} {TOP}V{TOP + PLOT}H{LEFT + width}"/>')
    ours = sorted((point for point in points if point.ours or point.window), key=lambda point: point.over_s)
    if len(ours) > 1:
        line = " ".join(f"{x(point.over_s):.1f},{y(point.energy_kwh):.1f}" for point in ours)
        parts.append(f'<polyline class="front" points="{line}"/>')
    spots = [(x(point.over_s), y(point.energy_kwh)) for point in points]
    taken = [_Box(spot_x - _DOT, spot_y - _DOT, spot_x + _DOT, spot_y + _DOT) for spot_x, spot_y in spots]
    frame = _Box(LEFT, TOP, LEFT + width, TOP + PLOT)
    # Ours first: where there is little room, it is the one to be read.
    for point, (spot_x, spot_y) in sorted(zip(points, spots, strict=True), key=lambda pair: not pair[0].ours):
        parts.extend(_mark(point, numbers, spot_x, spot_y, frame, taken))
    return parts


class _Box(NamedTuple):
    """A part of the picture that something stands in."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        """Whether two boxes have anything in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: _Box) -> bool:
        """Whether another box lies inside."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


def _mark(point: Point, numbers: Mapping[str, int], x: float, y: float, frame: _Box, taken: list[_Box]) -> list[str]:
    """Draw a point, and what it is called at the nearest place that is free."""
    look = "ours" if point.ours else "window" if point.window else "trips" if point.trips else "other"
    said = str(numbers[point.name]) if point.name in numbers else point.name
    box = _free_place(len(said) * _LETTER, x, y, frame, taken)
    taken.append(box)
    middle_x, middle_y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    radius = 7 if point.ours else _DOT
    parts = [f'<circle class="{look}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>']
    near_x, near_y = min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)
    if hypot(near_x - x, near_y - y) > 2 * _DOT + 3:
        parts.append(f'<line class="leader" x1="{x:.1f}" y1="{y:.1f}" x2="{near_x:.1f}" y2="{near_y:.1f}"/>')
    colour = "ours" if point.window else look
    parts.append(
        f'<text class="name {colour}" x="{middle_x:.1f}" y="{middle_y + 4.5:.1f}" text-anchor="middle">'
        f"{escape(said)}</text>"
    )
    return parts


def _free_place(width: float, x: float, y: float, frame: _Box, taken: Sequence[_Box]) -> _Box:
    """Return where a text of this width meets nothing, as near to its point as can be."""
    first = None
    for gap in range(8, 60, 4):
        for right, down in ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1)):
            middle_x, middle_y = x + right * (gap + width / 2), y + down * (gap + _TEXT / 2)
            box = _Box(middle_x - width / 2, middle_y - _TEXT / 2, middle_x + width / 2, middle_y + _TEXT / 2)
            first = first or box
            if frame.holds(box) and not any(box.meets(other) for other in taken):
                return box
    assert first is not None
    return first
