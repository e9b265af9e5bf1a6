"""Going on where a training stopped, exactly: everything that the next update depends on, in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, NonNegativeInt
from torch import Tensor

from brigade.agents.learned.tensors import read_sealed, sealed, taken_from
from brigade.envs.content import Model, checked
from brigade.envs.disk import write
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import State, check_possible
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.training.gpu_rollout import Rollout
from brigade.experiments.rl.training.ppo import PPO

RESUME, VERSION = "resume.pt", 1


@dataclass
class Progress:
    """How far a training has come."""

    steps: int = 0  # environment steps
    seconds: float = 0.0  # of wall time, all parts of an interrupted training together
    saved: int = 0  # checkpoints written


class _Kept(BaseModel):
    """`Progress` in a file."""

    model_config = ConfigDict(strict=True)

    steps: Annotated[int, Field(ge=0, lt=2**53)]
    seconds: Annotated[FiniteFloat, Field(ge=0)]
    saved: NonNegativeInt


class _KeptRooms(Model):
    """What `RoomList.kept` says."""

    room: list[NonNegativeInt]
    numbers: list[NonNegativeInt]
    age: list[NonNegativeInt]
    ticks: NonNegativeInt
    leaving: int


def progress_of(things: dict[str, Any]) -> Progress:
    """How far a training had come that left these things to go on from.

    Raises:
        BrigadeError: they do not say it.
    """
    return Progress(**checked(_Kept, things.get("progress") or {}, "progress.").model_dump())


def save_training(folder: Path, learner: PPO, rollout: Rollout, random: torch.Generator, progress: Progress) -> None:
    """Write it; the old file stays until the new one is whole.

    Raises:
        BrigadeError: it cannot be written, for example because the disk is full.
    """
    state = rollout.game.state
    things = {
        "version": VERSION,
        "progress": vars(progress),
        "policy": learner.policy.state_dict(),
        "optimizer": learner.optimizer.state_dict(),
        "random": random.get_state(),
        "state": {name: torch.from_numpy(getattr(state, name)) for name in State._fields},
        "seen": torch.as_tensor(rollout.seen).cpu(),
        "shaped": torch.as_tensor(rollout.shaped).cpu(),
    }
    if rollout.game.rooms is not None:
        things["rooms"] = rollout.game.rooms.kept(rollout.game.room)
    write(folder / RESUME, sealed(things))


def load_training(folder: Path, learner: PPO, rollout: Rollout, random: torch.Generator) -> Progress:
    """Put everything back as it was.

    With rule agents as partners, who remember things that no file holds, they begin anew in the middle of their
    episodes; everything else goes on exactly as it would have.

    Raises:
        BrigadeError: there is nothing to go on from, or it is damaged.
    """
    path = folder / RESUME
    things = read_sealed(path)
    if things.get("version") != VERSION:
        raise BrigadeError(f"{path}: version {things.get('version')}; this Brigade resumes version {VERSION}")
    with taken_from(path):
        return _put_back(things, learner, rollout, random)


def _put_back(things: dict[str, Any], learner: PPO, rollout: Rollout, random: torch.Generator) -> Progress:
    learner.policy.load_state_dict(things["policy"])
    learner.optimizer.load_state_dict(things["optimizer"])
    random.set_state(things["random"])
    arrays: dict[str, Tensor] = things["state"]
    saved = State(**{name: array.numpy() for name, array in arrays.items()})
    rooms = rollout.game.rooms
    seated = None
    if rooms is None:
        check_possible(rollout.game.kitchen, saved)
    else:
        seated = rooms.put_back(checked(_KeptRooms, things.get("rooms") or {}, "rooms.").model_dump(), len(saved.tick))
        for r in np.unique(seated).tolist():
            here = seated == r
            check_possible(rooms.enlarged[r], State(*(array[here] for array in saved)))
    if isinstance(rollout.game, Game):
        rollout.game.bind()  # to rooms that have come in
    rollout.game.restore(saved, seated)
    for name in ("seen", "shaped"):
        there = torch.as_tensor(getattr(rollout, name))
        if (things[name].shape, things[name].dtype) != (there.shape, there.dtype):
            raise BrigadeError(f"{name} has shape {tuple(things[name].shape)}, expected {tuple(there.shape)}")
    rollout.put_back(things["seen"], things["shaped"])
    if rollout.partners is not None:
        rollout.partners.begin(np.ones(len(rollout.shaped), np.bool_))
    return progress_of(things)
