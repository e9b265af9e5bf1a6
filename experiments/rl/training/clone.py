"""Behaviour cloning: a policy that does what was done in recordings or by agents (arXiv 1910.05789, section 4.1)."""

from __future__ import annotations

import time

import numpy as np
import torch
from rich.console import Console

from brigade.agents.learned.checkpoint import CHECKPOINTS, make_card, save
from brigade.agents.learned.network_spec import make_network
from brigade.agents.learned.networks import Policy
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.evaluation.evaluate import Returns, evaluate
from brigade.experiments.rl.training.demonstrations import Shown, demonstrations
from brigade.experiments.rl.training.device import choose_device, describe
from brigade.experiments.rl.training.divergence import check_losses, check_policy
from brigade.experiments.rl.training.resume import Progress
from brigade.experiments.rl.training.train import keep_evaluation
from brigade.experiments.rl.training.training_folder import training_folder
from brigade.simulation.provenance import revision


def clone(config: TrainConfig, seed: int, console: Console) -> list[Returns]:
    """Clone behaviour, and measure what the clone earns with itself. It is done on the CPU, whatever the device.

    Raises:
        BrigadeError: the recordings are of another kitchen, the folder holds another training or cannot be written, a
            device is wished for that cannot be used, or the clone diverged.
    """
    spec, kitchen = config.clone, config.kitchen.load()
    assert spec is not None
    choose_device(config.device)  # before anything is written
    with training_folder(config, seed, resume=False) as folder:
        begun = time.perf_counter()
        torch.set_num_threads(config.threads)
        torch.manual_seed(seed)
        card = make_card(
            kitchen, config.observation, config.network,
            training={**config.important(), "seed": seed}, revision=revision(),
        )  # fmt: skip
        policy: Policy = make_network(config.network, card.shape, kitchen.chefs)
        episodes = list(demonstrations(config, spec, kitchen, seed))
        held_out = min(len(episodes) - 1, round(len(episodes) * spec.held_out))
        learned, kept = episodes[held_out:], episodes[:held_out]
        fit(policy, learned, config, torch.Generator().manual_seed(seed))
        check_policy(config, "the end", policy, kitchen)
        moments = sum(len(actions) for _, actions in learned)
        share = agreement(policy, learned)
        console.print(f"{config.name} seed {seed}: {moments:,} moments learned, agreement {share:.3f}")
        if kept:
            share = agreement(policy, kept)
            console.print(f"{config.name} seed {seed}: agreement in {len(kept)} held-out episodes {share:.3f}")
        save(folder / CHECKPOINTS / f"{0:012d}", policy, card)
        returns = evaluate(policy, config, kitchen)
        keep_evaluation(folder, returns, Progress(0, time.perf_counter() - begun, 1), describe(torch.device("cpu")))
        return returns


def fit(policy: Policy, episodes: list[Shown], config: TrainConfig, random: torch.Generator) -> None:
    """Make what was done as probable as possible: cross-entropy, in minibatches, by Adam.

    Raises:
        BrigadeError: the loss is no longer a number.
    """
    spec = config.clone
    assert spec is not None
    seen = torch.from_numpy(np.concatenate([each for each, _ in episodes]))
    done = torch.from_numpy(np.concatenate([each for _, each in episodes]))
    optimizer = torch.optim.Adam(policy.parameters(), lr=spec.learning_rate, fused=True)
    for epoch in range(spec.epochs):
        for chosen in torch.split(torch.randperm(len(done), generator=random), spec.batch):
            loss = torch.nn.functional.cross_entropy(policy.logits_of(0, seen[chosen]), done[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        check_losses(config, f"epoch {epoch}", {"loss": loss.item()})


def agreement(policy: Policy, episodes: list[Shown]) -> float:
    """The mean probability of doing what was done."""
    with torch.inference_mode():
        shares = [
            policy.logits_of(0, torch.from_numpy(seen)).softmax(-1).gather(1, torch.from_numpy(done)[:, None]).mean()
            for seen, done in episodes
        ]
    return float(torch.stack(shares).mean())
