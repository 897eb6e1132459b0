"""Curves for the docs: a panel a figure, a line a way to run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

Points = Sequence[tuple[float, float]]

WIDTH: Final = 450
HEIGHT: Final = 250
LEFT: Final = 62
TOP: Final = 40
ROOM: Final = (WIDTH - LEFT - 20, HEIGHT - TOP - 46)
COLUMNS: Final = 2
TICKS: Final = 4
CLASSES: Final = ("one", "two", "three", "four")
STYLE: Final = """
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .note { fill: #57606a; font-size: 11px; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  .curve { fill: none; stroke-width: 2; }
  .one { stroke: #1f6feb; } .two { stroke: #1a7f37; } .three { stroke: #9a6700; } .four { stroke: #cf222e; }
  .paper { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .note { fill: #9198a1; } .grid { stroke: #3d444d; } .paper { fill: #0d1117; }
    .one { stroke: #58a6ff; } .two { stroke: #56d364; } .three { stroke: #e3b341; } .four { stroke: #ff7b72; }
  }
"""


@dataclass(frozen=True, slots=True)
class Curve:
    """One panel: what goes up, what goes to the right, and the points of each line, by its name."""

    title: str
    across: str
    lines: Mapping[str, Points]


def curves(panels: Sequence[Curve]) -> str:
    """Draw them; the names of the lines stand below, the same for all panels."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    rows = -(-len(panels) // COLUMNS)
    width, height = COLUMNS * WIDTH + 10, rows * HEIGHT + 30
    parts = [
        f'<g transform="translate({number % COLUMNS * WIDTH + 10} {number // COLUMNS * HEIGHT})">\n'
        f"{drawing(panel, names)}</g>\n"
        for number, panel in enumerate(panels)
    ]
    key = "".join(
        f'<line class="curve {CLASSES[number % 4]}" x1="{x}" x2="{x + 24}" y1="{height - 16}" y2="{height - 16}"/>\n'
        f'<text x="{x + 30}" y="{height - 12}">{escape(name)}</text>\n'
        for number, name in enumerate(names)
        for x in [LEFT + number * 180]
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">\n'
        "<title>idle sessions on one worker and on two</title>\n"
        f"<style>{STYLE}</style>\n"
        f'<rect class="paper" width="{width}" height="{height}"/>\n' + "".join(parts) + key + "</svg>\n"
    )


def drawing(panel: Curve, names: Sequence[str]) -> str:
    """Draw one panel."""
    points = [point for line in panel.lines.values() for point in line]
    most_x = max((x for x, _ in points), default=1.0) or 1.0
    most_y = round_up(max((y for _, y in points), default=1.0))
    room_x, room_y = ROOM
    lines = [f'<text class="title" x="0" y="20">{escape(panel.title)}</text>']
    for tick in range(TICKS + 1):
        y = TOP + room_y - room_y * tick / TICKS
        lines += [
            f'<line class="grid" x1="{LEFT}" x2="{LEFT + room_x}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<text class="note" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{most_y * tick / TICKS:,g}</text>',
        ]
        x = LEFT + room_x * tick / TICKS
        lines.append(
            f'<text class="note" x="{x:.1f}" y="{TOP + room_y + 16}" text-anchor="middle">'
            f"{most_x * tick / TICKS:,.0f}</text>"
        )
    lines.append(
        f'<text class="note" x="{LEFT + room_x / 2:.1f}" y="{TOP + room_y + 32}" text-anchor="middle">'
        f"{escape(panel.across)}</text>"
    )
    for name, line in panel.lines.items():
        path = " ".join(f"{LEFT + x / most_x * room_x:.1f},{TOP + room_y - y / most_y * room_y:.1f}" for x, y in line)
        lines.append(f'<polyline class="curve {CLASSES[names.index(name) % 4]}" points="{path}"/>')
    return "".join(f"{line}\n" for line in lines)


def round_up(value: float) -> float:
    """Give the next of 1, 2, 4, 8 times a power of ten, so that ticks are round."""
    if value <= 0:
        return 1.0
    scale = 10.0 ** math.floor(math.log10(value))
    return next(step * scale for step in (1, 2, 4, 8, 10) if step * scale >= value)
