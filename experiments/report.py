"""How runs went: a table for people, the same figures for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from brigade.experiments.metrics import Estimate, Row, Run, Seat, read_runs

REPORT_FORMAT, REPORT_VERSION = "brigade-report", 1
WIDE = 100  # columns that the full table needs; a narrower terminal gets fewer figures
NONE = "–"


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        head: its title.
        width: in characters.
        team: what to write about the team, on its first line.
        chef: what to write about each chef, a line each.
        wide: whether it is left out of a narrow terminal.
    """

    head: str
    width: int
    team: Callable[[Row], str] = lambda row: ""
    chef: Callable[[Seat], str] = lambda seat: ""
    wide: bool = False


def print_report(folders: Iterable[str | Path], console: Console) -> None:
    """Print a table per kitchen for each results folder.

    Raises:
        BrigadeError: a folder that is not there, is damaged, or was written by a newer version.
    """
    runs = read_runs(folders)
    for number, run in enumerate(runs):
        if number:
            console.print()
        _print_run(run, console)
    for note in _notes(runs, console) if any(run.rows for run in runs) else ():
        console.print(Text(note, style="dim"), soft_wrap=True)


def as_json(folders: Iterable[str | Path]) -> dict[str, Any]:
    """The same for programs: every figure by name, with the configuration and the provenance of each run.

    Raises:
        BrigadeError: as `print_report`.
    """
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
        }
        for run in read_runs(folders)
    ]
    return {"format": REPORT_FORMAT, "version": REPORT_VERSION, "runs": runs}


def made_by(provenance: dict[str, Any]) -> str:
    """What made a run, on one line."""
    revision = provenance.get("revision")
    parts = [f"brigade {provenance.get('brigade', '?')}"]
    if isinstance(revision, str):
        commit, plus, _ = revision.partition("+")
        parts.append(f"revision {commit[:10]}{', changed since' if plus else ''}")
    parts += [f"python {provenance.get('python', '?')}", str(provenance.get("system", "?"))]
    return "; ".join(parts)


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
    return lines


def figure(value: float | None, digits: int = 1) -> str:
    """A number to so many digits, or a dash."""
    return NONE if value is None else f"{value:.{digits}f}"


def with_error(estimate: Estimate, digits: int = 1) -> str:
    """A mean with its standard error in brackets, if it has one."""
    if estimate.mean is None or estimate.error is None:
        return figure(estimate.mean, digits)
    return f"{estimate.mean:.{digits}f} ({estimate.error:.{digits}f})"


def milliseconds(value: float | None) -> str:
    """A time in milliseconds, with as many digits as say something."""
    if value is None:
        return NONE
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def plain(text: str) -> str:
    """Text without what would steer a terminal: results may come from anywhere."""
    return "".join(character if character.isprintable() else "�" for character in text)


def _times(row: Row) -> str:
    return f"{milliseconds(row.decision_ms_median)} {milliseconds(row.decision_ms_p99)}" if row.timed else NONE


def _macros(seat: Seat) -> str:
    done, failed = seat.macros_succeeded.mean, seat.macros_failed.mean
    return f"{figure(done, 0)}/{figure(failed, 0)}" if done or failed else NONE


COLUMNS = (
    Column("team", 20, chef=lambda seat: plain(seat.agent)),
    Column("n", 3, lambda row: str(row.episodes)),
    Column("score", 12, lambda row: with_error(row.score)),
    Column("share", 5, chef=lambda seat: figure(seat.contribution.mean, 2)),
    Column("points per\nmacro", 10, chef=lambda seat: with_error(seat.efficiency)),
    Column("macros\nok/fail", 7, chef=_macros, wide=True),
    Column("served", 6, lambda row: figure(row.served.mean)),
    Column("missed", 6, lambda row: figure(row.missed.mean)),
    Column("wrong", 5, lambda row: figure(row.wrong.mean)),
    Column("fires", 5, lambda row: figure(row.fires.mean)),
    Column("decision\nms", 9, _times, wide=True),
)


def _notes(runs: Sequence[Run], console: Console) -> list[str]:
    """What the columns mean."""
    notes = [
        "score: points, mean (standard error over n episodes); served to fires: per episode, mean",
        "share: of the interactions in dishes that were paid for; points per macro: gained, per macro action done",
    ]
    if _is_narrow(console):
        return [*notes, f"a terminal of {WIDE} columns shows more"]
    if any(row.timed for run in runs for row in run.rows):
        notes.append("decision ms: to choose one action, median and 99th percentile, in the median episode")
    return notes


def _is_narrow(console: Console) -> bool:
    """Whether this is a terminal without room for all columns; a file or a pipe has room."""
    return console.is_terminal and console.width < WIDE


def _print_run(run: Run, console: Console) -> None:
    title = Text(plain(run.name), style="bold").append(f"  {run.progress}", style="not bold")
    console.print(title, soft_wrap=True)
    for line in (f"{run.folder}; {made_by(run.provenance)}", *caveats(run)):
        console.print(Text(plain(line), style="dim"), soft_wrap=True)
    columns = [column for column in COLUMNS if not (column.wide and _is_narrow(console))]
    if run.rows:
        console.print(_table([], columns), crop=False, no_wrap=True, overflow="ignore")
    for kitchen in dict.fromkeys((row.kitchen, row.kitchen_digest) for row in run.rows):
        console.print(Text(plain(kitchen[0]), style="bold"), soft_wrap=True)
        rows = [row for row in run.rows if (row.kitchen, row.kitchen_digest) == kitchen]
        console.print(_table(rows, columns), crop=False, no_wrap=True, overflow="ignore")


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
