"""The same trainings through Ray RLlib: multi-agent PPO, whose policies are saved like all others.

RLlib plays and learns; networks, rewards and checkpoints are Brigade's, so that a policy is the same thing whoever
trained it. `make_ppo` gives the configuration of RLlib's algorithm, for sweeps and clusters of one's own.
"""

from __future__ import annotations

import logging
import math
import os
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import Tensor

from brigade.agents.learned.network_spec import STANDARD, NetworkSpec
from brigade.agents.learned.networks import Policy
from brigade.agents.learned.tensors import read_sealed, sealed, taken_from
from brigade.batch.running.machine import cores
from brigade.batch.running.ray_session import ray_session
from brigade.envs.disk import write
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.training.device import describe
from brigade.experiments.rl.training.learning import Learning
from brigade.experiments.rl.training.log import Log
from brigade.experiments.rl.training.ppo import Losses
from brigade.experiments.rl.training.resume import RESUME, VERSION, progress_of
from brigade.experiments.rl.training.rollout import Totals
from brigade.experiments.rl.training.train import KITCHEN_SEEDS, first_policy, new_policy, see_through
from brigade.experiments.rl.training.training_folder import training_folder

try:
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
    from ray.rllib.core.columns import Columns
    from ray.rllib.core.rl_module.apis.value_function_api import ValueFunctionAPI
    from ray.rllib.core.rl_module.multi_rl_module import MultiRLModuleSpec
    from ray.rllib.core.rl_module.rl_module import RLModuleSpec
    from ray.rllib.core.rl_module.torch import TorchRLModule

    from brigade.experiments.rl.ray.rllib_env import SUMS, KitchenMultiAgentEnv, count_episode, count_from, env_config
except ImportError as error:
    raise BrigadeError(f"backend rllib needs Ray RLlib ({error}): pip install 'brigade[rllib]'") from None

SHARED = "shared"  # the one module of policies that are shared; separate ones are called like their agents


