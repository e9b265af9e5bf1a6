"""Results of prover-verifier runs as they are read: by reports, and by what shows their transcripts to people."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from brigade.batch.folder.run_folder import Kind, Record

SEEDS, CHECKPOINTS, CALLS = "seeds.jsonl", "checkpoints", "calls"
SEED_FORMAT = "brigade-pvg-seed"
MOST_CASES = 10**12  # of a share
Figure = float | bool | None
Name = str | int | float
Count = Annotated[int, Field(ge=1, le=MOST_CASES)]


def _is_grid(rows: list[list[Any]]) -> list[list[Any]]:
    if {len(row) for row in rows} - {len(rows)}:
        raise ValueError("expected as many columns as rows")
    return rows


class Part(BaseModel):
    """What is read of a part of such results, which may hold more."""

    model_config = ConfigDict(strict=True)


class Said(Part):
    """Something that was said before a verdict."""

    speaker: str
    channels: list[str]
    text: str


class Shown(Part):
    """A statement that is shown."""

    round: Name
    role: str
    problem: str
    text: str
    score: Name | None
    accept: bool
    correct: bool
    wrong_lines: list[int] = []
    talk: list[Said] | str = []  # text in results of earlier revisions


class Counts(Part):
    """Of how many cases the shares of a seed are; earlier revisions did not say."""

    figures: dict[str, Count] = {}
    curves: dict[str, list[Count | None]] = {}
    tables: dict[str, dict[str, dict[str, Count]]] = {}


class SeedLine(Part):
    """One seed; see `prover_verifier.outcome.Outcome`."""

    key: str
    seed: Name
    condition: dict[str, Any]
    figures: dict[str, Figure]
    curves: dict[str, list[Figure]]
    matrices: dict[str, Annotated[list[list[Figure]], AfterValidator(_is_grid)]]
    tables: dict[str, dict[str, dict[str, Figure]]]
    transcripts: list[Shown]
    notes: list[str] = []
    of: Counts = Counts()
    made_on: dict[str, Any] = {}


class Run(Part):
    """The configuration of a run."""

    name: str
    experiment: str


class HeaderLine(Part):
    """The first line."""

    config: Run
    provenance: dict[str, Any]


PVG_RUN = Kind(
    what="prover-verifier run", file=SEEDS, header_format="brigade-pvg-run", record="a seed",
    record_format=SEED_FORMAT, traces=(CHECKPOINTS, CALLS),
    first=HeaderLine, line=SeedLine,
)  # fmt: skip
NUMBERS = ("figures", "curves", "matrices", "tables")  # of a seed
NATURE = "nature"  # stands for the role in a transcript where provers have none: nature makes the statement


def read_pvg_results(folder: str | Path, unfinished: bool = False) -> list[Record]:
    """The run's header, then its seeds; a figure that is no number is None.

    Raises:
        BrigadeError: no such folder, damaged, of another format, or of a newer version.
    """
    header, *seeds = PVG_RUN.read(Path(folder) / SEEDS, unfinished)
    return [header, *({**seed, **{part: _known(seed[part]) for part in NUMBERS}} for seed in seeds)]


def _known(figures: Any) -> Any:
    """The same with None for what is not finite."""
    if isinstance(figures, dict):
        return {name: _known(value) for name, value in figures.items()}
    if isinstance(figures, list):
        return [_known(value) for value in figures]
    return None if isinstance(figures, float) and not math.isfinite(figures) else figures
