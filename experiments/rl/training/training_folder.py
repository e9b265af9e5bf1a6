"""The folder of a training: held by one process, begun only once, and gone on with only as what it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from brigade.agents.learned.checkpoint import check_fits, read_card, steps_of
from brigade.batch.folder.lines import read_lines, write_lines
from brigade.batch.folder.lock import take_lock
from brigade.batch.folder.resume import filled_in, refuse_change
from brigade.envs.disk import make_folder
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.evaluation.players import expand, identity
from brigade.experiments.rl.training.resume import RESUME

CONFIG, PARTNERS, EVALUATION = "config.json", "partners.jsonl", "evaluation.json"


@contextmanager
def training_folder(config: TrainConfig, seed: int, resume: bool) -> Iterator[Path]:
    """Make the folder of a training, or check that it holds this one, and keep other processes out of it.

    A training that was cut off before there was anything to resume is begun again. So is a clone, which comes out the
    same.

    Yields:
        The folder; it is let go of at the end of the block.

    Raises:
        BrigadeError: another process works in the folder, or it holds a training already, or none, or another one, to
            go on with.
    """
    folder = config.run_folder(seed)
    if resume and not (folder / RESUME).exists():
        raise BrigadeError(f"{folder}: nothing to resume; start without --resume")
    make_folder(folder)
    lock = take_lock(folder)
    try:
        _prepare(folder, config, resume)
        yield folder
    finally:
        lock.release()


def _prepare(folder: Path, config: TrainConfig, resume: bool) -> None:
    if resume:
        _check_config(folder, config)
        _check_kitchen(folder, config)
        _check_partners(folder, config)
        return
    if _holds_training(folder):
        if config.algorithm != "clone" or not (folder / CONFIG).exists():
            raise BrigadeError(f"{folder} holds a training already; go on with --resume, or choose another out=DIR")
        _check_config(folder, config)
    _begin(folder, config)


def _holds_training(folder: Path) -> bool:
    """Whether there is more than the beginning of a training that was cut off."""
    finished = (folder / RESUME).exists() or (folder / EVALUATION).exists()
    return finished or any(int(each.name) for each in steps_of(folder))


def _begin(folder: Path, config: TrainConfig) -> None:
    partners = _partners(config)
    if partners:
        write_lines(folder / PARTNERS, partners)
    write_lines(folder / CONFIG, [config.model_dump(mode="json")])


def _partners(config: TrainConfig) -> list[dict[str, Any]]:
    """The population, one by one, each with what tells when it is trained again."""
    return [identity(spec) for spec in expand(config.partners)]


def _check_config(folder: Path, config: TrainConfig) -> None:
    path = folder / CONFIG
    old = filled_in(path, next(read_lines(path), {}), TrainConfig, TrainConfig.important)
    refuse_change(folder, "another training", old, config.important())


def _check_kitchen(folder: Path, config: TrainConfig) -> None:
    """What the configuration only names must be as it was: the game, and what is seen of it."""
    kitchen = config.kitchen.load()
    for newest in steps_of(folder)[-1:]:
        card = read_card(newest)
        check_fits(card, kitchen, newest)
        if card.horizon != kitchen.horizon:
            raise BrigadeError(
                f"{folder}: cannot resume: the horizon of '{kitchen.name}' was {card.horizon} there, and is "
                f"{kitchen.horizon} now"
            )


def _check_partners(folder: Path, config: TrainConfig) -> None:
    path = folder / PARTNERS
    if not config.partners or not path.exists():  # a Brigade before this one did not write it
        return
    old, new = list(read_lines(path)), _partners(config)
    if old != new:
        differ = [each["agent"] for each in [*old, *new] if each not in old or each not in new]
        changed = ", ".join(dict.fromkeys(differ)) or "their order"
        raise BrigadeError(
            f"{folder}: cannot resume: the partners are not those of {path.name} any more: {changed} changed, came or "
            f"went; choose another out=DIR"
        )
