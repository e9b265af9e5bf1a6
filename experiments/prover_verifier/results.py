"""Results of prover-verifier runs on disk: `seeds.jsonl`, `timings.jsonl` and checkpoints."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from brigade.batch.folder.pvg_results import PVG_RUN, SEED_FORMAT, SEEDS
from brigade.batch.folder.resume import filled_in, go_on, refuse_other_files
from brigade.batch.folder.run_folder import FORMAT_VERSION, Record, RunFolder
from brigade.experiments.prover_verifier.config import PvgConfig, digests_of, resolved
from brigade.experiments.prover_verifier.outcome import Outcome, counts_of
from brigade.simulation.provenance import revision

IRRELEVANT = ("out", "ray", "about", "checkpoints", "replay")  # keys that do not change what is played
GROWING = ("seeds", "vary")  # more of these may be asked for later


def seed_record(key: str, experiment: str, condition: dict[str, Any], seed: int, outcome: Outcome) -> Record:
    """One seed as it is stored, with the revision that played it: a run may be gone on with by a later one."""
    return {
        "format": SEED_FORMAT, "version": FORMAT_VERSION, "key": key, "experiment": experiment,
        "condition": condition, "seed": seed, "revision": revision(), "of": counts_of(outcome), **asdict(outcome),
    }  # fmt: skip


def timing(key: str, wall_s: float) -> Record:
    """How long a seed took, on how busy a machine."""
    return {"key": key, "wall_s": round(wall_s, 2), "load": round(os.getloadavg()[0], 2)}


def open_pvg_results(config: PvgConfig) -> RunFolder:
    """The folder of a run, open for adding to.

    Raises:
        BrigadeError: another process works in the folder, it holds another run's results, or cannot be read or written.
    """
    asked, reads = _told(config), digests_of(config)

    def going_on(header: Record, _: list[Record]) -> Record:
        old = filled_in(config.folder / SEEDS, header["config"], PvgConfig, _told)
        whole = go_on(config.folder, "results of another configuration", old, asked, GROWING)
        before = header.get("reads", {})
        refuse_other_files(f"the results in {config.folder}", before, reads)
        return {"config": whole, "reads": {**reads, **before}}

    return RunFolder(config.folder, PVG_RUN, {"config": asked, "reads": reads}, going_on)


def _told(config: PvgConfig) -> dict[str, Any]:
    """A configuration without what does not change what is played, with the settings that are at their defaults."""
    told = {key: value for key, value in config.model_dump(mode="json").items() if key not in IRRELEVANT}
    return {**told, "settings": resolved(config)}
