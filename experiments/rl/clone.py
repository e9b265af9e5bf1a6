"""Behaviour cloning: a policy that does what was done in recordings or by agents (arXiv 1910.05789, section 4.1)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from brigade.agents.base import View
from brigade.agents.checkpoint import CHECKPOINTS, make_card, make_folder, save
from brigade.agents.networks import ACTIONS, Policy
from brigade.dual_process.build import make_agent
from brigade.dual_process.provenance import revision
from brigade.envs.kitchen.game import Game
from brigade.envs.kitchen.layout import Kitchen, kitchen_digest
from brigade.envs.kitchen.observe import make_observer
from brigade.envs.registry import BrigadeError
from brigade.experiments.records import read_results
from brigade.experiments.rl.config import CloneSpec, TrainConfig
from brigade.experiments.rl.evaluate import Returns, evaluate
from brigade.experiments.rl.resume import Progress
from brigade.experiments.rl.train import keep_evaluation

Joint = list[int]  # an action per seat
Shown = tuple[NDArray[Any], NDArray[np.int64]]  # (n, *shape) what was seen in an episode, (n,) what was done


def clone(config: TrainConfig, seed: int, console: Console) -> list[Returns]:
    """Clone behaviour, and measure what the clone earns with itself.

    Raises:
        BrigadeError: the recordings are of another kitchen, or the folder cannot be written.
    """
    begun = time.perf_counter()
    spec, kitchen = config.clone, config.kitchen.load()
    assert spec is not None
    torch.set_num_threads(config.threads)
    torch.manual_seed(seed)
    card = make_card(
        kitchen, config.observation, config.network,
        training={**config.important(), "seed": seed}, revision=revision(),
    )  # fmt: skip
    policy = Policy(config.network, card.shape, kitchen.chefs)
    episodes = list(_demonstrations(config, spec, kitchen, seed))
    held_out = min(len(episodes) - 1, round(len(episodes) * spec.held_out))
    learned, kept = episodes[held_out:], episodes[:held_out]
    fit(policy, learned, spec, torch.Generator().manual_seed(seed))
    moments = sum(len(actions) for _, actions in learned)
    console.print(f"{config.name} seed {seed}: {moments:,} moments learned, agreement {agreement(policy, learned):.3f}")
    if kept:
        share = agreement(policy, kept)
        console.print(f"{config.name} seed {seed}: agreement in {len(kept)} held-out episodes {share:.3f}")
    folder = config.run_folder(seed)
    make_folder(folder)
    save(folder / CHECKPOINTS / f"{0:012d}", policy, card)
    returns = evaluate(policy, config, kitchen)
    keep_evaluation(folder, returns, Progress(0, time.perf_counter() - begun, 1))
    return returns


def fit(policy: Policy, episodes: list[Shown], spec: CloneSpec, random: torch.Generator) -> None:
    """Make what was done as probable as possible: cross-entropy, in minibatches, by Adam."""
    seen = torch.from_numpy(np.concatenate([each for each, _ in episodes]))
    done = torch.from_numpy(np.concatenate([each for _, each in episodes]))
    optimizer = torch.optim.Adam(policy.actors.parameters(), lr=spec.learning_rate, fused=True)
    for _ in range(spec.epochs):
        for chosen in torch.split(torch.randperm(len(done), generator=random), spec.batch):
            loss = torch.nn.functional.cross_entropy(policy.logits_of(0, seen[chosen]), done[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()


def agreement(policy: Policy, episodes: list[Shown]) -> float:
    """The mean probability of doing what was done."""
    with torch.inference_mode():
        shares = [
            policy.logits_of(0, torch.from_numpy(seen)).softmax(-1).gather(1, torch.from_numpy(done)[:, None]).mean()
            for seen, done in episodes
        ]
    return float(torch.stack(shares).mean())


def _demonstrations(config: TrainConfig, spec: CloneSpec, kitchen: Kitchen, seed: int) -> Iterator[Shown]:
    seats = list(range(kitchen.chefs)) if spec.seats is None else spec.seats
    if any(seat >= kitchen.chefs for seat in seats):
        raise BrigadeError(f"clone.seats {seats}: '{kitchen.name}' has the seats 0 to {kitchen.chefs - 1}")
    if spec.results:
        for folder in spec.results:
            yield from _from_results(folder, config.observation, kitchen, seats)
        return
    for k in range(spec.episodes):
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
        shown = _Shown(game, observation, seats)
        for digits in zip(*record["actions"], strict=True):
            joint = [int(digit) for digit in digits]
            shown.add(joint)
            game.step([joint])
        yield shown.arrays()


def _played(observation: str, spec: CloneSpec, kitchen: Kitchen, seats: list[int], seed: list[int]) -> Shown:
    """An episode of the demonstrators. What noise makes of an action is played, and what they wanted is learned."""
    random = np.random.default_rng(seed)
    game = Game(kitchen)
    game.reset([int(random.integers(2**32))])
    team = [make_agent(member.name, **member.options) for member in spec.team]
    for seat, member in enumerate(team):
        member.reset(View(kitchen, seat, int(random.integers(2**32))))
    shown = _Shown(game, observation, seats)
    for _ in range(kitchen.horizon):
        described = game.describe()
        joint = [member.act(described) for member in team]
        shown.add(joint)
        noisy = random.random(len(joint)) < spec.noise
        game.step([np.where(noisy, random.integers(ACTIONS, size=len(joint)), joint).tolist()])
    return shown.arrays()


class _Shown:
    """Collects what the chefs of some seats saw and did."""

    def __init__(self, game: Game, observation: str, seats: list[int]):
        self._game, self._seats = game, seats
        self._observer = make_observer(observation, game.kitchen)
        self._buffer = self._observer.buffer(1)
        self._seen: list[NDArray[Any]] = []
        self._done: list[int] = []

    def add(self, joint: Joint) -> None:
        """What they see now, and what they do about it."""
        self._observer.write(self._game.state, self._buffer, 0, 1)
        self._seen += [self._buffer[0, seat].copy() for seat in self._seats]
        self._done += [joint[seat] for seat in self._seats]

    def arrays(self) -> Shown:
        """The whole episode."""
        return np.stack(self._seen), np.array(self._done, np.int64)
