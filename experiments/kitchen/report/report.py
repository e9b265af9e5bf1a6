"""How runs went: a table for people, the same figures for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from brigade.batch.numbers import NONE, figure, milliseconds, with_error
from brigade.batch.page.made_by import made_by
from brigade.envs.text import one_line
from brigade.experiments.kitchen.report.imagining import looks_of, mind_scores
from brigade.experiments.kitchen.report.metrics import Row, Run, Seat, read_runs
from brigade.experiments.kitchen.report.minds import minds
from brigade.experiments.kitchen.report.published_scores import compare
from brigade.experiments.kitchen.report.sections import print_sections
from brigade.experiments.kitchen.report.switching import switches

REPORT_FORMAT, REPORT_VERSION = "brigade-report", 1
STEPWISE = (
    "react_stepwise and reflexion_stepwise wait for each pick, react_dpt_wishes and reflexion_dpt_wishes wish for one: "
    "called react, reflexion, react_dpt, reflexion_dpt in earlier results, they are not what arXiv 2502.11882 compared"
)
WIDE = 100  # columns that the full table needs; a narrower terminal gets fewer figures


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        head: its title.
        width: in characters.
        team: what to write about the team, on its first line.
        chef: what to write about each chef, a line each.
        wide: whether it is left out of a narrow terminal.
        spare: whether it gives way to the comparison with the state machine.
    """

    head: str
    width: int
    team: Callable[[Row], str] = lambda row: ""
    chef: Callable[[Seat], str] = lambda seat: ""
    wide: bool = False
    spare: bool = False


def print_report(folders: Iterable[str | Path], console: Console) -> list[str]:
    """Print a table per kitchen for each results folder.

    Returns:
        What is wrong with folders that were left out.

    Raises:
        BrigadeError: no folder can be read: it is not there, is damaged, or was written by a newer version.
    """
    left_out: list[str] = []
    runs = read_runs(folders, left_out)
    for problem in left_out:
        console.print(Text(f"left out: {one_line(problem)}", style="yellow"), soft_wrap=True)
    for number, run in enumerate(runs):
        if number:
            console.print()
        _print_run(run, console)
    for note in _notes(runs, console) if any(run.rows for run in runs) else ():
        console.print(Text(note, style="dim"), soft_wrap=True)
    return left_out


def as_json(folders: Iterable[str | Path]) -> dict[str, Any]:
    """The same for programs: every figure by name, with the configuration and the provenance of each run.

    Raises:
        BrigadeError: as `print_report`.
    """
    left_out: list[str] = []
    runs = [
        {
            "folder": str(run.folder),
            "name": run.name,
            "config": run.config,
            "provenance": run.provenance,
            "episodes": len(run.episodes),
            "episodes_expected": run.expected,
            "has_timings": run.has_timings,
            "rows": [asdict(row) for row in run.rows],
            "comparison": [asdict(comparison) for comparison in compare(run)],
            "minds": [asdict(mind) for mind in minds(run)],
            "theory_of_mind": [asdict(score) for score in mind_scores(run)],
            "imagined": [asdict(looks) for looks in looks_of(run)],
            "switching": [asdict(switch) for switch in switches(run)],
        }
        for run in read_runs(folders, left_out)
    ]
    return {"format": REPORT_FORMAT, "version": REPORT_VERSION, "runs": runs, "left_out": left_out}


def caveats(run: Run) -> list[str]:
    """What a reader of the figures should know."""
    lines = []
    unfinished = sum(row.unfinished for row in run.rows)
    if unfinished:
        lines.append(f"{unfinished} episodes were not played to their end and are left out")
    timed, episodes = sum(row.timed for row in run.rows), sum(row.episodes for row in run.rows)
    if not run.has_timings:
        lines.append("no timings.jsonl: how long decisions took is not known")
    elif timed < episodes:
        lines.append(f"how long decisions took is known for {timed} of {episodes} episodes")
    kitchens = {(row.kitchen, row.kitchen_digest) for row in run.rows}
    if len(kitchens) > len({row.kitchen for row in run.rows}):
        lines.append("a kitchen was changed in the course of this run; its versions have rows of their own")
    if any(agent.partition("(")[0].endswith(("_stepwise", "_wishes")) for row in run.rows for agent in row.team):
        lines.append(STEPWISE)
    return lines


def _times(row: Row) -> str:
    return f"{milliseconds(row.decision_ms_median)} {milliseconds(row.decision_ms_p99)}" if row.timed else NONE


