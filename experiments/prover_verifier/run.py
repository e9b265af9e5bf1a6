"""Playing a prover-verifier run: seeds side by side through Ray, stopped and gone on with at any time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from brigade.batch.configuration.vary import combinations
from brigade.batch.folder.pvg_results import CALLS, CHECKPOINTS, SEEDS
from brigade.batch.folder.run_folder import RunFolder
from brigade.batch.running.jobs import result_of, run_jobs
from brigade.batch.running.progress import Bar, progress_bar
from brigade.envs.plugins import import_plugins
from brigade.experiments.prover_verifier.config import (
    PvgConfig,
    PvgJob,
    experiment_of,
    pvg_jobs,
)
from brigade.experiments.prover_verifier.outcome import Checkpoints, Outcome
from brigade.experiments.prover_verifier.results import open_pvg_results, seed_record, timing
from brigade.simulation.provenance import made_on

Say = Callable[[str], None]
Finished = tuple[list[Outcome], float]  # an outcome for each seed of a job, seconds


def run_pvg(config: PvgConfig, console: Console) -> RunFolder:
    """Play what is missing of a run.

    Returns:
        The results folder, complete unless interrupted, and closed.

    Raises:
        BrigadeError: the folder holds another run, or a job failed; what is finished is kept.
        KeyboardInterrupt: stopped by the user; likewise.
    """
    with open_pvg_results(config) as results:
        jobs = [_located(job, config) for job in pvg_jobs(config, frozenset(map(str, results.done)))]
        total = len(config.seeds) * len(combinations(config.vary))
        missing = sum(len(job.seeds) for job in jobs)
        if missing < total:
            console.print(f"{total - missing} of {total} seeds are in {config.folder} already")
        with progress_bar(console, config.name, total, total - missing) as bar:
            work = partial(play_pvg_job, say=bar.say) if config.ray.workers == 0 else play_pvg_job
            before = partial(import_plugins, config.plugins)
            for job, outcome in run_jobs(work, jobs, config.ray.workers, address=config.ray.address, before=before):
                _keep(job, *result_of(outcome), results, console, bar)
        results.finish(job.key(seed) for job in pvg_jobs(config) for seed in job.seeds)
    return results


def _keep(job: PvgJob, outcomes: list[Outcome], wall_s: float, results: RunFolder, console: Console, bar: Bar) -> None:
    for seed, outcome in zip(job.seeds, outcomes, strict=True):
        key = job.key(seed)
        record = seed_record(key, job.experiment, job.condition, seed, outcome)
        results.add(record, timing(key, wall_s / len(outcomes)))
        if outcome.notes:
            several = f" (and {len(outcome.notes) - 1} more notes)" if len(outcome.notes) > 1 else ""
            console.print(f"{key}: {outcome.notes[0]}{several}; see notes in {results.folder / SEEDS}")
        bar.advance()


def play_pvg_job(job: PvgJob, say: Say = lambda text: None) -> Finished:
    """Play the seeds of a job."""
    begun = time.perf_counter()
    experiment = experiment_of(job.experiment)
    settings = experiment.settings.model_validate(job.settings)
    path = Path(job.checkpoint) if job.checkpoint is not None else None
    exact = settings.model_dump(mode="json", exclude={"calls", "replay"})
    checkpoints = Checkpoints(path, f"{job.label} {sorted(exact.items())} {job.seeds}", say)
    outcomes = experiment.play(settings, job.seeds, checkpoints)
    for outcome in outcomes:
        outcome.made_on = made_on()
    return outcomes, time.perf_counter() - begun


def _located(job: PvgJob, config: PvgConfig) -> PvgJob:
    """The job with its place for checkpoints and calls."""
    name = hashlib.sha256(job.key(job.seeds[0]).encode()).hexdigest()[:16]
    changes: dict[str, Any] = {}
    if config.checkpoints:
        changes["checkpoint"] = str(config.folder / CHECKPOINTS / f"{name}.pt")
    if "calls" in experiment_of(job.experiment).settings.model_fields:
        replay = str(Path(config.replay) / CALLS / f"{name}.jsonl") if config.replay else None
        changes["settings"] = {**job.settings, "calls": str(config.folder / CALLS / f"{name}.jsonl"), "replay": replay}
    return job.model_copy(update=changes)
