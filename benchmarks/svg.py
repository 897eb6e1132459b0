"""The picture for the docs: a panel a goal, a bar a target, and where must and aim are."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from benchmarks.figures import Figures
from benchmarks.goals import SUBJECT, Goal, Verdict
from benchmarks.report import METRICS, shown, verdicts_of
from benchmarks.targets import TARGETS

WIDTH: Final = 460
BAR: Final = 18
HEAD: Final = 46
FOOT: Final = 14
LABEL: Final = 76
FIGURE: Final = 66
COLUMNS: Final = 2
STYLE: Final = """
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .note, .unit { fill: #57606a; font-size: 11px; }
  .figure { paint-order: stroke; stroke: #ffffff; stroke-width: 3px; }
  .bar { fill: #afb8c1; }
  .ours { fill: #1f6feb; }
  .must { stroke: #cf222e; stroke-width: 2; }
  .aim { stroke: #1a7f37; stroke-width: 2; stroke-dasharray: 3 2; }
  .paper { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .note, .unit { fill: #9198a1; } .bar { fill: #57606a; } .paper { fill: #0d1117; }
    .figure { stroke: #0d1117; }
    .ours { fill: #58a6ff; } .must { stroke: #ff7b72; } .aim { stroke: #56d364; }
  }
"""


def picture(goals: Sequence[Goal], figures: Figures) -> str:
    """Draw it."""
    panels = [panel(verdict, figures) for verdict in verdicts_of(goals, figures)]
    parts, tops = [], [34] * COLUMNS
    for text, height in panels:
        column = tops.index(min(tops))
        parts.append(f'<g transform="translate({column * WIDTH + 10} {tops[column]})">\n{text}</g>\n')
        tops[column] += height
    size = (COLUMNS * WIDTH + 10, max(tops))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" '
        f'width="{size[0]}" height="{size[1]}" role="img">\n'
        "<title>perdition-trio side by side with its peers</title>\n"
        f"<style>{STYLE}</style>\n"
        f'<rect class="paper" width="{size[0]}" height="{size[1]}"/>\n'
        '<text class="note" x="10" y="20">the red line is what ours must reach, the green one what it aims at</text>\n'
        + "".join(parts)
        + "</svg>\n"
    )


def panel(verdict: Verdict, figures: Figures) -> tuple[str, int]:
    """Draw one goal; give its height too."""
    goal, case = verdict.goal, verdict.case
    metric = METRICS[goal.metric]
    values = {name: value for name in TARGETS if (value := figures.median((case, name), goal.metric)) is not None}
    limits = {
        name: limit
        for name, bound in (("must", goal.must), ("aim", goal.aim))
        if (limit := bound.limit(case, goal.metric, figures)) is not None
    }
    room = WIDTH - LABEL - FIGURE - 20
    most = max([*values.values(), *limits.values()]) or 1.0
    better = "more is better" if metric.more_is_better else "less is better"
    lines = [
        f'<text class="title" x="0" y="14">{escape(goal.work)}</text>',
        f'<text class="unit" x="0" y="30">{escape(metric.title)}, {better} ({escape(case)})</text>',
    ]
    figures_above = []  # the lines of must and aim go below them
    for row, (name, value) in enumerate(values.items()):
        top = HEAD - 6 + row * BAR
        length = max(1.0, value / most * room)
        kind = "bar ours" if name == SUBJECT else "bar"
        lines += [
            f'<text x="{LABEL - 6}" y="{top + 12}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="{kind}" x="{LABEL}" y="{top + 2}" width="{length:.1f}" height="{BAR - 5}" rx="2"/>',
        ]
        x = LABEL + length + 5
        figures_above.append(f'<text class="figure" x="{x:.1f}" y="{top + 12}">{shown(goal.metric, value)}</text>')
    bottom = HEAD - 6 + len(values) * BAR
    for name, limit in limits.items():
        x = LABEL + limit / most * room
        lines.append(f'<line class="{name}" x1="{x:.1f}" x2="{x:.1f}" y1="{HEAD - 6}" y2="{bottom}"/>')
    return "".join(f"{line}\n" for line in [*lines, *figures_above]), bottom + FOOT
