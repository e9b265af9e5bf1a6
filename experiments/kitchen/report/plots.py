"""The plots of a kitchen report: score, contribution, counts and efficiency of every team."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from brigade.batch.estimate import Estimate
from brigade.batch.plots import INK, PALE, PALETTE, SHAPES, WIDTH, dot_legend, panels, short, spread, styled, to_svg
from brigade.experiments.kitchen.report.metrics import Row
from brigade.experiments.kitchen.run.episodes import Episode

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COUNTS = (("missed", "missed orders", PALETTE[0], ""), ("wrong", "wrong dishes", PALETTE[4], "////"),
          ("fires", "fires", PALETTE[1], "xxxx"))  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One team in one kitchen, as it is plotted.

    Attributes:
        label: the team, and the run if there are several.
        row: its figures.
        episodes: what they were made from.
    """

    label: str
    row: Row
    episodes: Sequence[Episode]


Kitchens = Mapping[str, Sequence[Entry]]


def score_plot(kitchens: Kitchens) -> Markup:
    """Score of each team: single episodes as dots, the mean with its standard error."""

    def draw(axes: Axes, entries: Sequence[Entry]) -> None:
        for y, entry in enumerate(entries):
            scores = [episode.result.score for episode in entry.episodes]
            axes.plot(scores, spread(y, len(scores)), "o", ms=3.6, color=PALETTE[5], alpha=0.65, mew=0)
            mean, error = entry.row.score.mean, entry.row.score.error
            if mean is not None:
                look: dict[str, Any] = {"fmt": "D", "ms": 5.5, "color": INK, "mec": "white", "capsize": 3.5, "lw": 1.4}
                axes.errorbar(mean, y, xerr=error, **look)
                text = f"  {mean:.1f}"
                axes.annotate(text, (1.0, y), xycoords=("axes fraction", "data"), va="center", annotation_clip=False)
        axes.axvline(0, color=PALE, lw=0.8)

    with styled():
        return to_svg(_panels(kitchens, draw, "score (points)"), "score", "Score of each team in each kitchen")


def contribution_plot(kitchens: Kitchens) -> Markup:
    """Contribution rate of each chef of a team."""

    def draw(axes: Axes, entries: Sequence[Entry]) -> None:
        for y, entry in enumerate(entries):
            left = 0.0
            for seat, chef in enumerate(entry.row.seats):
                share = chef.contribution.mean
                if share is None:
                    continue
                axes.barh(y, share, left=left, height=0.62, color=PALETTE[seat % 8], edgecolor="white", lw=1)
                last = seat > 0 and seat + 1 == len(entry.row.seats)
                if share > 0.1:
                    words = f"{short(chef.agent, 24)} {share:.2f}" if share > 0.3 else f"{share:.2f}"
                    at, side = (left + share - 0.01, "right") if last else (left + 0.01, "left")
                    axes.text(at, y, words, va="center", ha=side, color="white", fontsize=8.5)
                left += share
                if not last and chef.contribution.error:
                    _whisker(axes, left, y, chef.contribution.error)
            if left == 0:
                axes.text(0.012, y, "no dish was paid for", va="center", color=PALE, fontsize=8.5)
        axes.set_xlim(0, 1)

    with styled():
        figure = _panels(kitchens, draw, "contribution rate, chef 1 first")
        return to_svg(figure, "contribution", "Contribution rate of each chef")


