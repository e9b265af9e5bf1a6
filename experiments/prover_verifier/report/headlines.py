"""What a run was for, and what came of it: the few numbers that answer its question, each beside a baseline."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import yaml

from brigade.batch.estimate import Interval, interval, mean_of_known
from brigade.batch.numbers import NONE
from brigade.envs.content import Model
from brigade.experiments.prover_verifier.report.figures import Condition, digits_of, written

Table = Mapping[str, Mapping[str, Interval]]
WAYS = {"more": "more is better", "less": "less is better"}


class Headline(Model):
    """A number that answers what a run asks.

    Attributes:
        figure: its name among the figures; or
        table, column: every row of a column of a table; the mean over all columns where none is named.
        good: which way is.
        beside: what it is compared with: another figure, a row of the table, or a number.
        beside_column: another column of the table, instead.
    """

    figure: str = ""
    table: str = ""
    column: str = ""
    good: Literal["more", "less"]
    beside: str | float | None = None
    beside_column: str = ""


class Asked(Model):
    """What an experiment asks, and what answers it."""

    asked: str
    figures: tuple[Headline, ...]


@dataclass(frozen=True)
class Answer:
    """One line of what came out.

    Attributes:
        what: the number's name, with its row.
        way: which way is good.
        values: one for each condition.
        baseline: what it stands against, by name; empty for nothing.
        baselines: its values, one for each condition.
    """

    what: str
    way: str
    values: Sequence[Interval | None]
    baseline: str = ""
    baselines: Sequence[Interval | float | None] = ()


def asked_of(experiment: str) -> Asked | None:
    """What an experiment asks; None of one that does not say."""
    return _known().get(experiment)


def answers(asked: Asked, conditions: Sequence[Condition]) -> Iterator[Answer]:
    """What came out, as far as the run has it."""
    for headline in asked.figures:
        yield from _of_table(headline, conditions) if headline.table else _of_figure(headline, conditions)


def answered(experiment: str, conditions: Sequence[Condition]) -> tuple[str, list[Answer]]:
    """What a run asked, empty if it does not say, and what came out."""
    asked = asked_of(experiment)
    return (asked.asked, list(answers(asked, conditions))) if asked else ("", [])


def answer_lines(found: Sequence[Answer], conditions: Sequence[Condition]) -> tuple[list[str], list[list[str]]]:
    """Heads and lines of the table of what came out: each value with what it stands against."""
    heads = ["", "good", *(condition.label or "all" for condition in conditions), "beside"]
    return heads, [_line(answer, conditions) for answer in found]


def _line(answer: Answer, conditions: Sequence[Condition]) -> list[str]:
    every = [value for value in (*answer.values, *answer.baselines) if isinstance(value, Interval)]
    digits = digits_of(every)
    cells = []
    for place, (value, condition) in enumerate(zip(answer.values, conditions, strict=True)):
        against = answer.baselines[place] if answer.baselines else None
        cell = written(value, digits, len(condition.records))
        # A number is the same for all, and stands in the last column.
        cells.append(f"{cell} against {written(against, digits)}" if isinstance(against, Interval) else cell)
    return [answer.what, answer.way, *cells, answer.baseline or NONE]


def _of_figure(headline: Headline, conditions: Sequence[Condition]) -> Iterator[Answer]:
    every = [condition.figures() for condition in conditions]
    values = [figures.get(headline.figure) for figures in every]
    if not any(value is not None and value.mean is not None for value in values):
        return
    name, against = _baseline(headline.beside)
    baselines: list[Interval | float | None] = []
    if headline.beside is not None:
        baselines = [figures.get(name) if against is None else against for figures in every]
    yield Answer(headline.figure, WAYS[headline.good], values, name, baselines)


def _of_table(headline: Headline, conditions: Sequence[Condition]) -> Iterator[Answer]:
    tables = [condition.table(headline.table) for condition in conditions]
    rows = dict.fromkeys(row for table in tables for row in table)
    name, against = _baseline(headline.beside)
    for row in rows:
        if row == name:
            continue
        what = headline.column or "mean over all"
        values = [_cell(*each, headline, row) for each in zip(conditions, tables, strict=True)]
        if not any(value is not None and value.mean is not None for value in values):
            continue
        baselines: list[Interval | float | None] = []
        if headline.beside_column:
            baselines = [table.get(row, {}).get(headline.beside_column) for table in tables]
        elif headline.beside is not None:
            rows_beside = [_cell(*each, headline, name) for each in zip(conditions, tables, strict=True)]
            baselines = [each if against is None else against for each in rows_beside]
        baseline = headline.beside_column or name
        yield Answer(f"{headline.table}, {row}: {what}", WAYS[headline.good], values, baseline, baselines)


def _cell(condition: Condition, table: Table, headline: Headline, row: str) -> Interval | None:
    """What a row of a condition's table has: in the column, or on average over all columns, seed by seed."""
    if headline.column:
        return table.get(row, {}).get(headline.column)
    tables = [record["tables"].get(headline.table, {}) for record in condition.records]
    means = [mean_of_known(table[row].values()) for table in tables if row in table]
    return interval([mean for mean in means if mean is not None])


def _baseline(beside: str | float | None) -> tuple[str, float | None]:
    """The name of what a number stands against, and the number if it is one."""
    if isinstance(beside, str) or beside is None:
        return beside or "", None
    return f"{beside:g}", float(beside)


@functools.cache
def _known() -> dict[str, Asked]:
    text = (files(__package__) / "headlines.yaml").read_text(encoding="utf-8")
    return {name: Asked.model_validate(given) for name, given in yaml.safe_load(text).items()}
