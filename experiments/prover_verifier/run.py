"""Playing a prover-verifier run: seeds side by side through Ray, stopped and gone on with at any time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from brigade.batch.ray_session import cancel, in_words, ray_session
from brigade.batch.vary import combinations
from brigade.envs.plugins import Plugin, import_plugins
from brigade.experiments.prover_verifier.config import (
    PvgConfig,
    PvgJob,
    experiment_of,
    pvg_jobs,
)
from brigade.experiments.prover_verifier.outcome import Checkpoints, Outcome
from brigade.experiments.prover_verifier.records import CALLS, CHECKPOINTS, SEEDS, PvgResults, seed_record

Say = Callable[[str], None]
Finished = tuple[PvgJob, list[Outcome], float]  # the job, an outcome for each of its seeds, seconds


def run_pvg(config: PvgConfig, console: Console) -> PvgResults:
    """Play what is missing of a run.

    Returns:
        The results folder, complete unless interrupted.

    Raises:
        BrigadeError: the folder holds another run, or a job failed; what is finished is kept.
        KeyboardInterrupt: stopped by the user; likewise.
    """
    results = PvgResults(config)
    jobs = [_located(job, config) for job in pvg_jobs(config, frozenset(results.done))]
    total = len(config.seeds) * len(combinations(config.vary))
    missing = sum(len(job.seeds) for job in jobs)
    if missing < total:
        console.print(f"{total - missing} of {total} seeds are in {config.folder} already")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(config.name, total=total, completed=total - missing)

        def keep(finished: Finished) -> None:
            job, outcomes, wall_s = finished
            for seed, outcome in zip(job.seeds, outcomes, strict=True):
                record = seed_record(job.key(seed), job.experiment, job.condition, seed, outcome)
                results.add(record, wall_s / len(outcomes))
                if outcome.notes:
                    several = f" (and {len(outcome.notes) - 1} more notes)" if len(outcome.notes) > 1 else ""
                    console.print(
                        f"{job.key(seed)}: {outcome.notes[0]}{several}; see notes in {results.folder / SEEDS}"
                    )
                progress.advance(task)

        if config.ray.workers == 0:
            for job in jobs:
                keep(play_pvg_job(job, lambda text: progress.update(task, description=text)))
        elif jobs:
            _play_with_ray(jobs, config, keep)
    results.finish([job.key(seed) for job in pvg_jobs(config) for seed in job.seeds])
    return results


def play_pvg_job(job: PvgJob, say: Say = lambda text: None, plugins: Sequence[Plugin] = ()) -> Finished:
    """Play the seeds of a job, for which these plug-ins are needed."""
    import_plugins(plugins)
    begun = time.perf_counter()
    experiment = experiment_of(job.experiment)
    settings = experiment.settings.model_validate(job.settings)
    path = Path(job.checkpoint) if job.checkpoint is not None else None
    exact = settings.model_dump(mode="json", exclude={"calls", "replay"})
    checkpoints = Checkpoints(path, f"{job.label} {sorted(exact.items())} {job.seeds}", say)
    return job, experiment.play(settings, job.seeds, checkpoints), time.perf_counter() - begun


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


def _play_with_ray(jobs: list[PvgJob], config: PvgConfig, keep: Callable[[Finished], None]) -> None:
    """One task for each job, kept as they are finished."""
    with ray_session(config.ray.workers, config.ray.address) as ours:
        import ray

        remote: Callable[..., Any] = ray.remote(play_pvg_job).remote
        waiting = [remote(job, plugins=config.plugins) for job in jobs]
        try:
            while waiting:
                (ready,), waiting = ray.wait(waiting, num_returns=1)
                keep(ray.get(ready))
        except ray.exceptions.RayError as error:
            raise in_words(error) from None
        finally:
            if not ours:
                cancel(waiting, force=True)
