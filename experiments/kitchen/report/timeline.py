"""The timeline of one episode: what each chef did, thought and said, and how the score went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from brigade.batch.plots import INK, PALE, WIDTH, short, styled, to_svg
from brigade.experiments.kitchen.report.metrics import Row
from brigade.experiments.kitchen.run.episodes import ENDED, Episode, ThoughtRecord
from brigade.experiments.kitchen.run.replays import Replay

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

Titles = dict[str, str]  # what to show when the mouse is over a part, by its id
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
THOUGHTS = {
    "plan": "#0072B2", "reflection": "#009E73", "belief": "#CC79A7", "pick": "#D55E00", "lesson": "#E69F00",
    "outline": "#6B4C9A", "check": "#56B4E9", "look": "#56B4E9",
}  # fmt: skip
LANE = 0.36  # inches, of one chef's macro actions
THIN = 0.105  # inches, of one kind of thoughts
LONGEST_TITLE = 400  # characters shown when the mouse is over something


def timeline_plot(row: Row, episode: Episode, found: Replay | str, name: str) -> Markup:
    """Score, macro actions, thoughts and messages of an episode over its ticks.

    Args:
        row: the team.
        episode: the episode.
        found: its replay; without one there is no curve of the score.
        name: goes in front of the ids in the SVG.
    """
    with styled():
        from matplotlib.figure import Figure

        kinds = kinds_of(episode)
        lanes = sum(LANE + THIN * len(kinds.get(seat, ())) for seat in range(len(row.team))) + 0.1
        heights = [1.35, lanes] if isinstance(found, Replay) else [lanes]
        figure = Figure(figsize=(WIDTH, sum(heights) + MARGIN_TOP + MARGIN_BOTTOM))
        total = figure.get_figheight()
        # Set by hand rather than fitted, so that the ticks of all timelines stand one below the other.
        figure.subplots_adjust(MARGIN_LEFT / WIDTH, MARGIN_BOTTOM / total, 0.985, 1 - MARGIN_TOP / total, hspace=0.06)
        grid = figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
        titles: Titles = {}
        if isinstance(found, Replay):
            _draw_score(grid[0], found, titles)
        last = [len(found.score) - 1] if isinstance(found, Replay) else [len(text) for text in episode.actions]
        end = max([*last, *(macro[2] for macros in episode.macros for macro in macros), 1])
        _draw_lanes(grid[-1], row, episode, kinds, end, titles)
        grid[-1].set_xlim(0, end)
        grid[-1].set_xlabel("tick")
        return to_svg(figure, name, f"Timeline of {row.team_label} in {row.kitchen}", titles)


def kinds_of(episode: Episode) -> dict[int, list[str]]:
    """By seat, the kinds of thoughts it had, in a fixed order; without those that nobody had."""
    order = [*THOUGHTS, *sorted({thought.kind for thought in episode.thoughts} - set(THOUGHTS))]
    had = {(thought.seat, thought.kind) for thought in episode.thoughts}
    kinds = {seat: [kind for kind in order if (seat, kind) in had] for seat in range(len(episode.agents))}
    return {seat: found for seat, found in kinds.items() if found}


def legend_plot(verbs: set[str], kinds: set[str], messages: bool) -> Markup:
    """What the colours and marks of all the timelines mean.

    Args:
        verbs: those that occur.
        kinds: of thoughts, those that occur.
        messages: whether there are any.
    """
    with styled():
        from matplotlib.figure import Figure
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        figure = Figure(figsize=(WIDTH, 0.8 if kinds else 0.55))
        patches = [Patch(facecolor=colour, label=verb) for verb, colour in VERBS.items() if verb in verbs]
        if verbs - set(VERBS):
            patches.append(Patch(facecolor=OTHER, label="other"))
        patches.append(Patch(facecolor=PALE, hatch="////", edgecolor="white", lw=0, label="failed"))
        marks = [
            Line2D([], [], marker=shape, color=colour, mec="white", ms=9, ls="", label=told)
            for shape, colour, told in MARKS.values()
        ]
        if messages:
            marks.append(Line2D([], [], marker="|", color=INK, mew=1.6, ms=9, ls="", label="message"))
        bars = [
            Line2D([], [], color=THOUGHTS.get(kind, PALE), lw=3, label=f"{short(kind, 20)} (thought)")
            for kind in [*(k for k in THOUGHTS if k in kinds), *sorted(kinds - set(THOUGHTS))]
        ]
        if kinds:
            bars.append(Line2D([], [], color=PALE, lw=1, label="no reply, or ended first"))
        style: dict[str, Any] = {
            "loc": "upper left",
            "ncols": 12,
            "columnspacing": 1.4,
            "handletextpad": 0.5,
            "borderaxespad": 0,
        }
        figure.legend(handles=patches, bbox_to_anchor=(0, 1), **style)
        figure.legend(handles=marks, bbox_to_anchor=(0, 0.64 if kinds else 0.48), **style)
        if bars:
            figure.legend(handles=bars, bbox_to_anchor=(0, 0.3), **style)
        return to_svg(figure, "legend", "Colours and marks of the timelines")


def verb_of(macro: str) -> str:
    """The verb of a macro action: `prepare` of `prepare(bread)`."""
    return macro.partition("(")[0].strip()


def _draw_score(axes: Axes, found: Replay, titles: Titles) -> None:
    """The curve and its marks."""
    axes.step(range(len(found.score)), found.score, where="post", color=INK, lw=1.3)
    for name, (shape, colour, told) in MARKS.items():
        for number, tick in enumerate(found.marks[name]):
            size = 13 if shape == "*" else 8
            (mark,) = axes.plot(
                tick, found.score[tick], shape, color=colour, mec="white", ms=size, ls="", clip_on=False
            )
            _titled(titles, mark, f"{name}-{number}", f"tick {tick}: {told}, {found.score[tick]} points")
    axes.set_ylabel("score")
    axes.grid(True)
    axes.margins(y=0.15)
    axes.tick_params(labelbottom=False, bottom=False)


def _draw_lanes(axes: Axes, row: Row, episode: Episode, kinds: dict[int, list[str]], end: int, titles: Titles) -> None:
    """The lanes of every chef."""
    y, places = 0.0, []
    for seat in range(len(row.team)):
        places.append(y + LANE / 2)
        _draw_macros(axes, episode, seat, places[-1], titles)
        y += LANE
        for kind in kinds.get(seat, ()):
            _draw_thoughts(axes, episode, seat, kind, y + THIN / 2 - 0.01, end, titles)
            y += THIN
    names = [f"{number} {short(agent, 20)}" for number, agent in enumerate(row.team, 1)]
    axes.set_yticks(places, names)
    axes.set_ylim(y + 0.05, -0.05)
    axes.spines["left"].set_visible(False)


def _draw_macros(axes: Axes, episode: Episode, seat: int, y: float, titles: Titles) -> None:
    """The bars of one chef, with marks where it said something."""
    macros = episode.macros[seat] if episode.macros else ()
    for number, (macro, start, end, succeeded, reason) in enumerate(macros):
        span = [(start, max(end - start, 1))]
        colour, hatch = VERBS.get(verb_of(macro), OTHER), "" if succeeded else "/////"
        bars = axes.broken_barh(
            span, (y - 0.36 * LANE, 0.72 * LANE), facecolor=colour, hatch=hatch, edgecolor="white", lw=0.9
        )
        failed = "" if succeeded else f": failed, {reason or 'no reason'}"
        _titled(titles, bars, f"macro-{seat}-{number}", f"{macro}, ticks {start} to {end}{failed}")
    if not macros:
        axes.annotate("no macro actions", (0.01, y), xycoords=("axes fraction", "data"), va="center", color=PALE)
    for number, (tick, speaker, text) in enumerate(episode.messages):
        if speaker == seat:
            mark = axes.vlines(tick, y - 0.48 * LANE, y + 0.48 * LANE, color=INK, lw=2.2)
            _titled(titles, mark, f"message-{number}", short(f"tick {tick}, chef {seat + 1}: {text}", LONGEST_TITLE))


def _draw_thoughts(axes: Axes, episode: Episode, seat: int, kind: str, y: float, end: int, titles: Titles) -> None:
    """The thoughts of one kind, thin bars from asking to effect; thinner ones that came to nothing."""
    for number, thought in enumerate(episode.thoughts):
        if (thought.seat, thought.kind) != (seat, kind):
            continue
        last = end if thought.effect is None else thought.effect
        good = thought.outcome == "ok"
        colour, height = (THOUGHTS.get(kind, PALE), 0.07) if good else (PALE, 0.025)
        span = [(thought.asked, max(last - thought.asked, 1))]
        bar = axes.broken_barh(span, (y - height / 2, height), facecolor=colour, edgecolor="white", lw=0.5)
        _titled(titles, bar, f"thought-{number}", short(_told(thought), LONGEST_TITLE))


def _titled(titles: Titles, part: Artist, gid: str, title: str) -> None:
    """Note what to show when the mouse is over a part."""
    part.set_gid(gid)
    titles[gid] = title


def _told(thought: ThoughtRecord) -> str:
    if thought.outcome == ENDED:
        return f"{thought.kind}, asked at tick {thought.asked}: {ENDED}"
    return f"{thought.kind}, ticks {thought.asked} to {thought.effect}: {thought.words}"