def counts_plot(kitchens: Kitchens) -> Markup:
    """Missed orders, wrong dishes and fires per episode."""

    def draw(axes: Axes, entries: Sequence[Entry]) -> None:
        for number, (name, _, colour, hatch) in enumerate(COUNTS):
            for y, entry in enumerate(entries):
                count: Estimate = getattr(entry.row, name)
                place = y + 0.26 * (number - 1)
                width, error = count.mean or 0.0, count.error or 0.0
                if width:
                    axes.barh(place, width, height=0.22, color=colour, hatch=hatch, edgecolor="white", lw=0)
                if error:
                    axes.errorbar(width, place, xerr=error, color=INK, capsize=1.8, lw=0.9)
                told = "–" if count.mean is None else f"{count.mean:.2f}" if width else "0"
                at, ink = (width + error, place), INK if width else PALE
                axes.annotate(told, at, (5, -0.5), textcoords="offset points", va="center", fontsize=7, color=ink)
        axes.set_xlim(left=0)

    with styled():
        figure = _panels(kitchens, draw, "per episode", row_in=0.52)
        from matplotlib.patches import Patch

        patches = [
            Patch(facecolor=colour, hatch=hatch, edgecolor="white", lw=0, label=told)
            for _, told, colour, hatch in COUNTS
        ]
        figure.legend(handles=patches, loc="outside upper right", ncols=3)
        return to_svg(figure, "counts", "Missed orders, wrong dishes and fires per episode")


def efficiency_plot(kitchens: Kitchens) -> Markup | None:
    """Score efficiency of each chef against the score of its team; None when no chef has macro actions."""
    entries = [entry for group in kitchens.values() for entry in group]
    if not any(seat.efficiency.count for entry in entries for seat in entry.row.seats):
        return None
    with styled():
        columns = min(3, len(kitchens))
        rows = -(-len(kitchens) // columns)
        labels = list(dict.fromkeys(entry.label for entry in entries))
        looks = {label: (PALETTE[i % 8], SHAPES[i // 8 % 8]) for i, label in enumerate(labels)}
        lines = -(-len(labels) // 3)
        figure, grid = panels(len(kitchens), columns, 2.9 * rows + 0.2 * lines + 0.2)
        for axes, (kitchen, group) in zip(grid, kitchens.items(), strict=True):
            axes.set_title(short(kitchen))
            axes.grid(True)
            axes.margins(0.14)
            for entry in group:
                _scatter(axes, entry, *looks[entry.label])
            axes.set_ylim(bottom=0)
        figure.supxlabel("score (points)", fontsize=9)
        figure.supylabel("points gained per macro action", fontsize=9)
        dot_legend(figure, looks, 3, size=8)
        return to_svg(figure, "efficiency", "Score efficiency against score")


def _panels(
    kitchens: Kitchens, draw: Callable[[Axes, Sequence[Entry]], None], xlabel: str, row_in: float = 0.34
) -> Figure:
    """A panel per kitchen, one above the other, a line of `row_in` inches per team."""
    from matplotlib.figure import Figure

    heights = [row_in * len(entries) + 0.1 for entries in kitchens.values()]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.5 * len(heights) + 0.5), layout="constrained")
    grid = figure.subplots(len(kitchens), 1, squeeze=False, sharex=True, height_ratios=heights)
    for axes, (kitchen, entries) in zip(grid[:, 0], kitchens.items(), strict=True):
        axes.set_title(short(kitchen, 80))
        draw(axes, entries)
        axes.set_yticks(range(len(entries)), [short(entry.label) for entry in entries])
        axes.set_ylim(len(entries) - 0.5, -0.5)
        axes.tick_params(labelbottom=True)
        axes.grid(True, axis="x")
        axes.spines["left"].set_visible(False)
    grid[-1, 0].set_xlabel(xlabel)
    return figure


def _whisker(axes: Axes, x: float, y: float, error: float) -> None:
    """A standard error that shows on a dark bar as well as on a light one."""
    for width, cap, colour in ((3.2, 3.4, "white"), (1.2, 2.6, INK)):
        axes.errorbar(x, y, xerr=error, color=colour, capsize=cap, capthick=width, lw=width)


def _scatter(axes: Axes, entry: Entry, colour: str, shape: str) -> None:
    score = entry.row.score
    for number, seat in enumerate(entry.row.seats, 1):
        y = seat.efficiency
        if score.mean is None or y.mean is None:
            continue
        axes.errorbar(score.mean, y.mean, xerr=score.error, yerr=y.error, color=colour, lw=0.9, alpha=0.7)
        axes.plot(score.mean, y.mean, shape, ms=11, color=colour, mec="white")
        axes.text(score.mean, y.mean, str(number), ha="center", va="center_baseline", color="white", fontsize=7)
