"""The report of a prover-verifier run as one page, with nothing to be fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from brigade.envs.registry import BrigadeError
from brigade.experiments.estimate import Estimate
from brigade.experiments.html import POLICY, STYLE
from brigade.experiments.html_tables import grid
from brigade.experiments.plots import INK, PALETTE, SHAPES, WIDTH, short, styled, to_svg
from brigade.experiments.prover_verifier.judgements import holds_sessions, storable
from brigade.experiments.prover_verifier.legibility_page import legibility_page
from brigade.experiments.prover_verifier.report import (
    Condition,
    figure_lines,
    read_conditions,
    table_lines,
    wall_seconds,
    written,
)
from brigade.experiments.report import made_by

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 2  # of plots
EXTRA_STYLE = """
.pairs { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.pairs pre { background: var(--tint); padding: .6rem; border-radius: 6px; white-space: pre-wrap; }
mark { background: #ffd9c9; }
"""
ABOUT_FIGURES = (
    "Means over seeds, with standard errors in brackets. A dash: there is no such number; [2 of 3]: two of three seeds "
    "have one, and the mean is theirs."
)
ABOUT_CURVES = (
    "Means over seeds by round; bands are standard errors, and small dots single seeds. Hollow: some seeds have no "
    "such number there, and the mean is that of the others."
)
ABOUT_CROSS = (
    "How often the verifier of a round (line) accepts what is wrong from the sneaky prover of a round (column)."
)
ABOUT_SHOWN = "What provers said, by round and role, on the same problems. Marked: the lines where an error is made."


def write_page(folder: str | Path, path: str | Path) -> None:
    """Write the page about a run; the same results give the same page.

    Raises:
        BrigadeError: results that cannot be read, or the page cannot be written.
    """
    text = storable(page(folder))
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BrigadeError(f"{path}: cannot be written: {error.strerror}") from None


def page(folder: str | Path) -> str:
    """The page about a run, or about the people who played the verifier."""
    if holds_sessions(folder):
        return legibility_page(folder)
    header, conditions = read_conditions(folder)
    parts = [_head(header, folder)]
    if not conditions:
        return "\n".join([*parts, "<p>There are no finished seeds yet.</p>", "</body></html>", ""])
    parts += [f"<h2>Figures</h2><p>{ABOUT_FIGURES}</p>", grid(*figure_lines(conditions))]
    parts += [*_tables(conditions), *_curves(conditions), *_matrices(conditions), *_transcripts(conditions)]
    return "\n".join([*parts, "</body>", "</html>", ""])


def _head(header: Mapping[str, Any], folder: str | Path) -> str:
    config = header["config"]
    name, about = escape(config["name"]), escape(made_by(header["provenance"]))
    written_config = escape(yaml.safe_dump(config, sort_keys=False, width=100))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name} – Brigade prover-verifier report</title>
<style>{STYLE}{EXTRA_STYLE}</style>
</head>
<body>
<h1>Prover-verifier report</h1>
<section class="run"><h2>{name}</h2>
<dl><dt>experiment</dt><dd>{escape(config["experiment"])}</dd><dt>made by</dt><dd>{about}</dd>
<dt>seconds a seed</dt><dd>{escape(written(wall_seconds(folder)))}</dd></dl>
<details><summary>configuration</summary><pre>{written_config}</pre></details></section>"""


def _tables(conditions: Sequence[Condition]) -> Iterator[str]:
    for condition in conditions:
        for name in condition.names("tables"):
            yield f"<h2>{escape(name)} <small>{escape(condition.label)}</small></h2>"
            yield grid(*table_lines(condition.table(name), len(condition.records)))


def _curves(conditions: Sequence[Condition]) -> Iterator[str]:
    names = list(dict.fromkeys(name for condition in conditions for name in condition.names("curves")))
    rounds = max((len(condition.curve(name)) for condition in conditions for name in names), default=0)
    if rounds < 2:  # a point is no curve, and figures and tables say the same
        return
    from matplotlib.figure import Figure

    with styled():
        rows = -(-len(names) // COLUMNS)
        figure = Figure(figsize=(WIDTH, 2.3 * rows), layout="constrained")
        panels = figure.subplots(rows, COLUMNS, squeeze=False).flat
        for name, axes in zip(names, panels, strict=False):  # names first: zip drops one of the first when these end
            axes.set_title(short(name))
            axes.grid(True)
            for place, condition in enumerate(conditions):
                _curve(axes, condition, name, place)
            if all(value.mean is None for condition in conditions for value in condition.curve(name)):
                axes.text(0.5, 0.5, "there is none", ha="center", va="center", transform=axes.transAxes, color=INK)
                axes.set_xticks([])
                axes.set_yticks([])
        for axes in list(panels):
            axes.set_visible(False)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        if len(conditions) > 1:
            figure.legend(handles, labels, loc="outside upper left", ncols=4)
        svg = to_svg(figure, "curves", "Figures by round")
    yield f"<h2>By round</h2><p>{ABOUT_CURVES}</p><figure>{svg}</figure>"


def _curve(axes: Axes, condition: Condition, name: str, place: int) -> None:
    colour, shape = PALETTE[place % len(PALETTE)], SHAPES[place % len(SHAPES)]
    for record in condition.records:
        single = [(x, y) for x, y in enumerate(record["curves"].get(name, [])) if y is not None]
        axes.plot([x for x, _ in single], [y for _, y in single], ".", ms=2.5, color=colour, alpha=0.5)
    points = [(x, e) for x, e in enumerate(condition.curve(name)) if e.mean is not None]
    xs, means = [x for x, _ in points], [e.mean or 0.0 for _, e in points]
    spread = [e.error or 0.0 for _, e in points]
    axes.plot(xs, means, shape + "-", ms=4, color=colour, mec="white", label=short(condition.label or "all", 30))
    partial = [(x, y) for (x, e), y in zip(points, means, strict=True) if e.count < len(condition.records)]
    axes.plot([x for x, _ in partial], [y for _, y in partial], shape, ms=4, color="white", mec=colour, zorder=3)
    low, high = ([m + sign * s for m, s in zip(means, spread, strict=True)] for sign in (-1, 1))
    axes.fill_between(xs, low, high, color=colour, alpha=0.15, lw=0)


def _matrices(conditions: Sequence[Condition]) -> Iterator[str]:
    for place, condition in enumerate(conditions):
        for name in condition.names("matrices"):
            svg = _matrix_plot(condition.matrix(name), f"matrix{place}")
            yield f"<h2>{escape(name)} <small>{escape(condition.label)}</small></h2><p>{ABOUT_CROSS}</p>"
            yield f"<figure>{svg}</figure>"


def _matrix_plot(matrix: Sequence[Sequence[Estimate]], name: str) -> str:
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


def _transcripts(conditions: Sequence[Condition]) -> Iterator[str]:
    """Of the first seed of each condition: solutions by round, the two roles side by side."""
    for condition in conditions:
        shown = condition.records[0]["transcripts"]
        if not shown:
            continue
        yield f"<h2>Transcripts <small>{escape(condition.label)}</small></h2><p>{ABOUT_SHOWN}</p>"
        for number in sorted({entry["round"] for entry in shown}):
            yield f"<details{' open' if number == 0 else ''}><summary>round {number}</summary>"
            members = [entry for entry in shown if entry["round"] == number]
            for problem in dict.fromkeys(entry["problem"] for entry in members):
                cards = "".join(_card(entry) for entry in members if entry["problem"] == problem)
                yield f'<p>{escape(problem)}</p><div class="pairs">{cards}</div>'
            yield "</details>"


def _card(entry: Mapping[str, Any]) -> str:
    lines = str(entry["text"]).splitlines()
    marked = [
        f"<mark>{escape(line)}</mark>" if place in entry.get("wrong_lines", []) else escape(line)
        for place, line in enumerate(lines)
    ]
    verdict = "accepted" if entry["accept"] else "rejected"
    truth = "right" if entry["correct"] else "wrong"
    head = f"{entry['role']}: {truth}, {verdict}, score {entry['score']}"
    body = "\n".join(marked)
    return f"<div><small>{escape(head)}</small><pre>{body}</pre></div>"
