"""`brigade tom`: how right ideas of a partner are in recorded games."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from brigade.envs.registry import BrigadeError
from brigade.experiments.cli_shared import console, errors, print_problems, print_table


def tom(
    paths: Annotated[list[Path], typer.Argument(help="Recordings, or folders of them.")],
    quality: Annotated[float, typer.Option(min=0, max=1, help="How often house is right.")] = 1.0,
    every: Annotated[int, typer.Option(min=1, help="Ticks between beliefs that house is asked for.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: every turn, and the table.")] = False,
) -> None:
    """Score ideas of a partner on recorded games: type inference, what house believes, and baselines."""
    from rich.progress import Progress

    from brigade.dual_process.reasoners import spec_of
    from brigade.experiments.kitchen import theory_of_mind
    from brigade.experiments.kitchen.report.foresight import HEADS

    files, problems = theory_of_mind.recordings_of(paths), []
    with Progress(console=errors, transient=True) as progress:
        task = progress.add_task("watching", total=len(files))

        def told(path: Path, problem: str) -> None:
            progress.advance(task)
            if problem:
                problems.append(problem)

        watched = theory_of_mind.watch_all(files, spec_of({"quality": quality}), every, told)
    lines = theory_of_mind.lines_of(watched)
    if as_json:
        whole = {"lines": [asdict(line) for line in lines], "watched": [asdict(one) for one in watched]}
        print(json.dumps({**whole, "problems": problems}, default=str, indent=2))
    elif lines:
        heads = ("chef", "model", "games", *HEADS)
        rows = [(line.chef, line.model, str(line.games), *line.cells) for line in lines]
        print_table(heads, rows)
        console.print(
            "A turn: what the chef takes into empty hands next. Log score: of the probability given to it beforehand; "
            "Brier: 0 to 2, less is better. 'orders:' the same of every order that was served: by the chef, or by "
            "somebody else. Means over games (standard errors).",
            style="dim",
        )
    print_problems(errors, problems)
    if watched and not lines:
        console.print("nobody began a turn in these games: there is nothing to score")
    if not watched:
        raise BrigadeError("nothing could be watched")
    if problems:
        raise typer.Exit(1)
