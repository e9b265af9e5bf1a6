"""What the page has of single runs: cost, published figures, scatter, curves, faults, switches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brigade.batch.numbers import with_error
from brigade.batch.page.kit import Figure, Grid, Section
from brigade.experiments.kitchen.report.imagining import tables_of
from brigade.experiments.kitchen.report.metrics import Row, Run
from brigade.experiments.kitchen.report.minds import ABOUT, HEADS, lines_of, minds
from brigade.experiments.kitchen.report.published_scores import Comparison, compare
from brigade.experiments.kitchen.report.sections import COST_HEADS, cost_cells, failures_of, reasons_of, switch_cells
from brigade.experiments.kitchen.report.switching import (
    DEFINITION,
    FaultCell,
    Switch,
    fault_table,
    faults_of,
    numeric_keys,
    switches,
)
from brigade.experiments.kitchen.report.switching_plots import curves_plot, scatter_plot, switch_plot
from brigade.experiments.kitchen.run.episodes import condition_label

ABOUT_COST = (
    "Per episode: thoughts begun and how they ended (failed: no reply; ended: with the episode, so its tokens are not "
    "known), mean seconds from asking to effect, tokens in and out, tasks and guards that were not taken over from "
    "replies, and US dollars where the configuration names a model with a price."
)
ABOUT_SCATTER = (
    "As figure 5 of arXiv 2502.11882: each circle is a team under one condition; the area of the circle grows with the "
    "mean latency of its thoughts. Lines are standard errors."
)
ABOUT_CURVES = (
    "Each curve is a team; bands are standard errors of the mean score. Curves of equal scores lie on one another."
)
ABOUT_FAULTS = "Mean score (standard error) of the team whose reasoner fails in one way at one rate."
SWITCH_HEADS = ("team", "n", "before", "after", "back to own rate", "back to fsm's rate", "ticks lost", "ticks saved")


def sections_of(run: Run, number: int, name: str) -> Iterator[Section]:
    """All that there is of a run.

    Args:
        run: it.
        number: its place on the page; goes into the ids of plots.
        name: what tells it apart, empty if it is the only one.
    """
    if any(row.cost is not None for row in run.rows):
        yield _cost(run.rows, name)
    yield from (_published(comparison, name) for comparison in compare(run))
    yield from _scatters(run, number, name)
    yield from _curves(run, number, name)
    if thought := minds(run):
        yield Section("What minds are worth", name, ABOUT, Grid(HEADS, lines_of(thought)))
    for table in tables_of(run):
        problems = [f"{count} × {text}" for text, count in table.problems]
        yield Section(table.title, name, table.about, Grid(table.heads, table.lines), items=problems)
    if cells := faults_of(run):
        yield Section("Faults", name, ABOUT_FAULTS, _faults(cells))
    if groups := list(_switches(run, number)):
        yield Section("Recovery from a switch", name, DEFINITION, within=groups)


def _cost(rows: Sequence[Row], name: str) -> Section:
    """What the thinking of each row cost, with the reasons for what was dropped."""
    lines = [[row.label, row.cost.model, *cost_cells(row.cost, row.episodes)] for row in rows if row.cost is not None]
    heads = ("team", "model", *(head.replace("-\n", "").replace("\n", " ") for head in COST_HEADS[1:]))
    lists = {"Failed calls": failures_of(rows), "Dropped tasks and guards": reasons_of(rows)}
    within = [
        Section(title, items=[f"{count} × {text}" for text, count in counted])
        for title, counted in lists.items()
        if counted
    ]
    return Section("Cost", name, ABOUT_COST, Grid(heads, lines), within=within)


def _published(comparison: Comparison, name: str) -> Section:
    """Published figures and ours."""
    lines = [[line.name, *line.cells] for line in comparison.lines]
    table = Grid(comparison.heads, lines, [place for place, line in enumerate(comparison.lines) if line.ours])
    about = f"Source: {comparison.source}."
    return Section(f"Published: {comparison.title}", name, about, table, notes=comparison.notes)


def _scatters(run: Run, number: int, name: str) -> Iterator[Section]:
    for place, kitchen in enumerate(dict.fromkeys(row.kitchen for row in run.rows)):
        svg = scatter_plot([row for row in run.rows if row.kitchen == kitchen], f"scatter{number}x{place}")
        if svg is not None:
            title = f"Score, efficiency and latency in {kitchen}"
            yield Section(title, name, ABOUT_SCATTER, figure=Figure(svg))


def _curves(run: Run, number: int, name: str) -> Iterator[Section]:
    """A plot for each number that varies, kitchen, and combination of whatever else varies."""
    for place, key in enumerate(numeric_keys(run)):
        panels: dict[tuple[str, str], list[Row]] = {}
        for row in run.rows:
            others = {other: value for other, value in row.condition.items() if other != key}
            panels.setdefault((row.kitchen, condition_label(others)), []).append(row)
        for panel, ((kitchen, others_label), rows) in enumerate(panels.items()):
            where = f"{kitchen}, {others_label}" if others_label else kitchen
            svg = curves_plot(rows, key, f"curves{number}x{place}x{panel}")
            yield Section(f"Score against {key} in {where}", name, ABOUT_CURVES, figure=Figure(svg))


def _faults(cells: Sequence[FaultCell]) -> Grid:
    """Score by kind of fault and rate, with the difference to the state machine where there is one."""
    rates, lines = fault_table(cells, _fault_cell)
    return Grid(("fault", *(f"rate {rate:g}" for rate in rates)), lines)


def _fault_cell(row: Row) -> str:
    versus = f", vs fsm {with_error(row.versus_fsm, sign=True)}" if row.versus_fsm else ""
    return with_error(row.score) + versus


def _switches(run: Run, number: int) -> Iterator[Section]:
    """Rates before and after each switch, recovery, and what the switch cost."""
    groups: dict[tuple[str, str, int, str], list[Switch]] = {}
    for switch in switches(run):
        groups.setdefault((switch.kitchen, switch.partner, switch.at, switch.condition), []).append(switch)
    for place, ((kitchen, partner, at, condition), members) in enumerate(groups.items()):
        about = ", ".join(text for text in (kitchen, f"switch at tick {at}", condition) if text)
        lines = [[switch.label, str(switch.episodes), *switch_cells(switch)] for switch in members]
        svg = switch_plot(members, f"switch{number}x{place}")
        yield Section(partner, about, grid=Grid(SWITCH_HEADS, lines), figure=Figure(svg))
