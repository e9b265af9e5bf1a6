"""Our figures beside published ones: table 1 of arXiv 2502.11882, and what its state machine was measured at."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from brigade.batch.estimate import Estimate, estimate
from brigade.batch.numbers import NONE, figure, with_error
from brigade.envs import content
from brigade.envs.content import Model
from brigade.experiments.kitchen.report.metrics import Row, Run

Pair = tuple[float, float]  # mean, standard error
LABELS = {
    "react": "ReAct",
    "reflexion": "Reflexion",
    "dpt_without_tom": "DPT w/o ToM",
    "dpt": "DPT",
}
HOUSE_NOTE = (
    "house is an instrument, not a language model: rules that answer as a model would, right as often as they are told "
    "to be. Its row says how the frameworks differ when the answers are equally good, not how well a model cooks."
)
DRAWN_NOTE = "The state machine was measured on 20 order scripts; this run draws its orders from seeds."


class TableRow(Model):
    """One model of the published table; lists are in the order of the table's frameworks."""

    model: str
    scores: list[Pair]
    contribution: list[float]


class Source(Model):
    """Where published figures are from, and what they are about."""

    source: str
    about: str


class Table(Source):
    """The published table 1."""

    kitchen: str
    partners: list[str]
    frameworks: list[str]
    rows: list[TableRow]


class AloneRow(Model):
    """One model alone; scores by framework."""

    model: str
    scores: dict[str, float]


class Alone(Source):
    """The published scores without a partner."""

    kitchen: str
    rows: list[AloneRow]


class MachineRow(Model):
    """The published state machine in one kitchen with one team."""

    kitchen: str
    team: list[str]
    score: Pair


class Machine(Source):
    """The published state machine, measured."""

    rows: list[MachineRow]


class Published(Model):
    """What `published_dpt.yaml` holds."""

    table: Table
    alone: Alone
    state_machine: Machine


@dataclass(frozen=True)
class Line:
    """One line of a comparison.

    Attributes:
        name: the model, and the condition if something varies.
        cells: one per column.
        ours: whether it is of this run.
    """

    name: str
    cells: tuple[str, ...]
    ours: bool = False


@dataclass(frozen=True)
class Comparison:
    """Published figures and ours, ready to be shown.

    Attributes:
        title: what is compared.
        source: where the published figures are from.
        heads: titles of the columns, the first that of the names.
        lines: ours come last.
        notes: what to know when reading it.
    """

    title: str
    source: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


@functools.cache
def published() -> Published:
    """The published figures that come with Brigade."""
    text = (
        resources.files("brigade.experiments.kitchen.report").joinpath("published_dpt.yaml").read_text(encoding="utf-8")
    )
    return content.validate(content.parse(text, "published_dpt.yaml"), Published)


def compare(run: Run) -> list[Comparison]:
    """What of a run has published counterparts, in the published kitchens as they are."""
    found = (_with_partners(run), _alone(run), _state_machine(run))
    return [comparison for comparison in found if comparison is not None]


def aggregated(run: Run, rows: Sequence[Row]) -> tuple[Estimate, Estimate]:
    """Score and contribution rate of the first chef over all episodes of some rows, each episode counting once."""
    results = [episode.result for row in rows for episode in run.episodes_of(row)]
    rates = [result.contribution_rate[0] if result.contribution_rate else None for result in results]
    return estimate(result.score for result in results), estimate(rates)


def _with_partners(run: Run) -> Comparison | None:
    table = published().table
    ours = []
    for condition in _conditions(run):
        cells: dict[str, tuple[Estimate, Estimate]] = {}
        chosen: list[Row] = []
        for framework in table.frameworks:
            rows = [
                row
                for row in run.rows
                if (row.kitchen, row.condition_label) == (table.kitchen, condition)
                and len(row.team) == 2 and row.team[0] == framework and row.team[1] in table.partners
            ]  # fmt: skip
            if {row.team[1] for row in rows} == set(table.partners):
                cells[framework] = aggregated(run, rows)
                chosen += rows
        if cells:
            pairs = [cells.get(framework) for framework in table.frameworks]
            texts = [with_error(pair[0], 2) if pair else NONE for pair in pairs]
            texts += [figure(pair[1].mean, 2) if pair else NONE for pair in pairs]
            ours.append(Line(_our_name(chosen, condition), tuple(texts), ours=True))
    if not ours:
        return None
    names = [LABELS[framework] for framework in table.frameworks]
    theirs = [
        Line(row.model, (*(_published(*score) for score in row.scores),
                         *(figure(rate, 2) for rate in row.contribution)))
        for row in table.rows
    ]  # fmt: skip
    notes = [HOUSE_NOTE] if any(line.name.startswith("house") for line in ours) else []
    return Comparison(
        f"Score and contribution rate, {table.about}", table.source,
        ("model", *names, *(f"{name} share" for name in names)), (*theirs, *ours), tuple(notes),
    )  # fmt: skip


def _alone(run: Run) -> Comparison | None:
    alone, frameworks = published().alone, published().table.frameworks[:3]
    ours = []
    for condition in _conditions(run):
        rows = {
            row.team[0]: row
            for row in run.rows
            if (row.kitchen, row.condition_label) == (alone.kitchen, condition) and row.team[0] in frameworks
        }
        if rows:
            cells = (with_error(rows[name].score, 2) if name in rows else NONE for name in frameworks)
            ours.append(Line(_our_name(list(rows.values()), condition), tuple(cells), ours=True))
    if not ours:
        return None
    theirs = [Line(row.model, tuple(figure(row.scores.get(name)) for name in frameworks)) for row in alone.rows]
    notes = (HOUSE_NOTE,) if any(line.name.startswith("house") for line in ours) else ()
    heads = ("model", *(LABELS[name] for name in frameworks))
    return Comparison(f"Score, {alone.about}", alone.source, heads, (*theirs, *ours), notes)


def _state_machine(run: Run) -> Comparison | None:
    machine = published().state_machine
    lines = []
    for theirs in machine.rows:
        rows = [row for row in run.rows if (row.kitchen, list(row.team)) == (theirs.kitchen, theirs.team)]
        if rows:  # what varies is about reasoners: it does not matter here
            label = f"{rows[0].kitchen}: {rows[0].team_label}"
            lines.append(Line(label, (_published(*theirs.score), with_error(rows[0].score, 2))))
    if not lines:
        return None
    notes = () if run.config.get("order_scripts") else (DRAWN_NOTE,)
    heads = ("kitchen: team", "published", "this run")
    return Comparison("The state machine: score", f"{machine.source}; {machine.about}", heads, tuple(lines), notes)


def _published(mean: float, error: float) -> str:
    return with_error(Estimate(mean, error, 0), 2)


def _conditions(run: Run) -> list[str]:
    return list(dict.fromkeys(row.condition_label for row in run.rows))


def _our_name(rows: Sequence[Row], condition: str) -> str:
    models = ", ".join(dict.fromkeys(row.cost.model for row in rows if row.cost is not None)) or "this run"
    return f"{models} [{condition}]" if condition else models
