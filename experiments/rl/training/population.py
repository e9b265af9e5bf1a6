"""Trainings with several seeds, side by side as far as there are cores for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rich.console import Console

from brigade.batch.running.jobs import run_jobs
from brigade.batch.running.machine import cores
from brigade.batch.terminal import Terminal
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.plugins import import_plugins
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.evaluation.evaluate import Returns
from brigade.experiments.rl.training.clone import clone
from brigade.experiments.rl.training.device import gpu_count
from brigade.experiments.rl.training.resume import RESUME
from brigade.experiments.rl.training.train import train

Work = Callable[[int], list[Returns]]


def train_seeds(config: TrainConfig, console: Console, resume: bool = False) -> dict[int, list[Returns]]:
    """Train with every seed of a configuration. A seed whose process is killed goes on from its last checkpoint.

    With GPUs, trainings share them evenly.

    Returns:
        What each policy earns at the end, by seed.

    Raises:
        BrigadeError: a training cannot begin or diverged; the others are finished first.
    """
    if len(config.seeds) == 1:
        (seed,) = config.seeds
        return {seed: _train(config, console, resume, seed)}
    workers, gpus = 0, 0.0
    begin: Work = partial(_train, config, console, resume)
    go_on = begin
    if config.parallel != 1:
        Game(config.kitchen.load()).reset(0)  # compile here, once, rather than in every worker
        workers = min(len(config.seeds), config.parallel or max(1, len(cores()) // config.threads))
        begin, go_on = (partial(_in_worker, config, again) for again in (resume, True))
        gpus = 0.0 if config.backend == "rllib" else min(gpu_count(config.device) / workers, 1.0)
    finished: dict[int, list[Returns]] = {}
    problems = []
    before = partial(import_plugins, config.plugins)
    for seed, outcome in run_jobs(begin, config.seeds, workers, before=before, again=go_on, gpus=gpus, show=True):
        if isinstance(outcome, BrigadeError):
            problems.append(f"seed {seed}: {outcome}")
        else:
            finished[seed] = outcome
            console.print(f"{config.name}: {len(finished)} of {len(config.seeds)} seeds are trained")
    if problems:
        raise BrigadeError("; ".join(problems))
    return {seed: finished[seed] for seed in config.seeds}


def _train(config: TrainConfig, console: Console, resume: bool, seed: int) -> list[Returns]:
    """Train with one seed; of several that are resumed, one that has not begun begins."""
    if config.algorithm == "clone":
        return clone(config, seed, console)
    begun = (config.run_folder(seed) / RESUME).exists()
    return train(config, seed, console, resume and (begun or len(config.seeds) == 1))


def _in_worker(config: TrainConfig, resume: bool, seed: int) -> list[Returns]:
    """Train in a process of its own, whose output Ray passes on."""
    return _train(config, Terminal(width=120), resume, seed)