def _macros(seat: Seat) -> str:
    done, failed = seat.macros_succeeded.mean, seat.macros_failed.mean
    return f"{figure(done, 0)}/{figure(failed, 0)}" if done or failed else NONE


VERSUS = Column("vs fsm", 13, lambda row: with_error(row.versus_fsm, sign=True) if row.versus_fsm else NONE)
COLUMNS = (
    Column("team", 20, chef=lambda seat: one_line(seat.agent)),
    Column("n", 3, lambda row: str(row.episodes)),
    Column("score", 12, lambda row: with_error(row.score)),
    Column("share", 5, chef=lambda seat: figure(seat.contribution.mean, 2)),
    Column("points per\nmacro", 10, chef=lambda seat: with_error(seat.efficiency), wide=True),
    Column("macros\nok/fail", 7, chef=_macros, wide=True, spare=True),
    Column("served", 6, lambda row: figure(row.served.mean)),
    Column("missed", 6, lambda row: figure(row.missed.mean)),
    Column("wrong", 5, lambda row: figure(row.wrong.mean)),
    Column("fires", 5, lambda row: figure(row.fires.mean), wide=True),
    Column("decision\nms", 9, _times, wide=True, spare=True),
)


def _columns(run: Run, console: Console) -> list[Column]:
    """Those that there is room for; `vs fsm` takes the place of others."""
    chosen = [column for column in COLUMNS if not (column.wide and _is_narrow(console))]
    if not any(row.versus_fsm for row in run.rows):
        return chosen
    chosen = [column for column in chosen if not column.spare]
    return [*chosen[:3], VERSUS, *chosen[3:]]


def _notes(runs: Sequence[Run], console: Console) -> list[str]:
    """What the columns mean."""
    notes = [
        "score: points, mean (standard error over n episodes); served to fires: per episode, mean",
        "share: of the interactions in dishes that were paid for; points per macro: gained, per macro action done",
    ]
    if any(row.versus_fsm for run in runs for row in run.rows):
        notes.append("vs fsm: score less that of the state machine in its place, same partner, seeds and scripts")
    if _is_narrow(console):
        return [*notes, f"a terminal of {WIDE} columns shows more"]
    if any(row.timed for run in runs if VERSUS not in _columns(run, console) for row in run.rows):
        notes.append("decision ms: to choose one action, median and 99th percentile, in the median episode")
    return notes


def _is_narrow(console: Console) -> bool:
    """Whether this is a terminal without room for all columns; a file or a pipe has room."""
    return console.is_terminal and console.width < WIDE


def _print_run(run: Run, console: Console) -> None:
    title = Text(one_line(run.name), style="bold").append(f"  {run.progress}", style="not bold")
    console.print(title, soft_wrap=True)
    for line in (f"{run.folder}; {made_by(run.provenance)}", *caveats(run)):
        console.print(Text(one_line(line), style="dim"), soft_wrap=True)
    columns = _columns(run, console)
    if run.rows:
        console.print(_table([], columns), crop=False, no_wrap=True, overflow="ignore")
    for place in dict.fromkeys(_place(row) for row in run.rows):
        heading = Text(one_line(place[0]), style="bold").append(f"  {one_line(place[2])}" if place[2] else "")
        console.print(heading, soft_wrap=True)
        rows = [row for row in run.rows if _place(row) == place]
        console.print(_table(rows, columns), crop=False, no_wrap=True, overflow="ignore")
    print_sections(run, console)


def _place(row: Row) -> tuple[str, str, str]:
    return row.kitchen, row.kitchen_digest, row.condition_label


def _table(rows: Sequence[Row], columns: Sequence[Column]) -> Table:
    """One row per team, and in it one line per chef; without rows, the titles of the columns."""
    width = sum(column.width + 1 for column in columns)
    table = Table(box=None, width=width, padding=(0, 1, 0, 0), show_header=not rows, header_style="dim")
    for number, column in enumerate(columns):
        table.add_column(Text(column.head), width=column.width, justify="right" if number else "left", overflow="fold")
    for row in rows:
        for number, seat in enumerate(row.seats):
            cells = [column.chef(seat) or (column.team(row) if number == 0 else "") for column in columns]
            cells[0] = f"+ {cells[0]}" if number else cells[0]
            table.add_row(*(Text(cell) for cell in cells))
    return table
