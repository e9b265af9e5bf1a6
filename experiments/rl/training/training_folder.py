"""The folder of a training: begun only once, and gone on with only as what it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from brigade.agents.learned.checkpoint import check_fits, make_folder, read_card, steps_of, write
from brigade.batch.records import read_lines
from brigade.envs.content import first_problem
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.evaluation.players import expand, identity
from brigade.experiments.rl.training.resume import RESUME

CONFIG, PARTNERS, EVALUATION = "config.json", "partners.jsonl", "evaluation.json"


def prepare(folder: Path, config: TrainConfig, resume: bool) -> None:
    """Make the folder of a training, or check that it holds this one.

    A training that was cut off before there was anything to resume is begun again. So is a clone, which comes out the
    same.

    Raises:
        BrigadeError: the folder holds a training already, or none, or another one, to go on with.
    """
    if resume:
        if not (folder / RESUME).exists():
            raise BrigadeError(f"{folder}: nothing to resume; start without --resume")
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
    make_folder(folder)
    if partners:
        write(folder / PARTNERS, "".join(json.dumps(each) + "\n" for each in partners).encode())
    write(folder / CONFIG, (json.dumps(config.model_dump(mode="json")) + "\n").encode())


def _partners(config: TrainConfig) -> list[dict[str, Any]]:
    """The population, one by one, each with what tells when it is trained again."""
    return [identity(spec) for spec in expand(config.partners)]


def _check_config(folder: Path, config: TrainConfig) -> None:
    path = folder / CONFIG
    try:
        old, new = TrainConfig.model_validate(next(read_lines(path), {})).important(), config.important()
    except ValidationError as error:
        where, message = first_problem(TrainConfig, error)
        raise BrigadeError(f"{path}: {'.'.join(map(str, where))}: {message}") from None
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            raise BrigadeError(
                f"{folder} holds another training, cannot resume: {key} was {old.get(key)} there, and is "
                f"{new.get(key)} now; "
                f"choose another out=DIR"
            )


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
