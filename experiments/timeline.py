"""The timeline of one episode: what each chef was at, and how the score went, by replaying the recorded actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from brigade.envs.registry import BrigadeError
from brigade.experiments.metrics import Episode, Row
from brigade.experiments.plots import INK, PALE, WIDTH, short, styled, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# In the order of the legend; what is not here is drawn as `other`.
VERBS = {
    "prepare": "#56B4E9",
    "assemble": "#E69F00",
    "serve": "#009E73",
    "pass_on": "#CC79A7",
    "put_out_fire": "#D55E00",
    "clear_counter": "#6B4C9A",
    "wait": "#BBBBBB",
}
OTHER = "#0072B2"
MARKS = {
    "served": ("o", "#009E73", "order served"),
    "missed": ("v", "#0072B2", "order missed"),
    "wrong": ("X", "#E69F00", "wrong dish"),
    "fires": ("*", "#D55E00", "fire"),
}
MARGIN_LEFT, MARGIN_TOP, MARGIN_BOTTOM = 1.75, 0.1, 0.45  # inches
LONGEST_REPLAY = 100_000  # ticks; an episode has hundreds


@dataclass(frozen=True)
class Replay:
    """What became of an episode, tick by tick.

    Attributes:
        score: points after each tick; the first entry is before the first.
        marks: for each of `MARKS`, the ticks at which its count rose.
    """

    score: list[int]
    marks: dict[str, list[int]] = field(default_factory=dict)


def typical(episodes: Sequence[Episode]) -> Episode | None:
    """The episode with the median score (the lower of two, the first seed of several)."""
    ranked = sorted(episodes, key=lambda episode: (episode.result.score, episode.seed, episode.key))
    return ranked[(len(ranked) - 1) // 2] if ranked else None


def replay(episode: Episode) -> Replay | str:
    """Play the recorded actions again.

    Returns:
        How the score went, or why that cannot be told.
    """
    from brigade.envs.kitchen.game import Game
    from brigade.envs.kitchen.layout import kitchen_digest
    from brigade.envs.kitchen.state import STAT_NAMES

    try:
        kitchen = episode.kitchen.load()
        if kitchen_digest(kitchen) != episode.kitchen_digest:
            return "the kitchen has been changed since this was played"
        ticks = min(kitchen.horizon, LONGEST_REPLAY)
        joint = list(zip(*episode.actions, strict=False))[:ticks]
        if len(episode.actions) != kitchen.chefs or not all(digit in "012345" for row in joint for digit in row):
            return "the recorded actions are damaged"
        game = Game(kitchen)
        game.reset([episode.seed], [episode.order_script] if episode.order_script is not None else None)
        found = Replay([0], {name: [] for name in MARKS})
        before = dict.fromkeys(STAT_NAMES, 0)
        for tick, row in enumerate(joint, 1):
            game.step([[int(digit) for digit in row]])
            found.score.append(int(game.state.score[0]))
            now = dict(zip(STAT_NAMES, game.state.stats[0].tolist(), strict=True))
            for name, ticks_at in found.marks.items():
                ticks_at += [tick] * (now[name] - before[name])
            before = now
    except BrigadeError as error:
        return f"it cannot be played again here ({error})"
    if found.score[-1] != episode.result.score:
        return f"played again it ends with {found.score[-1]} points instead of {episode.result.score:.0f}"
    return found


def timeline_plot(row: Row, episode: Episode, found: Replay | str, name: str) -> str:
    """Score and macro actions of an episode over its ticks.

    Args:
        row: the team.
        episode: the episode.
        found: its replay; without one there is no curve of the score.
        name: goes in front of the ids in the SVG.
    """
    with styled():
        from matplotlib.figure import Figure

        lanes = 0.36 * len(row.team) + 0.1
        heights = [1.35, lanes] if isinstance(found, Replay) else [lanes]
        figure = Figure(figsize=(WIDTH, sum(heights) + MARGIN_TOP + MARGIN_BOTTOM))
        total = figure.get_figheight()
        # Set by hand rather than fitted, so that the ticks of all timelines stand one below the other.
        figure.subplots_adjust(MARGIN_LEFT / WIDTH, MARGIN_BOTTOM / total, 0.985, 1 - MARGIN_TOP / total, hspace=0.06)
        grid = figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
        if isinstance(found, Replay):
            _draw_score(grid[0], found)
        titles = _draw_macros(grid[-1], row, episode, name)
        last = [len(found.score) - 1] if isinstance(found, Replay) else [len(text) for text in episode.actions]
        ends = [end for macros in episode.macros for _, _, end, _, _ in macros]
        grid[-1].set_xlim(0, max([*last, *ends, 1]))
        grid[-1].set_xlabel("tick")
        return to_svg(figure, name, f"Timeline of {row.team_label} in {row.kitchen}", titles)


def legend_plot(verbs: set[str]) -> str:
    """What the colours and marks of all the timelines mean.

    Args:
        verbs: those that occur.
    """
    with styled():
        from matplotlib.figure import Figure
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        figure = Figure(figsize=(WIDTH, 0.55))
        shown = [verb for verb in VERBS if verb in verbs]
        patches = [Patch(facecolor=VERBS[verb], label=verb) for verb in shown]
        if verbs - set(VERBS):
            patches.append(Patch(facecolor=OTHER, label="other"))
        patches.append(Patch(facecolor=PALE, hatch="////", edgecolor="white", lw=0, label="failed"))
        marks = [
            Line2D([], [], marker=shape, color=colour, mec="white", ms=9, ls="", label=told)
            for shape, colour, told in MARKS.values()
        ]
        style: dict[str, Any] = {
            "loc": "upper left",
            "ncols": 12,
            "columnspacing": 1.4,
            "handletextpad": 0.5,
            "borderaxespad": 0,
        }
        figure.legend(handles=patches, bbox_to_anchor=(0, 1), **style)
        figure.legend(handles=marks, bbox_to_anchor=(0, 0.48), **style)
        return to_svg(figure, "legend", "Colours and marks of the timelines")


def verb_of(macro: str) -> str:
    """The verb of a macro action: `prepare` of `prepare(bread)`."""
    return macro.partition("(")[0].strip()


def _draw_score(axes: Axes, found: Replay) -> None:
    axes.step(range(len(found.score)), found.score, where="post", color=INK, lw=1.3)
    for name, (shape, colour, _) in MARKS.items():
        ticks, size = found.marks[name], 13 if shape == "*" else 8
        points = [found.score[tick] for tick in ticks]
        axes.plot(ticks, points, shape, color=colour, mec="white", ms=size, ls="", clip_on=False)
    axes.set_ylabel("score")
    axes.grid(True)
    axes.margins(y=0.15)
    axes.tick_params(labelbottom=False, bottom=False)


def _draw_macros(axes: Axes, row: Row, episode: Episode, name: str) -> dict[str, str]:
    """The bars of every chef; returns what to show when the mouse is over each."""
    titles = {}
    for seat, macros in enumerate(episode.macros):
        for number, (macro, start, end, succeeded, reason) in enumerate(macros):
            span = [(start, max(end - start, 1))]
            colour, hatch = VERBS.get(verb_of(macro), OTHER), "" if succeeded else "/////"
            bars = axes.broken_barh(span, (seat - 0.36, 0.72), facecolor=colour, hatch=hatch, edgecolor="white", lw=0.9)
            gid = f"macro-{seat}-{number}"
            bars.set_gid(gid)
            titles[gid] = f"{macro}, ticks {start} to {end}" + (
                "" if succeeded else f": failed, {reason or 'no reason'}"
            )
    for seat in range(len(row.team)):
        if not (episode.macros and episode.macros[seat]):
            axes.annotate("no macro actions", (0.01, seat), xycoords=("axes fraction", "data"), va="center", color=PALE)
    names = [f"{number} {short(agent, 24)}" for number, agent in enumerate(row.team, 1)]
    axes.set_yticks(range(len(row.team)), names)
    axes.set_ylim(len(row.team) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    return titles
