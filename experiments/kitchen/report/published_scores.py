"""Our figures beside published ones: table 1 of arXiv 2502.11882, and what its state machine was measured at."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

from brigade.batch.estimate import Estimate, estimate
from brigade.batch.numbers import NONE, figure, with_error
from brigade.dual_process.frameworks import AS_PUBLISHED
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
OVER_NOTE = (
    "Published figures less what the published state machine earned in its own environment (it was run again for this "
    "table); ours pair episodes with the same partner, seed and script."
)
VARIANTS = {AS_PUBLISHED: "fsm_paper", "": "fsm"}  # of our frameworks, and the state machine that each is compared with
ONE_FRAMEWORK = ("react", "reflexion")  # those without a state machine are the same in both variants
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
    found = (
        _with_partners(run), _alone(run), _state_machine(run),
        _over_machines(run, published().table.kitchen, published().table.partners),
        _over_machines(run, published().alone.kitchen, []),
    )  # fmt: skip
    return [comparison for comparison in found if comparison is not None]


def aggregated(run: Run, rows: Sequence[Row]) -> tuple[Estimate, Estimate]:
    """Score and contribution rate of the first chef over all episodes of some rows, each episode counting once."""
    results = [episode.result for row in rows for episode in run.episodes_of(row)]
    rates = [result.contribution_rate[0] if result.contribution_rate else None for result in results]
    return estimate(result.score for result in results), estimate(rates)


def _with_partners(run: Run) -> Comparison | None:
    table, ours = published().table, []
    for ran in _variants(run, table.kitchen, table.partners, table.frameworks):
        pairs = [aggregated(run, ran.rows[name]) if name in ran.rows else None for name in table.frameworks]
        texts = [with_error(pair[0], 2) if pair else NONE for pair in pairs]
        texts += [figure(pair[1].mean, 2) if pair else NONE for pair in pairs]
        ours.append(Line(ran.name, tuple(texts), ours=True))
    if not ours:
        return None
    names = [LABELS[framework] for framework in table.frameworks]
    theirs = [
        Line(row.model, (*(_published(*score) for score in row.scores),
                         *(figure(rate, 2) for rate in row.contribution)))
        for row in table.rows
    ]  # fmt: skip
    return Comparison(
        f"Score and contribution rate, {table.about}", table.source,
        ("model", *names, *(f"{name} share" for name in names)), (*theirs, *ours), _notes(ours),
    )  # fmt: skip


def _alone(run: Run) -> Comparison | None:
    alone, frameworks = published().alone, published().table.frameworks[:3]
    ours = []
    for ran in _variants(run, alone.kitchen, [], frameworks):
        texts = (with_error(ran.rows[name][0].score, 2) if name in ran.rows else NONE for name in frameworks)
        ours.append(Line(ran.name, tuple(texts), ours=True))
    if not ours:
        return None
    theirs = [Line(row.model, tuple(figure(row.scores.get(name)) for name in frameworks)) for row in alone.rows]
    heads = ("model", *(LABELS[name] for name in frameworks))
    return Comparison(f"Score, {alone.about}", alone.source, heads, (*theirs, *ours), _notes(ours))


def _over_machines(run: Run, kitchen: str, partners: Sequence[str]) -> Comparison | None:
    """Every row as a difference from its own state machine: theirs from the published, ours from the two here."""
    frameworks = published().table.frameworks if partners else published().table.frameworks[:3]
    ours = []
    for ran in _variants(run, kitchen, partners, frameworks):
        machine = VARIANTS[ran.variant]
        behind = _rows_of(run, kitchen, ran.condition, (machine,), partners)
        if behind:
            gains = (_gain(run, ran.rows[name], behind) if name in ran.rows else None for name in frameworks)
            texts = (with_error(gain, 2, sign=True) if gain else NONE for gain in gains)
            ours.append(Line(f"{ran.name}, over {machine}", tuple(texts), ours=True))
    if not ours:
        return None
    heads = ("model", *(LABELS[name] for name in frameworks))
    title = published().table.about if partners else published().alone.about
    notes = (*_notes(ours), OVER_NOTE, *([] if run.config.get("order_scripts") else [DRAWN_NOTE]))
    theirs = _their_gains(kitchen, partners, frameworks)
    return Comparison(
        f"Points more than its own state machine, {title}", published().table.source, heads, (*theirs, *ours), notes
    )


def _their_gains(kitchen: str, partners: Sequence[str], frameworks: Sequence[str]) -> list[Line]:
    """The published rows, less what their state machine earned with the same partners."""
    teams = [["fsm", partner] for partner in partners] or [["fsm"]]
    machine = [row.score for row in published().state_machine.rows if row.kitchen == kitchen and row.team in teams]
    mean = sum(score for score, _ in machine) / len(machine)
    error = math.hypot(*(error for _, error in machine)) / len(machine)
    if not partners:
        scores = [[(row.scores[name], 0.0) for name in frameworks] for row in published().alone.rows]
        models = [row.model for row in published().alone.rows]
    else:
        scores = [list(row.scores) for row in published().table.rows]
        models = [row.model for row in published().table.rows]
    return [
        Line(model, tuple(_published(score - mean, math.hypot(own, error), sign=True) for score, own in row))
        for model, row in zip(models, scores, strict=True)
    ]


def _gain(run: Run, rows: Sequence[Row], behind: Sequence[Row]) -> Estimate:
    """Points more than the state machine, over the pairs of episodes with the same partner, seed and script."""
    gains: list[float] = []
    for row, machine in zip(rows, behind, strict=True):
        theirs = {episode.draw: episode.result.score for episode in run.episodes_of(machine)}
        mine = {episode.draw: episode.result.score for episode in run.episodes_of(row)}
        gains += [score - theirs[draw] for draw, score in mine.items() if draw in theirs]
    return estimate(gains)


@dataclass(frozen=True)
class _Ran:
    """Frameworks of the paper that a run has, under one condition and in one variant, with their rows."""

    name: str
    condition: str
    variant: str
    rows: dict[str, list[Row]]


def _variants(run: Run, kitchen: str, partners: Sequence[str], frameworks: Sequence[str]) -> Iterator[_Ran]:
    """Those that a run has beside all of these partners, or alone.

    What is the same as published and by default may be in the run under either name; where there is nothing else, it
    is shown as published only.
    """
    for condition in dict.fromkeys(row.condition_label for row in run.rows):
        for variant in VARIANTS:
            found = {}
            for name in frameworks:
                names = (name, name + AS_PUBLISHED) if name in ONE_FRAMEWORK else (name + variant,)
                if rows := _rows_of(run, kitchen, condition, names, partners):
                    found[name] = rows
            if any(variant or name not in ONE_FRAMEWORK for name in found):
                chosen = [row for rows in found.values() for row in rows]
                models = (
                    ", ".join(dict.fromkeys(row.cost.model for row in chosen if row.cost is not None)) or "this run"
                )
                name = f"{models}, as published" if variant else models
                yield _Ran(f"{name} [{condition}]" if condition else name, condition, variant, found)


def _rows_of(run: Run, kitchen: str, condition: str, names: Sequence[str], partners: Sequence[str]) -> list[Row]:
    """The rows of an agent beside each of these partners, in their order, or alone; none if one is missing."""
    written = {f"{name}{options}" for name in names for options in ("", "(gives_up=False)")}
    rows = {
        row.team[1:]: row
        for row in reversed(run.rows)
        if (row.kitchen, row.condition_label) == (kitchen, condition) and row.team[0] in written
    }
    teams: list[tuple[str, ...]] = [(partner,) for partner in partners] or [()]
    return [rows[team] for team in teams] if all(team in rows for team in teams) else []


def _state_machine(run: Run) -> Comparison | None:
    machine = published().state_machine
    lines = []
    for theirs in machine.rows:
        cells = []
        for name in ("fsm_paper", "fsm"):
            team = [name if member == "fsm" else member for member in theirs.team]
            teams = (team, [f"{member}(gives_up=False)" if member == name else member for member in team])
            rows = [row for row in run.rows if row.kitchen == theirs.kitchen and list(row.team) in teams]
            cells.append(with_error(rows[0].score, 2) if rows else NONE)
        if any(cell != NONE for cell in cells):  # what varies is about reasoners: it does not matter here
            lines.append(Line(f"{theirs.kitchen}: {' + '.join(theirs.team)}", (_published(*theirs.score), *cells)))
    if not lines:
        return None
    notes = () if run.config.get("order_scripts") else (DRAWN_NOTE,)
    heads = ("kitchen: team", "published", "fsm_paper", "fsm")
    return Comparison("The state machine: score", f"{machine.source}; {machine.about}", heads, tuple(lines), notes)


def _published(mean: float, error: float, sign: bool = False) -> str:
    return with_error(Estimate(mean, error, 0), 2, sign=sign)


def _notes(ours: Sequence[Line]) -> tuple[str, ...]:
    return (HOUSE_NOTE,) if any(line.name.startswith("house") for line in ours) else ()
