"""The commands about recordings and about what studies came to; `brigade.experiments.cli` puts them into `brigade`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from brigade.batch.numbers import NONE, print_table
from brigade.batch.terminal import Terminal
from brigade.dual_process.old_names import agent_now
from brigade.envs.text import one_line

recordings = typer.Typer(help="List, export and import recordings.", no_args_is_help=True)
console = Terminal()


@recordings.command("list")
def list_(
    folder: Annotated[Path, typer.Argument(help="A folder; recordings below it count.")],
) -> None:
    """List the recordings in a folder: where, who, how long, the score, and whether the file is whole."""
    from brigade.envs.registry import BrigadeError
    from brigade.simulation.recording import read_recording, recordings_in

    lines = []
    for path in recordings_in(folder):
        name = path.relative_to(folder).as_posix()
        try:
            recording = read_recording(path)
            where = recording.kitchen.name
        except BrigadeError as error:
            lines.append((name, NONE, NONE, NONE, NONE, str(error).removeprefix(f"{path}: ")))
            continue
        agents, version = recording.header["agents"], recording.header["version"]
        team = " + ".join(agent_now(str(agent.get("name")), version) for agent in agents)
        score = str(recording.end["result"]["score"]) if recording.end is not None else NONE
        state = recording.cut or ("whole" if recording.end and recording.end["finished"] else "stopped")
        state = state if recording.changed is None else f"{state}; changed after it was recorded"
        lines.append((name, where, team, str(len(recording.ticks)), score, state))
    print_table(console, ("recording", "kitchen", "agents", "ticks", "score", "state"), lines, words=True)
    if any(line[1] == NONE for line in lines):
        raise typer.Exit(1)


@recordings.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="A folder; recordings below it count.")],
    out: Annotated[Path, typer.Option(help="Folder for ticks.parquet and episodes.parquet.")],
) -> None:
    """Write recordings as two Parquet tables, one of ticks and one of episodes."""
    from brigade.human_play.data import tables

    done = tables.export(folder, out)
    for line in done.left_out:
        _line(f"left out: {line}")
    cut = f", {done.cut} of them cut off before their end" if done.cut else ""
    left = f"; {len(done.left_out)} left out" if done.left_out else ""
    _line(f"{done.recordings} recordings{cut}, {done.ticks} ticks are in {out}{left}")
    if done.left_out:
        raise typer.Exit(1)


@recordings.command("to-minari")
def to_minari(
    folder: Annotated[Path, typer.Argument(help="A folder; recordings below it count.")],
    name: Annotated[str, typer.Argument(help="Of the data set, with its version: kitchen/people-v0")],
    observation: Annotated[str, typer.Option(help="What a chef sees: features or planes.")] = "features",
    who: Annotated[str, typer.Option(help="Whose episodes: all, people, or an agent by name.")] = "all",
    kitchen: Annotated[str, typer.Option(help="Only recordings of this kitchen: a data set is of one.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder for data sets, instead of Minari's own.")] = None,
) -> None:
    """Write recordings as a Minari data set: an episode for each chef, for offline reinforcement learning."""
    from brigade.human_play.data.minari_sets import write_minari

    if out is not None:
        os.environ["MINARI_DATASETS_PATH"] = str(out.resolve())
    written = write_minari(folder, name, observation, who, kitchen)
    for line in written.left_out:
        _line(f"left out: {line}")
    _line(f"{written.episodes} episodes, {written.ticks} ticks are in data set {name}")
    if written.left_out:
        raise typer.Exit(1)


@recordings.command("import-overcooked-ai")
def import_overcooked_ai(
    file: Annotated[Path, typer.Argument(help="A CSV table or pickled DataFrame of Overcooked-AI's human trials.")],
    out: Annotated[Path, typer.Option(help="Folder for the recordings, one per trial.")],
) -> None:
    """Play human trials of Overcooked-AI again in the kitchens of the same names, record them, and compare scores."""
    from brigade.human_play.data.overcooked_ai import import_trials, left_out

    results = import_trials(file, out, lambda one: _line(f"{one.trial} ({one.layout}): {one.verdict}"))
    kept = [result for result in results if not result.left_out]
    agree = sum(result.differs_at is None for result in kept)
    for (layout, reason), count in left_out(results).items():
        _line(f"left out: {count} trials of layout '{layout}': {reason}")
    _line(f"{len(kept)} of {len(results)} trials are recorded in {out}; the scores of {agree} agree at every tick")


def report(
    folder: Annotated[Path, typer.Argument(help="The study's folder.")],
    html: Annotated[Path | None, typer.Option(help="Also write a page with plots here.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Also write a tidy table here, one row per game.")] = None,
) -> None:
    """Scores, contributions, preferences and answers of a study, with intervals; recordings are replayed first."""
    from brigade.human_play.study import study_report

    study_report.report(folder, console, html, csv)
    for path in (html, csv):
        if path is not None:
            _line(f"written: {path}")


def _line(text: str) -> None:
    console.print(one_line(text), markup=False, highlight=False, soft_wrap=True)
