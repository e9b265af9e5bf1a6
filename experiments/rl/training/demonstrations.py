"""What behaviour cloning learns from: runs, recordings of people, or episodes that agents play for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
Move = tuple[Sequence[int], Sequence[int]]  # what all chefs wanted to do, and what is played of it


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
        yield _watch(game, zip(joints, joints, strict=True), observation, seats)


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
            moves = ((line.actions, line.actions) for line in recording.ticks)
            yield _watch(recording.start(), moves, observation, list(whose))
    if not fitting:
        what = "with people in it " if seats == "people" else ""
        raise BrigadeError(f"{folder}: none of its {len(found)} recordings {what}is of '{kitchen.name}' as it is here")


def _but_length(kitchen: Kitchen) -> tuple[Any, ...]:
    """What makes two kitchens the same game, however long it is played."""
    spec = kitchen.spec.model_dump(mode="json", exclude={"horizon", "title", "about"})
    return spec, kitchen.cookbook.spec.model_dump(mode="json")


def _watch(game: Game, moves: Iterable[Move], observation: str, seats: list[int]) -> Shown:
    """Play moves, each asked for when the one before it is played; what the chefs of some seats saw and wanted."""
    observer = make_observer(observation, game.kitchen)
    buffer = observer.buffer(1)
    seen, done = [], []
    for wanted, played in moves:
        observer.write(game.state, buffer, 0, 1)
        seen += [buffer[0, seat].copy() for seat in seats]
        done += [wanted[seat] for seat in seats]
        game.step([played])
    return np.stack(seen), np.array(done, np.int64)


def _played(observation: str, spec: CloneSpec, kitchen: Kitchen, seats: list[int], seed: list[int]) -> Shown:
    """An episode of the demonstrators. What noise makes of an action is played, and what they wanted is learned."""
    random = np.random.default_rng(seed)
    game = Game(kitchen)
    game.reset([int(random.integers(2**32))])
    team = [make_agent(member.name, **member.options) for member in spec.team]
    for seat, member in enumerate(team):
        with asking(partial(str, spec.team[seat]), "being reset"):
            member.reset(View(kitchen, seat, int(random.integers(2**32))))

    def moves() -> Iterator[Move]:
        for _ in range(kitchen.horizon):
            described = game.describe()
            joint = [_asked(member, described, who) for member, who in zip(team, spec.team, strict=True)]
            noisy = random.random(len(joint)) < spec.noise
            yield joint, np.where(noisy, random.integers(len(ACTION_NAMES), size=len(joint)), joint).tolist()

    return _watch(game, moves(), observation, seats)


def _asked(member: Agent, described: Observation, spec: AgentSpec) -> int:
    who = partial(str, spec)
    with asking(who, "acting"):
        action = member.act(described)
    return checked_action(action, who)
