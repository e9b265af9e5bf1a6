"""What a study came to: tables in a terminal, one page with plots, and one tidy table.

The page needs nothing but itself.

Columns of the CSV table, one row per finished game:

| column | meaning |
|---|---|
| `participant` | number, from 1; ids are in the study's folder only |
| `block` | from 1: with which partner, in the order in which they were met |
| `partner` | the partner's label in the study's file |
| `kitchen` | name |
| `game` | from 1, over all games of the participant; says which order script it was |
| `score` | points of the team; empty when the recording cannot be trusted |
| `contribution` | the participant's share of the interactions in dishes that were paid for, 0 to 1; empty of none |
| `hat` | what the partner was called |
| `solo_score` | of the participant's game alone |
| `rank` | of the partner by this participant, 1 is best |
| `recording` | file, within the study's folder |
| `problem` | why the recording cannot be trusted; empty when it can |
| `before.ID`, `end.ID` | answer to a question asked once: the same in all rows of a participant |
| `after_each_game.ID` | answer about this game |
| `after_each_partner.ID` | answer about this partner: the same in all rows of the block |
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from rich.console import Console

from brigade.batch.estimate import Interval, interval
from brigade.batch.numbers import figure, print_table, with_interval
from brigade.batch.page.kit import Figure, Grid, Section, render, write
from brigade.batch.page.made_by import made_by
from brigade.batch.plots import INK, PALE, PALETTE, WIDTH, short, spread, styled, to_svg
from brigade.envs.text import cell, one_line
from brigade.human_play.study.analysis import (
    StudyData,
    by_partner,
    counts_of,
    overall,
    rankings_of,
    read_data,
    strengths,
)
from brigade.human_play.study.study import Question

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ("participant", "block", "partner", "kitchen", "game", "score", "contribution", "hat", "solo_score", "rank",
           "recording", "problem")  # fmt: skip
ABOUT = (
    "Means over participants, each with the mean of their games, and 95% intervals by bootstrap over participants. "
    "Contribution: the participant's share of the interactions that went into dishes which were paid for."
)
ABOUT_RANKING = (
    "Bradley-Terry strengths on the log scale, 0 on average, fitted to all pairs of each ranking and a tenth of a "
    "comparison won each way by every pair; 95% intervals by bootstrap over participants. A partner that is d stronger "
    "than another is preferred with odds of exp(d) to 1."
)
Summary = tuple[str, tuple[str, ...], list[list[str]]]  # title, heads, lines of a table


def report(folder: str | Path, console: Console, html: Path | None = None, csv_file: Path | None = None) -> StudyData:
    """Print what a study came to; also write the page and the table if files are named.

    Raises:
        BrigadeError: no study's folder, or a file cannot be written.
    """
    data = read_data(folder)
    for line in facts(data):
        console.print(one_line(line), markup=False, highlight=False, soft_wrap=True)
    for title, heads, lines in grids(data):
        console.print()
        print_table(console, heads, lines, title, words=True)
    if html is not None:
        write(html, page(data))
    if csv_file is not None:
        write(csv_file, to_csv(data))
    return data


def facts(data: StudyData) -> list[str]:
    """How much data there is, and what is wrong with it."""
    states, planned = data.states, data.study.participants
    of = f" of {planned} planned" if planned is not None else ""
    lines = [
        f"{data.study.title} ({data.study.name})",
        f"{states['finished']} participants have finished{of}, {states['unfinished']} have not finished, "
        f"{states['withdrawn']} have withdrawn; {len(data.rows)} games",
    ]
    bad = data.problems
    lines.append(f"{len(bad)} recordings cannot be trusted and are left out" if bad else "all recordings replay")
    lines += [f"  {problem}" for problem in bad]
    lines += [f"{data.cut} recordings are of games that were cut short and played again"] if data.cut else []
    lines += [data.uneven] if data.uneven else []
    return [*lines, *data.notes]


def grids(data: StudyData) -> list[Summary]:
    """All tables."""
    return [*_results(data), *_preferences(data), *_answers(data)]


def _results(data: StudyData) -> list[Summary]:
    kitchens: list[str | None] = [None]
    if len(data.study.kitchens) > 1:
        kitchens += data.study.kitchens
    lines = []
    for kitchen in kitchens:
        for label in data.study.labels:
            score = by_partner(data.rows, "score", label, kitchen)
            share = by_partner(data.rows, "contribution", label, kitchen)
            where = [kitchen or "all"] if len(kitchens) > 1 else []
            lines.append([label, *where, str(score.count), with_interval(score), with_interval(share, 2)])
    heads = ("partner", *(["kitchen"] if len(kitchens) > 1 else []), "participants", "score", "human's contribution")
    found: list[Summary] = [("Games", heads, lines)]
    solo = [float(each.solo_score) for each in data.participants if each.solo_score is not None]
    if solo:
        found.append(("Alone", ("participants", "score"), [[str(len(solo)), with_interval(interval(solo))]]))
    return found


def _preferences(data: StudyData) -> list[Summary]:
    liked = strengths(data.study.labels, rankings_of(data))
    if not liked:
        return []
    lines = [
        [each.partner, str(each.strength.count), with_interval(each.strength, 2), figure(each.rank, 2),
         f"{each.first:.0%}"]
        for each in sorted(liked, key=lambda each: -(each.strength.mean or 0.0))
    ]  # fmt: skip
    return [("Preference", ("partner", "rankings", "strength (log)", "mean rank", "ranked first"), lines)]


def _answers(data: StudyData) -> list[Summary]:
    found: list[Summary] = []
    for name, questions in data.study.questionnaires:
        for question in questions:
            title = f"{name.replace('_', ' ')}: {question.text}"
            found += [(title, *_summary(data, name, question))]
    return found


def _summary(data: StudyData, name: str, question: Question) -> tuple[tuple[str, ...], list[list[str]]]:
    """Head and lines of the table about one question."""
    if question.kind == "text":
        return ("answers in words (in the CSV table)",), [[str(sum(counts_of(data, name, question).values()))]]
    if question.kind == "choice":
        counts = counts_of(data, name, question)
        return ("answer", "times"), [[option, str(counts[option])] for option in question.options]
    if name in ("before", "end"):
        mean = overall(data, name, question)
        return ("participants", "mean"), [[str(mean.count), with_interval(mean, 2)]]
    means = [by_partner(data.rows, f"{name}.{question.id}", label) for label in data.study.labels]
    lines = [
        [label, str(mean.count), with_interval(mean, 2)] for label, mean in zip(data.study.labels, means, strict=True)
    ]  # fmt: skip
    return ("partner", "participants", "mean"), lines


def to_csv(data: StudyData) -> str:
    """The tidy table; its columns are described at the top of this file."""
    names = [
        f"{name}.{question.id}" for name, questions in data.study.questionnaires for question in questions
    ]  # fmt: skip
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *map(cell, names)])
    for row in data.rows:
        path = row.recording
        where = path.relative_to(data.folder).as_posix() if path.is_relative_to(data.folder) else path.as_posix()
        cells: list[Any] = [where if key == "recording" else getattr(row, key) for key in COLUMNS]
        cells += [row.responses.get(name) for name in names]
        writer.writerow(["" if value is None else cell(value) for value in cells])
    return text.getvalue()


def page(data: StudyData) -> str:
    """The page: what the terminal shows, and plots."""
    liked = preference_plot(data)
    plots = [(ABOUT, Figure(score_plot(data)))]
    plots += [(ABOUT_RANKING, Figure(liked))] if liked is not None else []
    return render(
        __package__,
        "study.html",
        makers=[made_by(data.provenance)],
        title=data.study.title,
        facts=facts(data)[1:],
        plots=plots,
        sections=[Section(title, grid=Grid(heads, lines)) for title, heads, lines in grids(data)],
    )


def score_plot(data: StudyData) -> Markup:
    """Score and contribution with each partner: participants as dots, means with their intervals."""
    from matplotlib.figure import Figure as Drawing

    with styled():
        labels = data.study.labels
        drawn = Drawing(figsize=(WIDTH, 0.5 * len(labels) + 1.2), layout="constrained")
        panels = drawn.subplots(1, 2, sharey=True)
        for axes, value, title in zip(
            panels, ("score", "contribution"), ("score (points)", "human's contribution"), strict=True
        ):
            means = [by_partner(data.rows, value, label) for label in labels]
            for y, label in enumerate(labels):
                dots = [getattr(row, value) for row in data.rows if row.partner == label]
                dots = [dot for dot in dots if dot is not None]
                axes.plot(dots, spread(y, len(dots), 0.24), "o", ms=3.2, color=PALETTE[5], alpha=0.6, mew=0)
            _intervals(axes, means, labels, title)
        return to_svg(drawn, "score", "Score and contribution with each partner")


def preference_plot(data: StudyData) -> Markup | None:
    """Strength of each partner; None when nobody ranked."""
    liked = strengths(data.study.labels, rankings_of(data))
    if not liked:
        return None
    from matplotlib.figure import Figure as Drawing

    with styled():
        drawn = Drawing(figsize=(WIDTH, 0.4 * len(liked) + 1.0), layout="constrained")
        axes = drawn.subplots()
        axes.axvline(0, color=PALE, lw=0.8)
        _intervals(axes, [each.strength for each in liked], [each.partner for each in liked], "strength (log)")
        return to_svg(drawn, "preference", "Preference for each partner")


def _intervals(axes: Axes, means: Sequence[Interval], labels: Sequence[str], title: str) -> None:
    for y, mean in enumerate(means):
        if mean.mean is None:
            continue
        if mean.low is not None and mean.high is not None:
            axes.plot([mean.low, mean.high], [y, y], color=INK, lw=1.6)
        axes.plot(mean.mean, y, "D", ms=6, color=INK, mec="white")
    axes.set_yticks(range(len(labels)), [short(label) for label in labels])
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlabel(title)
    axes.grid(True, axis="x")
