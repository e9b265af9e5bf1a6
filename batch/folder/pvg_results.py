"""Results of prover-verifier runs as they are read: by reports, and by what shows their transcripts to people."""

from __future__ import annotations

from pathlib import Path

from brigade.batch.folder.run_folder import Kind, Record

SEEDS, CHECKPOINTS, CALLS = "seeds.jsonl", "checkpoints", "calls"
SEED_FORMAT = "brigade-pvg-seed"
PVG_RUN = Kind(
    what="prover-verifier run", file=SEEDS, header_format="brigade-pvg-run", record="a seed",
    record_format=SEED_FORMAT, traces=(CHECKPOINTS, CALLS),
)  # fmt: skip
NATURE = "nature"  # stands for the role in a transcript where provers have none: nature makes the statement


def read_pvg_results(folder: str | Path, unfinished: bool = False) -> list[Record]:
    """The run's header, then its seeds.

    Raises:
        BrigadeError: no such folder, damaged, of another format, or of a newer version.
    """
    return PVG_RUN.read(Path(folder) / SEEDS, unfinished)
