"""A picture of what laws deliver against what they let a fuse carry, as SVG written by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from pathlib import Path

WIDTH, PANEL, TOP, PLOT, LEFT, RIGHT = 1080, 540, 78, 330, 64, 24
HEIGHT = TOP + PLOT + 60

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.quiet { fill: #57606a; font-size: 12px }
.title { font-size: 16px; font-weight: 600 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.axis { stroke: #57606a; stroke-width: 1 }
.other { fill: #8c959f }
.ours { fill: #1a7f37 }
.window { fill: none; stroke: #1a7f37; stroke-width: 1.5 }
.front { fill: none; stroke: #1a7f37; stroke-width: 1; stroke-dasharray: 4 4 }
.name.ours { fill: #1a7f37; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .quiet { fill: #9198a1 }
  .grid { stroke: #30363d }
  .axis { stroke: #9198a1 }
  .other { fill: #9198a1 }
  .ours, .name.ours { fill: #3fb950 }
  .window, .front { stroke: #3fb950 }
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
    """Draw panels side by side."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Energy delivered against over-current, by control law">',
        f"<style>{_STYLE}</style>",
    ]
    for number, panel in enumerate(panels):
        parts.append(f'<g transform="translate({number * PANEL} 0)">')
        parts.extend(_panel(panel))
        parts.append("</g>")
    parts.append(f'<text class="quiet" x="{LEFT}" y="{HEIGHT - 8}">{escape(note)}</text>')
    parts.append("</svg>\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")


def _panel(panel: Panel) -> list[str]:
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
    taken: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda point: -point.energy_kwh):
        parts.extend(_mark(point, x(point.over_s), y(point.energy_kwh), LEFT + width, taken))
    return parts


def _mark(point: Point, x: float, y: float, right: float, taken: list[tuple[float, float]]) -> list[str]:
    look = "ours" if point.ours else "window" if point.window else "other"
    radius = 7 if point.ours else 5
    to_left = x > (LEFT + right) / 2
    label_y = y + 4
    while any(abs(label_y - other_y) < 15 and abs(x - other_x) < 260 for other_x, other_y in taken):
        label_y += 15
    taken.append((x, label_y))
    name = f"{point.name} (would trip)" if point.trips else point.name
    return [
        f'<circle class="{look}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>',
        f'<text class="name {look if point.ours else "quiet"}" x="{x + (-10 if to_left else 10):.1f}" '
        f'y="{label_y:.1f}" text-anchor="{"end" if to_left else "start"}">{escape(name)}</text>',
    ]
