"""The plots of a prover-verifier run's page: figures by condition, tables, curves and matrices, as SVG text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from brigade.batch.estimate import Interval
from brigade.batch.plots import (
    GRID,
    INK,
    PALE,
    PALETTE,
    SHAPES,
    WIDTH,
    band,
    dot_legend,
    panels,
    short,
    spread,
    styled,
    to_svg,
)
from brigade.experiments.prover_verifier.report.figures import Condition

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVE_COLUMNS = 2  # of panels of curves
LEAST_SPAN = 0.1  # of the values on a curve's axis
COLUMNS, WIDE_COLUMNS = 4, 3  # of panels of dots; wide are those with several dots in a row
LABEL, TITLE = 36, {COLUMNS: 24, WIDE_COLUMNS: 34}  # characters of a line of a row's name, and of a panel's title
LINES = 2  # of names and titles, at most
LINE_IN, LANE_IN = 0.15, 0.09  # inches of a line of a row's name, and of a dot
LEGEND_COLUMNS, SHORT_NAME = 4, 24  # of a legend, one less if a name has more characters than so many
ROUNDING = 1e-9  # how far a share may be out of 0 to 1


@dataclass(frozen=True)
class Dot:
    """A mean in a panel.

    Attributes:
        row: counted from the top.
        value: drawn with its interval.
        look: place in the lists of colours and shapes.
        seeds: how many there are; the dot is hollow if fewer have such a number.
        lane: where in its row, from -0.5 to 0.5.
        singles: values of single seeds, drawn small.
    """

    row: int
    value: Interval
    look: int
    seeds: int
    lane: float = 0.0
    singles: Sequence[float] = ()


Panels = Mapping[str, Sequence[Dot]]  # by title
Table = Mapping[str, Mapping[str, Interval]]


def curve_rounds(conditions: Sequence[Condition]) -> int:
    """The most rounds that a curve of a run has."""
    return max((len(c.curve(name)) for c in conditions for name in c.names("curves")), default=0)


def figures_plot(conditions: Sequence[Condition]) -> Markup | None:
    """A panel for each figure, a line for each condition; None where there is nothing to compare.

    What ends a curve that is drawn is left out.
    """
    if len(conditions) < 2:
        return None
    names = dict.fromkeys(name for condition in conditions for name in condition.names("figures"))
    if curve_rounds(conditions) > 1:
        curves = {name for condition in conditions for name in condition.names("curves")}
        names = dict.fromkeys(name for name in names if name not in curves and not name.endswith(", last"))
    every = [condition.figures() for condition in conditions]
    content = {
        name: [
            Dot(row, figures[name], row, len(condition.records), singles=_singles(condition, name))
            for row, (condition, figures) in enumerate(zip(conditions, every, strict=True))
            if name in figures
        ]
        for name in names
    }
    labels = [condition.label for condition in conditions]
    return _dots(labels, content, "figures", "Figures by condition")


def table_plot(title: str, table: Table, seeds: int, name: str) -> Markup | None:
    """A table whose columns are different things, a panel for each; None where there is no value.

    Args:
        title: of the table.
        table: by row and column.
        seeds: how many there are.
        name: goes in front of the ids in the SVG.
    """
    content = {
        column: [Dot(row, line[column], look, seeds) for row, line in enumerate(table.values()) if column in line]
        for look, column in enumerate(columns_of(table))
    }
    return _dots(list(table), content, name, title)


def tables_plot(tables: Mapping[str, Table], seeds: int, name: str) -> Markup | None:
    """Tables of the same columns, a panel for each, a colour and shape for each column; None where there is no value.

    Args:
        tables: by title, then by row and column.
        seeds: how many there are.
        name: goes in front of the ids in the SVG.
    """
    rows = list(dict.fromkeys(row for table in tables.values() for row in table))
    columns = columns_of(next(iter(tables.values())))
    content = {
        title: [
            Dot(rows.index(row), line[column], look, seeds, lane=(look + 0.5) / len(columns) - 0.5)
            for row, line in table.items()
            for look, column in enumerate(columns)
            if column in line
        ]
        for title, table in tables.items()
    }
    return _dots(rows, content, name, ", ".join(tables), columns)


def columns_of(table: Table) -> list[str]:
    """The columns of a table; not every row has all of them."""
    return list(dict.fromkeys(column for line in table.values() for column in line))


def curves_plot(conditions: Sequence[Condition]) -> Markup:
    """A panel for each curve, a line for each condition; bands are intervals."""
    names = list(dict.fromkeys(name for condition in conditions for name in condition.names("curves")))
    with styled():
        figure, grid = panels(len(names), CURVE_COLUMNS, 2.3 * -(-len(names) // CURVE_COLUMNS))
        for name, axes in zip(names, grid, strict=True):
            axes.set_title(short(name))
            axes.grid(True)
            axes.locator_params(axis="x", integer=True)
            for place, condition in enumerate(conditions):
                _curve(axes, condition, name, place)
            curves = [record["curves"].get(name, []) for condition in conditions for record in condition.records]
            axes.set_ylim(_limits(axes.get_ylim(), [value for curve in curves for value in curve if value is not None]))
            if all(value.mean is None for condition in conditions for value in condition.curve(name)):
                axes.text(0.5, 0.5, "there is none", ha="center", va="center", transform=axes.transAxes, color=INK)
                axes.set_xticks([])
                axes.set_yticks([])
        handles, labels = figure.axes[0].get_legend_handles_labels()
        if len(conditions) > 1:
            figure.legend(handles, labels, loc="outside upper left", ncols=4)
        return to_svg(figure, "curves", "Figures by round")


def matrix_plot(matrix: Sequence[Sequence[Interval]], name: str) -> Markup:
    """Fool rates of the verifier of each round (line) on the sneaky prover of each round (column)."""
    from matplotlib.figure import Figure

    values = [[e.mean if e.mean is not None else float("nan") for e in row] for row in matrix]
    with styled():
        side = 0.42 * len(values) + 0.9
        figure = Figure(figsize=(min(WIDTH, side + 1.5), min(7.0, side)), layout="constrained")
        axes = figure.subplots()
        places = range(len(values))
        axes.pcolormesh(places, places, values, vmin=0, vmax=1, cmap="Blues", shading="nearest")  # not a bitmap
        axes.invert_yaxis()
        axes.set_aspect("equal")
        for i, row in enumerate(values):
            for j, value in enumerate(row):
                ink = "white" if value > 0.6 else INK
                axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=7, color=ink)
        axes.set_xlabel("sneaky prover of round")
        axes.set_ylabel("verifier of round")
        axes.set_xticks(places)
        axes.set_yticks(places)
        return to_svg(figure, name, "Fool rates of verifiers on provers of all rounds")


def _singles(condition: Condition, name: str) -> list[float]:
    """What single seeds have of a figure."""
    values = [record["figures"].get(name) for record in condition.records]
    return [value for value in values if value is not None]


def _dots(rows: Sequence[str], content: Panels, name: str, about: str, legend: Sequence[str] = ()) -> Markup | None:
    """Panels side by side with the same rows; those without a value are left out, None where none has any.

    Args:
        rows: their names.
        content: of the panels.
        name: goes in front of the ids in the SVG.
        about: what is shown, for those who cannot see it.
        legend: names of what has the same look.
    """
    shown = {title: dots for title, dots in content.items() if any(dot.value.mean is not None for dot in dots)}
    if not shown:
        return None
    columns = WIDE_COLUMNS if legend else COLUMNS
    lines = -(-len(shown) // columns)
    labels = _labels(rows)
    tallest = 1 + max(label.count("\n") for label in labels)
    row_in = max(LINE_IN * tallest + 0.05, LANE_IN * (len(legend) + 1))
    legend_columns = LEGEND_COLUMNS - any(len(text) > SHORT_NAME for text in legend)
    legend_in = 0.22 * -(-len(legend) // legend_columns)
    with styled():
        height = lines * (row_in * len(rows) + 0.75) + legend_in
        figure, grid = panels(len(shown), columns, height, sharey=True)
        for axes, (title, dots) in zip(grid, shown.items(), strict=True):
            axes.set_title(_lines(title, TITLE[columns]), fontsize=9)
            _panel(axes, dots, len(rows), banded=bool(legend))
        grid[0].set_yticks(range(len(rows)), labels)
        grid[0].set_ylim(len(rows) - 0.5, -0.5)
        if legend:
            dot_legend(figure, {name: _look(i) for i, name in enumerate(legend)}, legend_columns, length=LABEL)
        return to_svg(figure, name, about)


def _panel(axes: Axes, dots: Sequence[Dot], rows: int, banded: bool) -> None:
    axes.grid(True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=8)
    if banded:
        for row in range(0, rows, 2):
            axes.axhspan(row - 0.5, row + 0.5, color=GRID, alpha=0.35, lw=0)
    for dot in dots:
        _dot(axes, dot)
    values = [value for dot in dots for value in (dot.value.mean, *dot.singles) if value is not None]
    if all(-ROUNDING <= value <= 1 + ROUNDING for value in values):
        axes.set_xlim(-0.04, 1.04)
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        return
    axes.axvline(0, color=PALE, lw=0.8)  # differences are seen for what they are
    axes.margins(x=0.08)
    axes.locator_params(axis="x", nbins=4)


def _look(place: int) -> tuple[str, str]:
    """Colour and shape, of which no two are the same before there are more than 64."""
    return PALETTE[place % len(PALETTE)], SHAPES[(place + place // len(PALETTE)) % len(SHAPES)]


def _dot(axes: Axes, dot: Dot) -> None:
    if dot.value.mean is None:
        return
    (colour, shape), y = _look(dot.look), dot.row + 0.9 * dot.lane
    if dot.seeds > 1:
        axes.plot(dot.singles, spread(y, len(dot.singles)), ".", ms=2.5, color=colour, alpha=0.5)
    inside, edge, width = (colour, "white", 0.6) if dot.value.count == dot.seeds else ("white", colour, 1.2)
    look: dict[str, Any] = {"fmt": shape, "ms": 6, "color": inside, "mec": edge, "mew": width}
    mean, low, high = dot.value.mean, dot.value.low, dot.value.high
    ends = None if low is None or high is None else [[max(0.0, mean - low)], [max(0.0, high - mean)]]
    axes.errorbar(mean, y, xerr=ends, ecolor=colour, capsize=2, lw=1.2, **look)


def _labels(names: Sequence[str]) -> list[str]:
    """Names that fit beside a panel; numbered if they could not be told apart otherwise."""
    labels = [_lines(name, LABEL) for name in names]
    if len(set(labels)) == len(set(names)):
        return labels
    return [_lines(f"{number}: {name}", LABEL) for number, name in enumerate(names, 1)]


def _lines(text: str, width: int) -> str:
    """Text in lines of so many characters, shortened if they are too many."""
    lines = textwrap.wrap(short(text, 10 * width), width) or [""]
    rest = short(" ".join(lines[LINES - 1 :]), width)
    return "\n".join([*lines[: LINES - 1], rest]).strip()


def _limits(limits: tuple[float, float], values: Sequence[float]) -> tuple[float, float]:
    """The limits of a curve's axis: what hardly changes looks like that, and shares stay between 0 and 1."""
    low, high = limits
    if high - low >= LEAST_SPAN:
        return low, high
    low, high = (low + high - LEAST_SPAN) / 2, (low + high + LEAST_SPAN) / 2
    margin = LEAST_SPAN / 20
    if values and min(values) >= 0 and low < -margin:
        low, high = -margin, LEAST_SPAN - margin
    if values and min(values) >= 0 and max(values) <= 1 and high > 1 + margin:
        low, high = 1 + margin - LEAST_SPAN, 1 + margin
    return low, high


def _curve(axes: Axes, condition: Condition, name: str, place: int) -> None:
    colour, shape = _look(place)
    for record in condition.records:
        single = [(x, y) for x, y in enumerate(record["curves"].get(name, [])) if y is not None]
        axes.plot([x for x, _ in single], [y for _, y in single], ".", ms=2.5, color=colour, alpha=0.5)
    points = [(x, e) for x, e in enumerate(condition.curve(name)) if e.mean is not None]
    xs, means = [x for x, _ in points], [e.mean or 0.0 for _, e in points]
    axes.plot(xs, means, shape + "-", ms=4, color=colour, mec="white", label=short(condition.label or "all", 30))
    partial = [(x, y) for (x, e), y in zip(points, means, strict=True) if e.count < len(condition.records)]
    axes.plot([x for x, _ in partial], [y for _, y in partial], shape, ms=4, color="white", mec=colour, zorder=3)
    band(axes, xs, [e for _, e in points], colour, 0.15)
