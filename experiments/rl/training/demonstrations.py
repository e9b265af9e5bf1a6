"""What behaviour cloning learns from: runs, recordings of people, or episodes that agents play for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brigade.agents.base import Agent, Observation, View, make_agent
from brigade.batch.configuration.specs import AgentSpec
from brigade.envs.asking import asking
from brigade.envs.kitchen.content.layout import ACTION_NAMES, Kitchen, kitchen_digest
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.interfaces.partners import checked_action
from brigade.envs.kitchen.observations.observe import make_observer
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.run.results import EPISODES, read_results
from brigade.experiments.rl.config import CloneSpec, TrainConfig
from brigade.simulation.recording import ENDING, read_recording

Shown = tuple[NDArray[Any], NDArray[np.int64]]  # (n, *shape) what was seen in an episode, (n,) what was done


def demonstrations(config: TrainConfig, spec: CloneSpec, kitchen: Kitchen, seed: int) -> Iterator[Shown]:
    """The episodes to be learned from.

    Raises:
        BrigadeError: seats that there are not, or folders without episodes in this kitchen.
    """
    if isinstance(spec.seats, list) and any(seat >= kitchen.chefs for seat in spec.seats):
        raise BrigadeError(f"clone.seats {spec.seats}: '{kitchen.name}' has the seats 0 to {kitchen.chefs - 1}")
    seats = spec.seats if isinstance(spec.seats, list) else list(range(kitchen.chefs))
    for folder in spec.results:
        if (Path(folder) / EPISODES).exists() or Path(folder).is_file():
            yield from _from_results(folder, config.observation, kitchen, seats)
        else:
            yield from _from_recordings(Path(folder), config.observation, kitchen, spec.seats)
    for k in range(spec.episodes if spec.team else 0):
        yield _played(config.observation, spec, kitchen, seats, [seed, k])


def _from_results(folder: str, observation: str, kitchen: Kitchen, seats: list[int]) -> Iterator[Shown]:
    _, *episodes = read_results(folder, unfinished=True)
    fitting = [each for each in episodes if each.get("kitchen_digest") == kitchen_digest(kitchen)]
    if not fitting:
        raise BrigadeError(f"{folder}: none of its {len(episodes)} episodes is of '{kitchen.name}' as it is here")
    for record in fitting:
        game = Game(kitchen)
        script = record.get("order_script")
        game.reset([record["seed"]], None if script is None else [script])
        joints = [[int(digit) for digit in digits] for digits in zip(*record["actions"], strict=True)]
        yield _watch(game, joints, observation, seats)


def _from_recordings(
    folder: Path, observation: str, kitchen: Kitchen, seats: list[int] | str | None
) -> Iterator[Shown]:
    """Recordings below a folder, of games of any length; with `seats: people` only what people did is learned."""
    found = sorted(folder.rglob(f"*{ENDING}"))
    fitting = 0
    for path in found:
        recording = read_recording(path)
        if _but_length(recording.kitchen) != _but_length(kitchen):
            continue
        agents = recording.header["agents"]
        whose = seats if isinstance(seats, list) else range(len(agents))
        if seats == "people":
            whose = [seat for seat in whose if agents[seat].get("human")]
        if whose and recording.ticks:
            fitting += 1
            yield _watch(recording.start(), [line.actions for line in recording.ticks], observation, list(whose))
    if not fitting:
        what = "with people in it " if seats == "people" else ""
        raise BrigadeError(f"{folder}: none of its {len(found)} recordings {what}is of '{kitchen.name}' as it is here")


def _but_length(kitchen: Kitchen) -> tuple[Any, ...]:
    """What makes two kitchens the same game, however long it is played."""
    spec = kitchen.spec.model_dump(mode="json", exclude={"horizon", "title", "about"})
    return spec, kitchen.cookbook.spec.model_dump(mode="json")


def _watch(game: Game, joints: Sequence[Sequence[int]], observation: str, seats: list[int]) -> Shown:
    shown = _Shown(game, observation, seats)
    for joint in joints:
        shown.add(joint)
        game.step([joint])
    return shown.arrays()


def _played(observation: str, spec: CloneSpec, kitchen: Kitchen, seats: list[int], seed: list[int]) -> Shown:
    """An episode of the demonstrators. What noise makes of an action is played, and what they wanted is learned."""
    random = np.random.default_rng(seed)
    game = Game(kitchen)
    game.reset([int(random.integers(2**32))])
    team = [make_agent(member.name, **member.options) for member in spec.team]
    for seat, member in enumerate(team):
        with asking(partial(str, spec.team[seat]), "being reset"):
            member.reset(View(kitchen, seat, int(random.integers(2**32))))
    shown = _Shown(game, observation, seats)
    for _ in range(kitchen.horizon):
        described = game.describe()
        joint = [_asked(member, described, who) for member, who in zip(team, spec.team, strict=True)]
        shown.add(joint)
        noisy = random.random(len(joint)) < spec.noise
        game.step([np.where(noisy, random.integers(len(ACTION_NAMES), size=len(joint)), joint).tolist()])
    return shown.arrays()


def _asked(member: Agent, described: Observation, spec: AgentSpec) -> int:
    who = partial(str, spec)
    with asking(who, "acting"):
        action = member.act(described)
    return checked_action(action, who)


class _Shown:
    """Collects what the chefs of some seats saw and did."""

    def __init__(self, game: Game, observation: str, seats: list[int]):
        self._game, self._seats = game, seats
        self._observer = make_observer(observation, game.kitchen)
        self._buffer = self._observer.buffer(1)
        self._seen: list[NDArray[Any]] = []
        self._done: list[int] = []

    def add(self, joint: Sequence[int]) -> None:
        """What they see now, and what they do about it."""
        self._observer.write(self._game.state, self._buffer, 0, 1)
        self._seen += [self._buffer[0, seat].copy() for seat in self._seats]
        self._done += [joint[seat] for seat in self._seats]

    def arrays(self) -> Shown:
        """The whole episode."""
        return np.stack(self._seen), np.array(self._done, np.int64)
