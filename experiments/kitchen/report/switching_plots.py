"""Plots of studies: the scatter of figure 5 of arXiv 2502.11882, curves over what varies, and rates after a switch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from brigade.batch.plots import INK, PALE, PALETTE, SHAPES, band, panels, short, styled, to_svg
from brigade.experiments.kitchen.report.metrics import Row
from brigade.experiments.kitchen.report.switching import WINDOW, Switch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE_SPAN = 20  # a key whose largest value is more than so many times its smallest is drawn on a logarithmic axis
LATENCIES_S = (1, 4, 15, 60)  # in the legend of the scatter


def scatter_plot(rows: Sequence[Row], name: str) -> Markup | None:
    """Score against score efficiency of the chef that thinks, the circle as large as its thoughts are slow.

    Args:
        rows: of one kitchen; None is returned when nobody in them thinks.
        name: goes in front of the ids in the SVG.
    """
    points = [row for row in rows if row.cost and row.score.mean is not None and row.seats[0].efficiency.count]
    if not points:
        return None
    with styled():
        figure, (axes,) = panels(1, 1, 4.4)
        frameworks = list(dict.fromkeys(row.team[0] for row in points))
        colours = {agent: PALETTE[i % 8] for i, agent in enumerate(frameworks)}
        titles = {}
        for number, row in enumerate(points):
            x, y = row.seats[0].efficiency, row.score
            if x.mean is None or y.mean is None:
                continue
            seconds = row.cost.latency_s.mean if row.cost else None
            axes.errorbar(x.mean, y.mean, xerr=x.error, yerr=y.error, color=colours[row.team[0]], lw=0.7, alpha=0.5)
            dots = axes.scatter(
                x.mean, y.mean, s=_area(seconds or 0), color=colours[row.team[0]], alpha=0.65, ec="white"
            )
            dots.set_gid(f"dot-{number}")
            titles[f"dot-{number}"] = f"{row.label}: {y.mean:.1f} points, {seconds or 0:.1f} s a thought"
        for row in rows:
            if row.cost is None and row.score.mean is not None and row.seats[0].efficiency.mean is not None:
                axes.plot(row.seats[0].efficiency.mean, row.score.mean, "+", color=INK, ms=9, mew=1.5)
        axes.axhline(0, color=PALE, lw=0.8)
        axes.grid(True)
        axes.margins(0.12)
        axes.set_xlabel("score efficiency (points gained per macro action of the first chef)")
        axes.set_ylabel("score (points)")
        _scatter_legend(figure, colours, any(row.cost is None for row in rows))
        return to_svg(figure, name, "Score against score efficiency, circles as large as latency", titles)


def curves_plot(rows: Sequence[Row], key: str, name: str) -> Markup:
    """Score against a number that varies, one curve per team; bands are standard errors.

    Args:
        rows: of one kitchen, all else that varies being equal.
        key: what varies.
        name: goes in front of the ids in the SVG.
    """
    with styled():
        figure, (axes,) = panels(1, 1, 4.2)
        teams: dict[str, list[Row]] = {}
        for row in rows:
            teams.setdefault(row.team_label, []).append(row)
        for number, (team, members) in enumerate(teams.items()):
            members = [row for row in sorted(members, key=lambda row: float(row.condition[key])) if row.score.count]
            xs = [float(row.condition[key]) for row in members]
            means = [row.score.mean or 0.0 for row in members]
            colour, shape = PALETTE[number % 8], SHAPES[(number // 8 or number) % 8]
            dashes = ("-", (0, (6, 2)), (0, (2, 1.5)))[number % 3]  # curves that lie on one another still show
            band(axes, xs, [row.score for row in members], colour, 0.13)
            axes.plot(xs, means, marker=shape, ls=dashes, color=colour, mec="white", ms=7, lw=1.6, label=short(team))
        _value_axis(axes, sorted({float(row.condition[key]) for row in rows}))
        axes.axhline(0, color=PALE, lw=0.8)
        axes.grid(True)
        axes.set_xlabel(short(key))
        axes.set_ylabel("score (points)")
        figure.legend(loc="outside right upper")
        return to_svg(figure, name, f"Score against {key}")


def switch_plot(switches: Sequence[Switch], name: str) -> Markup:
    """Rate of the window of 60 ticks that ends with each tick, one curve per team with the same partner."""
    with styled():
        figure, (axes,) = panels(1, 1, 3.1)
        for number, switch in enumerate(switches):
            rates = [math.nan if rate is None else rate * 100 for rate in switch.rate]
            dashes = ("-", (0, (6, 2)), (0, (2, 1.5)))[number % 3]
            axes.plot(rates, color=PALETTE[number % 8], ls=dashes, lw=1.7, label=short(switch.label))
        at = switches[0].at
        axes.axvline(at, color=INK, lw=1)
        axes.axvspan(at, at + WINDOW, color=PALE, alpha=0.12, lw=0)
        axes.annotate(" switch", (at, 1), xycoords=("data", "axes fraction"), va="top", fontsize=8.5)
        axes.set_xlim(WINDOW, max(len(switch.rate) for switch in switches) - 1)
        axes.set_ylim(bottom=0)
        axes.grid(True)
        axes.set_xlabel("last tick of the window")
        axes.set_ylabel("points per 100 ticks")
        figure.legend(loc="outside right upper")
        return to_svg(figure, name, "Points gained over time around the switch")


def _area(seconds: float) -> float:
    """Points squared of a circle: the area grows with latency, and one without can still be seen."""
    return 30 + 8 * min(seconds, 300)


def _scatter_legend(figure: Any, colours: dict[str, str], others: bool) -> None:
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"marker": "o", "ls": "", "mec": "white"}
    handles = [Line2D([], [], color=colour, ms=9, label=short(agent), **style) for agent, colour in colours.items()]
    if others:
        handles.append(Line2D([], [], color=INK, marker="+", ms=9, mew=1.5, ls="", label="does not think"))
    handles += [
        Line2D([], [], color=PALE, ms=math.sqrt(_area(seconds)), label=f"{seconds} s a thought", **style)
        for seconds in LATENCIES_S
    ]
    figure.legend(handles=handles, loc="outside right upper", labelspacing=1.3, handletextpad=1.3, borderpad=1.2)


def _value_axis(axes: Axes, values: Sequence[float]) -> None:
    """Ticks at the values; logarithmic when they span much, with a linear piece from 0 to the smallest."""
    positive = [value for value in values if value > 0]
    if positive and values[0] >= 0 and positive[-1] > WIDE_SPAN * positive[0]:
        axes.set_xscale("symlog", linthresh=positive[0], linscale=0.6)
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
