"""Who acts in a batch of kitchens: trained policies all at once, rule agents one after another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from brigade.agents.base import Agent, View, make_agent
from brigade.agents.learned.checkpoint import find, load, numbers_digest
from brigade.agents.learned.networks import ACTIONS, Policy, sample
from brigade.agents.learned.neural import TRAINED
from brigade.batch.configuration.specs import AgentSpec
from brigade.envs.asking import asking
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.interfaces.partners import checked_action
from brigade.envs.kitchen.observations.observe import make_observer
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.evaluation.stages import stages

Seats = NDArray[np.int64]  # (n,) seats, beside (n,) kitchens


class PolicyPlayer:
    """A policy for one seat in each of some kitchens of a batch, all at once.

    Args:
        policy: whose actor acts.
        random: what actions are drawn with; None for the most probable one.
    """

    def __init__(self, policy: Policy, random: torch.Generator | None):
        self.policy, self.random = policy, random

    def begin(self, game: Game, kitchens: Seats, seats: Seats) -> None:
        """Nothing is remembered between ticks."""

    def act(self, game: Game, seen: NDArray[Any], kitchens: Seats, seats: Seats) -> NDArray[np.int64]:
        """(n,) actions, given the observations (n, *shape) of these seats."""
        with torch.inference_mode():
            logits = self._logits(torch.from_numpy(seen), seats)
            chosen = logits.argmax(-1) if self.random is None else sample(logits, self.random)
        return chosen.numpy()

    def _logits(self, seen: torch.Tensor, seats: Seats) -> torch.Tensor:
        if self.policy.spec.policies == "shared":
            return self.policy.logits_of(0, seen)
        result = seen.new_zeros((len(seen), ACTIONS), dtype=torch.float32)
        for seat in np.unique(seats).tolist():
            mine = torch.from_numpy(seats == seat)
            result[mine] = self.policy.logits_of(seat, seen[mine])
        return result


class AgentPlayer:
    """An agent of its own for each kitchen and seat, shown the kitchen in words. Slow.

    Args:
        spec: which agent.
    """

    def __init__(self, spec: AgentSpec):
        self.spec = spec
        self._agents: dict[tuple[int, int], Agent] = {}

    def begin(self, game: Game, kitchens: Seats, seats: Seats) -> None:
        """Tell the agents that an episode begins."""
        for k, seat in zip(kitchens.tolist(), seats.tolist(), strict=True):
            if (k, seat) not in self._agents:
                self._agents[k, seat] = make_agent(self.spec.name, **self.spec.options)
            seed = 1000 * int(game.state.episode[k]) + k
            with asking(self._who, "being reset"):
                self._agents[k, seat].reset(View(game.kitchen_of(k), seat, seed))

    def act(self, game: Game, seen: NDArray[Any], kitchens: Seats, seats: Seats) -> NDArray[np.int64]:
        """(n,) actions."""
        actions = []
        for k, seat in zip(kitchens.tolist(), seats.tolist(), strict=True):
            with asking(self._who, "acting"):
                action = self._agents[k, seat].act(game.describe(k))
            actions.append(checked_action(action, self._who))
        return np.array(actions, np.int64)

    def _who(self) -> str:
        return f"agent '{self.spec}'"


Player = PolicyPlayer | AgentPlayer  # acts for one seat in each of some kitchens of a batch


def expand(specs: Sequence[AgentSpec]) -> list[AgentSpec]:
    """The agents, one by one.

    A checkpoint with `*` in it stands for all that it matches, in order of name, `seed_10` after `seed_2`; a training
    with the option `past` for its `stages`.

    Raises:
        BrigadeError: a pattern matches nothing, or a training has no past.
    """
    return [each for spec in specs for each in (_each(spec) if spec.name == "neural" else [spec])]


def _each(spec: AgentSpec) -> list[AgentSpec]:
    options = dict(spec.options)
    past, where = options.pop("past", False), str(options.get("checkpoint", ""))
    found = sorted(glob(where), key=_numbered) if "*" in where else [where]
    if not found:
        raise BrigadeError(f"checkpoint '{where}' matches nothing")
    if past:
        found = [str(stage) for run in found for stage in stages(Path(run))]
    return [AgentSpec(name=spec.name, options={**options, "checkpoint": path}) for path in found]


def _numbered(path: str) -> list[str | int]:
    """What to sort by, so that numbers count as numbers."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", path)]


def identity(spec: AgentSpec) -> dict[str, Any]:
    """An agent by name and options, with the digest of what it has learned, None if it is none that learns.

    Raises:
        BrigadeError: there is no such checkpoint.
    """
    digest = numbers_digest(find(_checkpoint(spec)[0])) if _learned(spec) else None
    return {"agent": str(spec), "digest": digest}


def _learned(spec: AgentSpec) -> bool:
    return spec.name == "neural" or spec.name.startswith(TRAINED)


def _checkpoint(spec: AgentSpec) -> tuple[str, bool]:
    """Where a neural agent's checkpoint is, and whether it is greedy."""
    options = dict(spec.options)
    if spec.name.startswith(TRAINED):
        options["checkpoint"] = spec.name.removeprefix(TRAINED)
    where, greedy = options.pop("checkpoint", ""), options.pop("greedy", False)
    if not where or options:
        raise BrigadeError(f"{spec}: a neural agent has the options checkpoint, which it needs, and greedy")
    return str(where), bool(greedy)


def make_player(spec: AgentSpec, kitchen: Kitchen, observation: str, random: torch.Generator) -> Player:
    """A player from an agent's name and options.

    Raises:
        BrigadeError: an unknown agent, or a checkpoint that does not fit the kitchen and the observation.
    """
    if not _learned(spec):
        make_agent(spec.name, **spec.options)  # now, so that a mistake is told before anything is played
        return AgentPlayer(spec)
    where, greedy = _checkpoint(spec)
    policy, card = load(where, kitchen)
    if card.observation != observation:
        raise BrigadeError(f"{where}: trained with the observation '{card.observation}', expected '{observation}'")
    read = list(make_observer(observation, kitchen).shape)
    if read != card.shape:
        raise BrigadeError(f"{where}: reads {observation} of the shape {card.shape}, and here they are {read}")
    return PolicyPlayer(policy, None if greedy else random)
