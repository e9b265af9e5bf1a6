"""Trainings with several seeds, side by side through Ray as far as there are cores for them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

from rich.console import Console

from brigade.envs.kitchen.game import Game
from brigade.envs.registry import BrigadeError
from brigade.experiments.machine import cores
from brigade.experiments.rl.clone import clone
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.evaluate import Returns
from brigade.experiments.rl.resume import RESUME
from brigade.experiments.rl.train import train

Seeded = dict[int, list[Returns]]


def train_seeds(config: TrainConfig, console: Console, resume: bool = False) -> Seeded:
    """Train with every seed of a configuration.

    Returns:
        What each policy earns at the end, by seed.

    Raises:
        BrigadeError: a training cannot begin or diverged; the others are finished first.
    """
    if len(config.seeds) == 1 or config.parallel == 1:
        return {seed: train_one(config, seed, console, resume) for seed in config.seeds}
    Game(config.kitchen.load()).reset(0)  # compile here, once, rather than in every worker
    return _with_ray(config, console, resume)


def train_one(config: TrainConfig, seed: int, console: Console, resume: bool = False) -> list[Returns]:
    """Train with one seed; when resuming, one that has not begun begins."""
    if config.algorithm == "clone":
        return clone(config, seed, console)
    return train(config, seed, console, resume and (config.run_folder(seed) / RESUME).exists())


def _with_ray(config: TrainConfig, console: Console, resume: bool) -> Seeded:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else Ray warns about GPUs it has not got
    import ray

    workers = min(len(config.seeds), config.parallel or max(1, len(cores()) // config.threads))
    ray.init(num_cpus=workers, include_dashboard=False, logging_level=logging.ERROR, ignore_reinit_error=True)
    # A worker that is killed is started again, and goes on from its last checkpoint.
    remote: Callable[..., Any] = ray.remote(max_retries=2)(_in_worker).remote
    waiting = {remote(config.model_dump_json(), seed, resume): seed for seed in config.seeds}
    finished: Seeded = {}
    problems: list[str] = []
    try:
        while waiting:
            (ready,), _ = ray.wait(list(waiting), num_returns=1)
            seed = waiting.pop(ready)
            try:
                finished[seed] = ray.get(ready)
            except ray.exceptions.RayTaskError as error:
                cause: Exception = error.as_instanceof_cause()  # type: ignore[no-untyped-call]
                if not isinstance(cause, BrigadeError):
                    raise
                problems.append(f"seed {seed}: {cause.args[0] if cause.args else cause}")
            except ray.exceptions.WorkerCrashedError:
                problems.append(f"seed {seed}: its worker was killed again and again; --resume goes on from there")
            else:
                console.print(f"{config.name}: {len(finished)} of {len(config.seeds)} seeds are trained")
    finally:
        for reference in waiting:
            ray.cancel(reference, force=True)
        ray.shutdown()
    if problems:
        raise BrigadeError("; ".join(problems))
    return {seed: finished[seed] for seed in config.seeds}


def _in_worker(config: str, seed: int, resume: bool) -> list[Returns]:
    """Train in a process of Ray's, whose output Ray passes on."""
    loaded = TrainConfig.model_validate_json(config)
    begun = (loaded.run_folder(seed) / RESUME).exists()
    return train_one(loaded, seed, Console(width=120), resume or begun)
