"""How a prover-verifier run went: means over seeds for every condition, with their intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brigade.batch.estimate import Interval, estimate, interval, share_interval
from brigade.batch.folder.pvg_results import SEEDS, read_pvg_results
from brigade.batch.folder.run_folder import TIMINGS, read_timings, seconds
from brigade.batch.numbers import NONE, with_error, with_interval
from brigade.batch.people.judgements import session_files
from brigade.experiments.prover_verifier.config import condition_text

Record = Mapping[str, Any]
DIGITS = ((50.0, 0), (5.0, 1))  # figures that reach so far have so many digits behind the point
MOST_DIGITS = 3  # those of all others


@dataclass(frozen=True)
class Condition:
    """Everything of a run that was played under one condition.

    Attributes:
        label: what varies, as it is; empty if nothing does.
        records: one for each seed.
    """

    label: str
    records: Sequence[Record]

    def figures(self) -> dict[str, Interval]:
        """Every figure over the seeds."""
        names = dict.fromkeys(name for record in self.records for name in record["figures"])
        return {name: self._over_seeds("figures", name) for name in names}

    def curve(self, name: str) -> list[Interval]:
        """A curve over the seeds, step by step."""
        longest = max((len(record["curves"].get(name, [])) for record in self.records), default=0)
        return [self._over_seeds("curves", name, i) for i in range(longest)]

    def matrix(self, name: str) -> list[list[Interval]]:
        """A matrix over the seeds, entry by entry."""
        matrices = [record["matrices"][name] for record in self.records if name in record["matrices"]]
        rows = zip(*matrices, strict=False)  # so many as all seeds have
        return [[_plain(cells) for cells in zip(*row, strict=False)] for row in rows]

    def table(self, name: str) -> dict[str, dict[str, Interval]]:
        """A table over the seeds, cell by cell."""
        tables = [record["tables"][name] for record in self.records if name in record["tables"]]
        rows = {row: dict.fromkeys(c for t in tables for c in t.get(row, {})) for t in tables for row in t}
        return {row: {c: self._over_seeds("tables", name, row, c) for c in columns} for row, columns in rows.items()}

    def _over_seeds(self, kind: str, *path: str | int) -> Interval:
        """The mean over seeds of what is found in each, with how many cases it is a share of, if it says so."""
        found = [(each, of) for each, of in (_in(record, kind, *path) for record in self.records) if each is not None]
        if found and all(of is not None for _, of in found):
            return share_interval([float(each) for each, _ in found], [of or 1 for _, of in found])
        return _plain(each for each, _ in found)

    def names(self, kind: str) -> list[str]:
        """Names of the curves, matrices or tables there are."""
        return list(dict.fromkeys(name for record in self.records for name in record[kind]))


def _in(record: Record, kind: str, *path: str | int) -> tuple[float | None, int | None]:
    """What a record has in a place, and of how many cases it is a share; None where it has none."""
    value, of = record[kind], record.get("of", {}).get(kind, {})
    for step in path:
        value, of = _at(value, step), _at(of, step)
    return value, of


def _at(within: Any, step: str | int) -> Any:
    if isinstance(within, Mapping):
        return within.get(step)
    return within[step] if isinstance(within, list) and isinstance(step, int) and step < len(within) else None


def _plain(values: Iterable[float | None]) -> Interval:
    """The mean over seeds of what is no share, with a bootstrap interval over them."""
    return interval([float(value) for value in values if value is not None])


def read_conditions(folder: str | Path) -> tuple[Record, list[Condition]]:
    """The run's header, and its seeds by condition.

    Raises:
        BrigadeError: results that cannot be read.
    """
    header, *records = read_pvg_results(folder, unfinished=True)
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(condition_text(record["condition"]).strip(), []).append(record)
    return header, [Condition(label, members) for label, members in groups.items()]


def digits_of(values: Iterable[Interval]) -> int:
    """How many digits say something in figures that stand together."""
    ends = (end for value in values for end in (value.mean, value.low, value.high) if end is not None)
    largest = max(map(abs, ends), default=0.0)
    return next((digits for least, digits in DIGITS if largest >= least), MOST_DIGITS)


def written(value: Interval | None, digits: int, seeds: int = 0) -> str:
    """A figure with its interval.

    Args:
        value: the figure, if there is one.
        digits: behind the point.
        seeds: how many there are; if fewer have such a figure, that is said.
    """
    if value is None:
        return NONE
    return with_interval(value, digits) + (f" ({value.count} of {seeds})" if 0 < value.count < seeds else "")


def figure_lines(conditions: Sequence[Condition]) -> tuple[list[str], list[list[str]]]:
    """Heads and lines of the table of figures: a line for each figure, a column for each condition."""
    every = [(condition.figures(), len(condition.records)) for condition in conditions]
    names = dict.fromkeys(name for figures, _ in every for name in figures)
    digits = {name: digits_of(figures[name] for figures, _ in every if name in figures) for name in names}
    heads = ["figure", *(f"{c.label or 'all'} (n={len(c.records)})" for c in conditions)]
    return heads, [[name, *(written(f.get(name), digits[name], seeds) for f, seeds in every)] for name in names]


def holds_sessions(place: str | Path) -> bool:
    """Whether a folder or file is what people did, rather than a run of programs."""
    return not (Path(place) / SEEDS).exists() and Path(place).name != SEEDS and bool(session_files(place))


def table_lines(table: Mapping[str, Mapping[str, Interval]], seeds: int = 0) -> tuple[list[str], list[list[str]]]:
    """Heads and lines of a table of estimates over so many seeds; all of a column have as many digits."""
    columns = list(dict.fromkeys(column for row in table.values() for column in row))
    digits = {column: digits_of(row[column] for row in table.values() if column in row) for column in columns}
    lines = [
        [name, *(written(row.get(column), digits[column], seeds) for column in columns)] for name, row in table.items()
    ]
    return ["", *columns], lines


def seconds_a_seed(folder: str | Path) -> str:
    """How long a seed took, for people."""
    mean = estimate(seconds(line.get("wall_s")) for line in read_timings(Path(folder) / TIMINGS))
    return with_error(mean, digits_of([Interval(mean.mean, None, None, mean.count)]))
