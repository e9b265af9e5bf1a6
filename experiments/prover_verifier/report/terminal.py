"""The report of a prover-verifier run in the terminal: what was asked, what came out, then everything."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from brigade.batch.numbers import print_table
from brigade.batch.people.legibility import print_legibility
from brigade.experiments.prover_verifier.report.figures import (
    figure_lines,
    holds_sessions,
    read_conditions,
    seconds_a_seed,
    table_lines,
)
from brigade.experiments.prover_verifier.report.headlines import answer_lines, answered

ABOUT_INTERVALS = (
    "[low, high]: 95% intervals; of shares over cases (Wilson's) and seeds (Student's t), of other figures a bootstrap "
    "over seeds, too narrow for few."
)


def print_pvg_report(folder: str | Path, console: Console) -> list[str]:
    """Print the figures of a run, or of the people who played the verifier.

    Returns:
        Which of their sessions are left out, and why.
    """
    if holds_sessions(folder):
        return print_legibility(folder, console)
    header, conditions = read_conditions(folder)
    if not conditions:
        console.print("there are no finished seeds yet")
        return []
    asked, found = answered(header["config"]["experiment"], conditions)
    if found:
        console.print(f"{asked}\n", markup=False)
        print_table(console, *answer_lines(found, conditions))
        console.print("")
    print_table(console, *figure_lines(conditions))
    for condition in conditions:
        for name in condition.names("tables"):
            console.print(f"\n{name} {condition.label}", markup=False)
            print_table(console, *table_lines(condition.table(name), len(condition.records)))
    console.print(ABOUT_INTERVALS, markup=False)
    console.print(f"seconds a seed: {seconds_a_seed(folder)}; {header['config']['name']}", markup=False)
    return []
