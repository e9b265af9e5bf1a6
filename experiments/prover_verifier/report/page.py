"""The report of a prover-verifier run as one page, with nothing to be fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from brigade.batch.page.kit import Figure, Grid, Section, Source, as_yaml, render, write
from brigade.batch.page.made_by import made_by, made_on
from brigade.batch.people.legibility_page import legibility_page
from brigade.experiments.prover_verifier.report.figures import (
    Condition,
    figure_lines,
    holds_sessions,
    read_conditions,
    seconds_a_seed,
    table_lines,
)
from brigade.experiments.prover_verifier.report.headlines import answer_lines, answered
from brigade.experiments.prover_verifier.report.plots import (
    WIDE_COLUMNS,
    Table,
    columns_of,
    curve_rounds,
    curves_plot,
    figures_plot,
    matrix_plot,
    table_plot,
    tables_plot,
)
from brigade.experiments.prover_verifier.report.transcripts import transcripts_of

ABOUT_FIGURES = (
    "Means over seeds, with 95% intervals in brackets: of shares the wider of Wilson's over all cases and Student's t "
    "over the seeds, of other figures a bootstrap over seeds, which is too narrow for few; none of a single seed. A "
    "dash: no such number is there; (2 of 3): two of three seeds have one, and the mean is theirs."
)
ABOUT_DOTS = "Means over seeds with 95% intervals; hollow where some seeds have no such number."
ABOUT_SINGLES = "Small dots are single seeds."
ABOUT_CURVES = (
    "Means over seeds by round; bands are 95% intervals, and small dots single seeds. Hollow: some seeds have no "
    "such number there, and the mean is that of the others."
)
ABOUT_CROSS = (
    "How often the verifier of a round (line) accepts what is wrong from the sneaky prover of a round (column)."
)
NOTES = 20  # of a condition
ABOUT_NOTES = "What could not be used of what was said, or was cut."


def write_page(folder: str | Path, path: str | Path) -> None:
    """Write the page about a run; the same results give the same page.

    Raises:
        BrigadeError: results that cannot be read, or the page cannot be written.
    """
    write(path, page(folder))


def page(folder: str | Path) -> str:
    """The page about a run, or about the people who played the verifier."""
    if holds_sessions(folder):
        return legibility_page(folder)
    header, conditions = read_conditions(folder)
    asked, found = answered(header["config"]["experiment"], conditions)
    maker = made_by(header["provenance"])
    return render(
        __package__,
        "prover_verifier.html",
        makers=[maker],
        source=_source(header["config"], maker, folder, conditions),
        begun=bool(conditions),
        asked=asked,
        came_out=Grid(*answer_lines(found, conditions)) if found else None,
        sections=list(_sections(conditions)),
        transcripts=transcripts_of(conditions),
    )


def _source(config: Mapping[str, Any], maker: str, folder: str | Path, conditions: Sequence[Condition]) -> Source:
    facts = {"experiment": config["experiment"], "made by": maker, "seconds a seed": seconds_a_seed(folder)}
    machines = {made_on(record.get("made_on", {})) for condition in conditions for record in condition.records} - {""}
    if machines:
        facts["made on"] = "; ".join(sorted(machines))
    return Source(config["name"], facts, as_yaml(config))


def _sections(conditions: Sequence[Condition]) -> Iterator[Section]:
    if conditions:
        dots = _drawn(figures_plot(conditions), f"{ABOUT_DOTS} {ABOUT_SINGLES}")
        yield Section("Figures", about=ABOUT_FIGURES, grid=Grid(*figure_lines(conditions)), figure=dots)
    for place, condition in enumerate(conditions):
        yield from _tables(condition, f"table{place}")
    if curve_rounds(conditions) > 1:  # a point is no curve, and figures and tables say the same
        yield Section("By round", about=ABOUT_CURVES, figure=Figure(curves_plot(conditions)))
    for place, condition in enumerate(conditions):
        for name in condition.names("matrices"):
            matrix = condition.matrix(name)
            if any(matrix):
                svg = matrix_plot(matrix, f"matrix{place}")
                yield Section(name, condition.label, ABOUT_CROSS, figure=Figure(svg, look="matrix"))
    yield from _notes(conditions)


def _tables(condition: Condition, name: str) -> Iterator[Section]:
    """Tables with their plots below; the plots of successive ones with the same columns are side by side."""
    tables, seeds = {title: condition.table(title) for title in condition.names("tables")}, len(condition.records)
    for number, (_, group) in enumerate(groupby(tables, lambda title: columns_of(tables[title]))):
        titles = list(group)
        if len(titles) == 1:
            plot = table_plot(titles[0], tables[titles[0]], seeds, f"{name}-{number}")
            yield _table(titles[0], tables[titles[0]], condition, plot)
            continue
        for first in range(0, len(titles), WIDE_COLUMNS):
            beside = {title: tables[title] for title in titles[first : first + WIDE_COLUMNS]}
            plot = tables_plot(beside, seeds, f"{name}-{number}-{first}")
            *_, last = beside
            for title, table in beside.items():
                yield _table(title, table, condition, plot if title == last else None)


def _table(title: str, table: Table, condition: Condition, plot: Markup | None) -> Section:
    lines = table_lines(table, len(condition.records))
    return Section(title, condition.label, grid=Grid(*lines), figure=_drawn(plot, ABOUT_DOTS))


def _drawn(plot: Markup | None, about: str) -> Figure | None:
    return None if plot is None else Figure(plot, about, "scroll")


def _notes(conditions: Sequence[Condition]) -> Iterator[Section]:
    """What could not be used of what was said, or was cut."""
    for condition in conditions:
        notes = [f"seed {record['seed']}, {note}" for record in condition.records for note in record.get("notes", [])]
        more = [f"{len(notes) - NOTES} more are in seeds.jsonl."] if notes[NOTES:] else []
        if notes:
            yield Section("Notes", condition.label, ABOUT_NOTES, items=notes[:NOTES], notes=more)
