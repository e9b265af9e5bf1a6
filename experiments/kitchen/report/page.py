"""The report as one page: provenance, table and plots, with nothing to be fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from brigade.batch.numbers import NONE, figure, mean_and_error, milliseconds
from brigade.batch.page.kit import Source, as_yaml, render, write
from brigade.batch.page.made_by import made_by
from brigade.experiments.kitchen.report.metrics import Row, Run, Seat, read_runs
from brigade.experiments.kitchen.report.page_plots import figures_of, timelines_of
from brigade.experiments.kitchen.report.page_sections import sections_of
from brigade.experiments.kitchen.report.plots import Entry
from brigade.experiments.kitchen.report.report import caveats

HEADS = ("team", "n", "score", "vs fsm", "contribution rate", "points per macro", "macros done / failed", "served",
         "missed", "wrong", "fires", "decision ms")  # fmt: skip
ABOUT_TABLE = (
    "Means over n episodes, with standard errors. Points per macro: those the team gained for each macro action of the "
    "chef that succeeded. Decision time: of one action, median and 99th percentile, in the median episode. "
    "Vs fsm: score less that of the same team with the state machine in the place of one chef, over pairs of episodes "
    "with the same seed and script."
)

Cell = tuple[str, str]  # a mean, or whatever there is, and its standard error
EMPTY: Cell = ("", "")


@dataclass(frozen=True)
class Line:
    """A line of the main table.

    Attributes:
        name: of the chef.
        aside: small, after it.
        cells: its figures.
    """

    name: str
    aside: str
    cells: Sequence[Cell]


def write_html(folders: Iterable[str | Path], path: str | Path) -> None:
    """Write a page about one or several results folders; the same results give the same page.

    Raises:
        BrigadeError: no results that can be read, or the page cannot be written.
    """
    write(path, page(read_runs(folders, [])))


def page(runs: Sequence[Run]) -> str:
    """The page about some runs."""
    names = _names(runs)
    kitchens = _kitchens(runs, names)
    told = names if len(runs) > 1 else [""]  # which run a section is about
    return render(
        __package__,
        "kitchen.html",
        names=", ".join(dict.fromkeys(run.name for run in runs)),
        makers=[made_by(run.provenance) for run in runs],
        sources=[_source(run) for run in runs],
        heads=HEADS,
        about=ABOUT_TABLE,
        kitchens={kitchen: [_team(entry) for entry in entries] for kitchen, entries in kitchens.items()},
        sections=[
            *(part for number, run in enumerate(runs) for part in sections_of(run, number, told[number])),
            *(figures_of(kitchens) if kitchens else ()),
            *timelines_of(kitchens),
        ],
    )


def _kitchens(runs: Sequence[Run], names: Sequence[str]) -> dict[str, list[Entry]]:
    """All rows, by kitchen; the run is named where several cooked in it."""
    digests: dict[str, set[str]] = {}
    cooks: dict[str, set[str]] = {}
    for run, name in zip(runs, names, strict=True):
        for row in run.rows:
            digests.setdefault(row.kitchen, set()).add(row.kitchen_digest)
            cooks.setdefault(row.kitchen, set()).add(name)
    kitchens: dict[str, list[Entry]] = {}
    for run, name in zip(runs, names, strict=True):
        for row in run.rows:
            changed, shared = len(digests[row.kitchen]) > 1, len(cooks[row.kitchen]) > 1
            kitchen = f"{row.kitchen} [{row.kitchen_digest}]" if changed else row.kitchen
            kitchen, team = _heading(run, row, kitchen)
            label = f"{team} [{name}]" if shared else team
            kitchens.setdefault(kitchen, []).append(Entry(label, row, run.episodes_of(row)))
    return kitchens


def _heading(run: Run, row: Row, kitchen: str) -> tuple[str, str]:
    """What a row stands under and what it is called: the condition goes where it makes fewer headings."""
    if not row.condition:
        return kitchen, row.team_label
    conditions, teams = ({getattr(other, name) for other in run.rows} for name in ("condition_label", "team_label"))
    if len(conditions) <= len(teams):
        return f"{kitchen}, {row.condition_label}", row.team_label
    return f"{kitchen}, {row.team_label}", row.condition_label


def _names(runs: Sequence[Run]) -> list[str]:
    """Names that tell the runs apart."""
    names = [run.name for run in runs]
    return [f"{run.name}, {run.folder.name}" if names.count(run.name) > 1 else run.name for run in runs]


def _source(run: Run) -> Source:
    packages = run.provenance.get("packages")
    listed = packages.items() if isinstance(packages, dict) else ()
    digests = {row.kitchen: row.kitchen_digest for row in run.rows}
    facts = {
        "episodes": run.progress,
        "made by": made_by(run.provenance),
        "packages": ", ".join(f"{name} {version}" for name, version in listed) or NONE,
        "kitchens": ", ".join(f"{name} ({digest})" for name, digest in digests.items()) or NONE,
    }
    return Source(run.name, facts, as_yaml(run.config), caveats(run))


def _team(entry: Entry) -> list[Line]:
    """The lines of one team: its figures, and a line per chef."""
    row = entry.row
    title = entry.label if entry.label.startswith(row.team_label) else f"{row.team_label} [{entry.label}]"
    first, *others = row.seats
    more = [Line(f"+\u00a0{seat.agent}", "", [*[EMPTY] * 3, *_chef(seat), *[EMPTY] * 5]) for seat in others]
    return [Line(first.agent, title[len(row.team_label) :], _first(row, first)), *more]


def _first(row: Row, seat: Seat) -> list[Cell]:
    """The figures of a team and its first chef."""
    versus = mean_and_error(row.versus_fsm, sign=True) if row.versus_fsm else (NONE, "")
    times = f"{milliseconds(row.decision_ms_median)} / {milliseconds(row.decision_ms_p99)}" if row.timed else NONE
    counts = [mean_and_error(count, 2) for count in (row.served, row.missed, row.wrong, row.fires)]
    return [(str(row.episodes), ""), mean_and_error(row.score), versus, *_chef(seat), *counts, (times, "")]


def _chef(seat: Seat) -> list[Cell]:
    macros = f"{figure(seat.macros_succeeded.mean)} / {figure(seat.macros_failed.mean)}"
    return [mean_and_error(seat.contribution, 2), mean_and_error(seat.efficiency), (macros, "")]
