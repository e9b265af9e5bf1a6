"""Results of prover-verifier runs on disk: `seeds.jsonl`, `timings.jsonl` and checkpoints.

As in `experiments.records`, the first line says exactly what produced the rest, and the same run gives the same file.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from brigade.batch.records import (
    first_difference,
    make_folder,
    read_run,
    write_lines,
)
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.config import PvgConfig, digests_of, resolved
from brigade.experiments.prover_verifier.outcome import Outcome
from brigade.simulation.provenance import provenance, revision

RUN_FORMAT, SEED_FORMAT = "brigade-pvg-run", "brigade-pvg-seed"
FORMAT_VERSION = 1
SEEDS, TIMINGS, CHECKPOINTS, CALLS = "seeds.jsonl", "timings.jsonl", "checkpoints", "calls"
IRRELEVANT = ("out", "ray", "about", "checkpoints", "replay")


def seed_record(key: str, experiment: str, condition: dict[str, Any], seed: int, outcome: Outcome) -> dict[str, Any]:
    """One seed as it is stored, with the revision that played it: a run may be gone on with by a later one."""
    return {
        "format": SEED_FORMAT, "version": FORMAT_VERSION, "key": key, "experiment": experiment,
        "condition": condition, "seed": seed, "revision": revision(), **asdict(outcome),
    }  # fmt: skip


class PvgResults:
    """A results folder, open for adding to.

    Raises:
        BrigadeError: the folder holds another run's results, or cannot be read or written.
    """

    def __init__(self, config: PvgConfig):
        self.folder = config.folder
        told = {key: value for key, value in config.model_dump(mode="json").items() if key not in IRRELEVANT}
        told["settings"] = resolved(config)
        reads = digests_of(config)
        self.header = {
            "format": RUN_FORMAT, "version": FORMAT_VERSION, "config": told, "reads": reads,
            "provenance": provenance(),
        }  # fmt: skip
        self.done: dict[str, dict[str, Any]] = {}
        path = self.folder / SEEDS
        if not path.exists():
            make_folder(self.folder)
            write_lines(path, [self.header])
            return
        header, *records = read_pvg_results(self.folder, unfinished=True)
        if not records and not any((self.folder / name).exists() for name in (CHECKPOINTS, CALLS)):
            write_lines(path, [self.header])  # nothing came of what was begun here
            return
        difference = first_difference(_settled(header["config"]), _settled(told))
        if difference is not None:
            key, old, new = difference
            raise BrigadeError(
                f"{self.folder} holds results of another configuration: {key} is {old} there and {new} here; "
                f"choose another folder with out=DIR, or remove it"
            )
        for name, digest in reads.items():
            if header.get("reads", {}).get(name, digest) != digest:
                raise BrigadeError(
                    f"{name} has changed since it was read for the results in {self.folder}; "
                    f"choose another folder with out=DIR, or remove it"
                )
        self.header = {**header, "config": told}
        self.done = {record["key"]: record for record in records}
        write_lines(path, [self.header, *records])

    def add(self, record: dict[str, Any], wall_s: float) -> None:
        """Append one seed; it is on disk when this returns."""
        self.done[record["key"]] = record
        timing = {"key": record["key"], "wall_s": round(wall_s, 2), "load": round(os.getloadavg()[0], 2)}
        for name, entry in ((TIMINGS, timing), (SEEDS, record)):
            with (self.folder / name).open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, separators=(",", ":")) + "\n")

    def finish(self, order: list[str]) -> None:
        """Put the seeds into the order of the run; those of earlier calls that this one did not ask for come last."""
        keys = dict.fromkeys([*order, *self.done])
        write_lines(self.folder / SEEDS, [self.header, *(self.done[key] for key in keys if key in self.done)])


def read_pvg_results(folder: str | Path, unfinished: bool = False) -> list[dict[str, Any]]:
    """The run's header, then its seeds.

    Raises:
        BrigadeError: no such folder, damaged, of another format, or of a newer version.
    """
    return read_run(Path(folder) / SEEDS, "prover-verifier run", RUN_FORMAT, "a seed", SEED_FORMAT, unfinished)


def _settled(config: dict[str, Any]) -> dict[str, Any]:
    """What may not change when a run is gone on with; seeds may be added."""
    return {key: value for key, value in config.items() if key != "seeds"}