class KitchenModule(TorchRLModule, ValueFunctionAPI):  # type: ignore[misc, unused-ignore]  # where RLlib is missing
    """One of Brigade's actors with its critic, for RLlib."""

    def setup(self) -> None:
        """Make the networks that `model_config["network"]` describes."""
        given: Any = self.model_config
        space: Any = self.observation_space
        spec = NetworkSpec.model_validate(given["network"])
        self.policy = Policy(spec.model_copy(update={"policies": "shared"}), space.shape, 1)

    def _forward(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {Columns.ACTION_DIST_INPUTS: self.policy.logits_of(0, batch[Columns.OBS])}

    def compute_values(self, batch: dict[str, Any], embeddings: Any = None) -> Tensor:
        """(B,) expected returns."""
        return self.policy.values(batch[Columns.OBS].unsqueeze(1)).squeeze(1)


class KitchenLearner(PPOTorchLearner):  # type: ignore[misc, unused-ignore]  # where RLlib is missing
    """RLlib's PPO, which also says how far the policy has moved."""

    def compute_loss_for_module(self, *, module_id: str, config: Any, batch: Any, fwd_out: Any) -> Any:
        """As RLlib does it, plus two figures."""
        loss = super().compute_loss_for_module(module_id=module_id, config=config, batch=batch, fwd_out=fwd_out)
        with torch.no_grad():
            logits = torch.log_softmax(fwd_out[Columns.ACTION_DIST_INPUTS], -1)
            now = logits.gather(-1, batch[Columns.ACTIONS].long().unsqueeze(-1)).squeeze(-1)
            change = now - batch[Columns.ACTION_LOGP]
            if Columns.LOSS_MASK in batch:
                change = change[batch[Columns.LOSS_MASK]]
            ratio = change.exp()
            figures = {
                "kl": (ratio - 1 - change).mean(),
                "clipped": ((ratio - 1).abs() > config.clip_param).float().mean(),
            }
        self.metrics.log_dict(figures, key=module_id, window=1)
        return loss


def check_supported(config: TrainConfig) -> None:
    """Refuse what RLlib is not asked to do here.

    Raises:
        BrigadeError: cloning, partners, a centralised critic, clipped values, a GPU or an own network.
    """
    asked = {
        "algorithm: clone": config.algorithm == "clone",
        "partners": bool(config.partners),
        "network.critic: centralised": config.network.critic == "centralised",
        "ppo.value_clip": config.ppo.value_clip is not None,
        "device: cuda": config.device == "cuda",
        f"network.kind: {config.network.kind}": config.network.kind != STANDARD,
    }
    for what, wanted in asked.items():
        if wanted:
            does = "does self-play on the CPU, with independent critics"
            raise BrigadeError(f"backend rllib {does}; for {what} use backend: torch")


def make_ppo(config: TrainConfig, seed: int, kitchen: Kitchen, workers: int = 0, done: int = 0) -> Any:
    """RLlib's `PPOConfig` for a training; change what you like before `build_algo`, or hand it to Ray Tune.

    Args:
        config: the training. RLlib's workers share its `kitchens`.
        seed: of networks and kitchens.
        kitchen: the one of the training.
        workers: processes that step kitchens; with 0 the learner's own does.
        done: environment steps that were trained before, which schedules begin after.

    Raises:
        BrigadeError: the training has something that RLlib is not asked to do here.
    """
    check_supported(config)
    spec, left = config.ppo, max(1, config.steps - done)
    each = -(-config.kitchens // max(1, workers))
    batch = each * max(1, workers) * config.ticks  # environment steps
    separate, modules = config.network.policies == "separate", _modules(config, kitchen)
    module = RLModuleSpec(module_class=KitchenModule, model_config={"network": config.network.model_dump()})
    entropy_left = max(1, (spec.entropy_steps or config.steps) - done)
    algorithm: Any = PPOConfig()  # type: ignore[no-untyped-call, unused-ignore]
    return (
        algorithm.api_stack(enable_rl_module_and_learner=True, enable_env_runner_and_connector_v2=True)
        .environment(KitchenMultiAgentEnv, env_config=env_config(config, seed, each * max(1, workers), done))
        .env_runners(
            num_env_runners=workers, num_envs_per_env_runner=each, rollout_fragment_length=config.ticks,
            batch_mode="truncate_episodes",
        )
        .multi_agent(
            policies=set(modules),
            policy_mapping_fn=(lambda agent, *_, **__: agent) if separate else (lambda *_, **__: SHARED),
        )
        .rl_module(rl_module_spec=MultiRLModuleSpec(rl_module_specs=dict.fromkeys(modules, module)))
        .learners(num_learners=0, learner_class=KitchenLearner)
        .training(
            gamma=spec.gamma, lambda_=spec.gae_lambda, clip_param=spec.clip,
            lr=[[0, spec.learning_rate_at(done / config.steps)], [left, spec.final_learning_rate]],
            entropy_coeff=[[0, spec.entropy_at(done, config.steps)], [entropy_left, spec.final_entropy]],
            vf_loss_coeff=spec.value_weight / 2, vf_clip_param=math.inf, use_kl_loss=False, kl_coeff=0.0,
            grad_clip=spec.max_gradient, grad_clip_by="global_norm",
            train_batch_size_per_learner=batch, num_epochs=spec.epochs,
            minibatch_size=-(-batch * (1 if separate else kitchen.chefs) // spec.minibatches),
        )
        .debugging(seed=(seed * KITCHEN_SEEDS + done) % 2**31, log_level="ERROR")
        .callbacks(on_episode_end=count_episode)
    )  # fmt: skip


def _modules(config: TrainConfig, kitchen: Kitchen) -> list[str]:
    """Names of RLlib's modules, in the order of the networks in `Policy`."""
    return [f"chef_{seat}" for seat in range(kitchen.chefs)] if config.network.policies == "separate" else [SHARED]


def _copy(source: Policy, which: int, target: Policy, to: int) -> None:
    """Copy an actor and its critic."""
    target.actors[to].load_state_dict(source.actors[which].state_dict())
    target.critics[to].load_state_dict(source.critics[which].state_dict())


class RLlibTraining(Learning):
    """A policy that learns in RLlib, and all that it takes.

    Args:
        config: what to train.
        seed: of the networks, the kitchens and all draws.
        workers: processes that step kitchens; with 0 this one does.
        folder: go on with the training there; None for a new one.

    Raises:
        BrigadeError: the training has something that RLlib is not asked to do here, or cannot be gone on with.
    """

    def __init__(self, config: TrainConfig, seed: int, workers: int = 0, folder: Path | None = None):
        super().__init__(config, seed)
        self.modules = _modules(config, self.kitchen)
        things = None if folder is None else _read(folder / RESUME)
        self.policy = (first_policy if things is None else new_policy)(config, self.kitchen)
        if things is not None:
            assert folder is not None
            with taken_from(folder / RESUME):
                self.progress = progress_of(things)
                self.policy.load_state_dict(things["policy"])
        self.algorithm: Any = make_ppo(config, seed, self.kitchen, workers, self.progress.steps).build_algo()
        (learner,) = self.algorithm.learner_group.foreach_learner(lambda learner: learner)  # it is in this process
        self.learner: Any = learner.get()
        self._put(None if things is None else things["optimizers"])

    def update(self, log: Log) -> None:
        """Gather a batch and learn from it.

        Raises:
            BrigadeError: the loss is no longer a number.
        """
        count = partial(count_from, done=self.progress.steps)
        self.algorithm.env_runner_group.foreach_env_runner(count)  # one may be new
        result = self.algorithm.train()
        played = result["env_runners"]
        self.note(log, int(played["num_env_steps_sampled"]), _totals(played), self._losses(result["learners"]))

    def save(self, folder: Path) -> None:
        """Write a checkpoint of what RLlib has learned, and what it takes to go on from here.

        Raises:
            BrigadeError: the last update has ruined the policy, or it cannot be written.
        """
        self._get()
        super().save(folder)

    def keep(self, folder: Path) -> None:
        """Write what it takes to go on from here.

        Raises:
            BrigadeError: it cannot be written.
        """
        things = {
            "version": VERSION, "backend": "rllib", "progress": vars(self.progress),
            "policy": self.policy.state_dict(),
            "optimizers": {name: self.learner.get_optimizer(name).state_dict() for name in self.modules},
        }  # fmt: skip
        write(folder / RESUME, sealed(things))

    def close(self) -> None:
        """Stop RLlib's workers."""
        self.algorithm.stop()

    def _get(self) -> None:
        """Bring `policy` up to what RLlib has learned."""
        for index, name in enumerate(self.modules):
            _copy(self.learner.module[name].unwrapped().policy, 0, self.policy, index)

    def _put(self, optimizers: dict[str, Any] | None) -> None:
        """Make RLlib's learner and workers go on from `policy`."""
        for index, name in enumerate(self.modules):
            _copy(self.policy, index, self.learner.module[name].unwrapped().policy, 0)
            if optimizers is not None:
                optimizer = self.learner.get_optimizer(name)
                rates = [group["lr"] for group in optimizer.param_groups]  # of the schedule that goes on
                optimizer.load_state_dict(optimizers[name])
                for group, rate in zip(optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate
        self.algorithm.env_runner_group.sync_weights(
            from_worker_or_learner_group=self.algorithm.learner_group, inference_only=True
        )

    def _losses(self, learned: dict[str, Any]) -> Losses:
        """Figures of the last minibatch, means over the modules."""

        def mean(key: str) -> float:
            return float(sum(float(learned[name][key]) for name in self.modules) / len(self.modules))

        return Losses(
            mean("policy_loss"), mean("vf_loss") / 2, mean("entropy"), mean("kl"), mean("clipped"),
            mean("vf_explained_var"),
        )  # fmt: skip


def train_with_rllib(config: TrainConfig, seed: int, console: Console, resume: bool = False) -> Path:
    """Train one policy with RLlib, or go on with it, and measure it at the end.

    A training that is gone on with has the policy, the optimizer and the schedules of its last checkpoint; its
    kitchens begin new episodes.

    Returns:
        The folder of the training.

    Raises:
        BrigadeError: the folder holds a training already (or none, to resume), the training diverged or has something
            that RLlib is not asked to do here, or nothing can be written any more; the last checkpoint is kept.
        KeyboardInterrupt: stopped; likewise.
    """
    check_supported(config)
    begun = time.perf_counter()
    _quieten()
    with training_folder(config, seed, resume) as folder, ray_session(_workers(config) + 1) as started:
        workers = _workers(config) if started else 0  # trained side by side, each seed keeps to its process
        training = RLlibTraining(config, seed, workers, folder if resume else None)
        try:
            see_through(training, folder, console, begun, resume, describe(torch.device("cpu")))
        finally:
            training.close()
    return folder


def _workers(config: TrainConfig) -> int:
    """Processes that step kitchens: `parallel`, or as many as there are cores; a single one is this process."""
    wanted = min(config.parallel or len(cores()), config.kitchens)
    return 0 if wanted == 1 else wanted


def _quieten() -> None:
    """Leave out what Ray and RLlib say of themselves."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # RLlib's of its own older parts
    for name in ("ray", "ray.rllib"):
        logging.getLogger(name).setLevel(logging.ERROR)
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what goes wrong in a worker is raised here as well


def _totals(played: dict[str, Any]) -> Totals:
    """The episodes that ended in an iteration."""
    episodes, *sums = (float(played.get(name, 0.0)) for name in SUMS)
    if not episodes or math.isnan(episodes):
        return Totals(0, None, None, None)
    score, shaped, served = (total / episodes for total in sums)
    return Totals(int(episodes), score, shaped, served)


def _read(path: Path) -> dict[str, Any]:
    """What a training left to go on from.

    Raises:
        BrigadeError: there is nothing, it is damaged, or another backend's.
    """
    things = read_sealed(path)
    if things.get("version") != VERSION or things.get("backend") != "rllib":
        raise BrigadeError(f"{path}: not left by backend rllib in version {VERSION}")
    return things
