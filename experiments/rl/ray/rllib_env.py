"""The kitchen as RLlib sees it, and what its episodes came to. Needs RLlib."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ray.rllib.env.multi_agent_env import MultiAgentEnv

from brigade.envs.kitchen.engine.reward import Shaping, mix
from brigade.envs.kitchen.engine.state import STAT_NAMES
from brigade.envs.kitchen.interfaces.parallel import KitchenParallelEnv
from brigade.envs.plugins import import_plugins
from brigade.experiments.rl.config import TrainConfig

EVERYONE = "__all__"  # RLlib's name for all agents at once
SCORE = "score"  # metric of RLlib's results, under env_runners: sparse return, mean of the last episodes
SUMS = ("episodes", "returns", "shaped", "served")  # likewise: sums over the episodes that ended in an iteration
WINDOW = 20  # episodes in that mean


class KitchenMultiAgentEnv(MultiAgentEnv):  # type: ignore[misc, unused-ignore]  # where RLlib is missing
    """`KitchenParallelEnv` with its dictionaries as RLlib wants them, and the rewards of a training.

    Rewards are those of the other trainings: change of the score plus weighted shaped rewards, all times a scale. An
    episode ends at its horizon as a truncation, whose value RLlib takes from the last observation.

    Args:
        config: `world`, the arguments of `KitchenParallelEnv`; `coefficient` and `anneal_steps` of shaped rewards,
            `team`, whether all earn what each of them does, and `scale` of all rewards; `done`, environment steps
            trained before, and `kitchens`, how many are stepped in all, because steps are counted over all of them;
            `plugins`, which bring what the others name.
    """

    def __init__(self, config: Mapping[str, Any]):
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        import_plugins(config["plugins"])
        self.world = KitchenParallelEnv(**config["world"])
        self.shaping = Shaping(config.get("coefficient", 0.0), config.get("anneal_steps"))
        self.team, self.scale = bool(config.get("team", False)), float(config.get("scale", 1.0))
        self.kitchens, self.done = int(config.get("kitchens", 1)), int(config.get("done", 0))
        self.names: list[str] = list(self.world.possible_agents)
        self.possible_agents, self.agents = [*self.names], [*self.names]
        self.observation_spaces = {name: self.world.observation_space(name) for name in self.names}
        self.action_spaces = {name: self.world.action_space(name) for name in self.names}
        self.shaped = 0.0  # earned by all chefs in this episode, unweighted
        self._score = 0  # points so far
        self._steps = 0  # of this kitchen since `done`

    def reset(  # type: ignore[override, unused-ignore]  # RLlib's own types say less
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode; see `KitchenParallelEnv.reset`."""
        self.shaped, self._score = 0.0, 0
        observations, infos = self.world.reset(seed, options)
        return observations, infos

    def step(  # type: ignore[override, unused-ignore]  # likewise
        self, action_dict: Mapping[str, int]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Any]]:
        """One tick; see `KitchenParallelEnv.step`."""
        observations, _, _, truncations, infos = self.world.step(action_dict)
        over = truncations[self.names[0]]
        rewards = self._rewards(infos)
        self._steps += 1
        ended = dict.fromkeys([*self.names, EVERYONE], False)
        return observations, rewards, ended, dict.fromkeys(ended, over), infos

    def begin_at(self, done: int) -> None:
        """Count environment steps from here on, as one who knows all kitchens has counted them."""
        self.done, self._steps = done, 0

    @property
    def weight(self) -> float:
        """Of shaped rewards now."""
        return self.shaping.at(self.done + self._steps * self.kitchens)

    def totals(self) -> dict[str, float]:
        """What the episode has come to, by the names in `SUMS`."""
        served = self.world.game.state.stats[0, STAT_NAMES.index("served")]
        return {"episodes": 1.0, "returns": float(self._score), "shaped": self.shaped, "served": float(served)}

    def close(self) -> None:
        """Close the kitchen."""
        self.world.close()

    def _rewards(self, infos: Mapping[str, Any]) -> dict[str, float]:
        own = np.array([infos[agent]["shaped_reward"] for agent in self.names], np.float32)
        score = infos[self.names[0]]["score"]
        change, self._score = score - self._score, score
        self.shaped += float(own.sum())
        counted = np.full_like(own, own.sum()) if self.team else own
        earned = mix([change], counted[None], self.weight)[0] * self.scale
        return dict(zip(self.names, earned.tolist(), strict=True))


def env_config(config: TrainConfig, seed: int, kitchens: int, done: int) -> dict[str, Any]:
    """What a `KitchenMultiAgentEnv` is made from.

    Args:
        config: the training.
        seed: of the training, which the worth of events may be drawn with.
        kitchens: how many are stepped in all.
        done: environment steps that were trained before.
    """
    shaping = config.shaping.schedule(config.steps)
    kitchen = config.shaping.kitchen_of(config.kitchen.load(), seed)
    return {
        "world": {"kitchen": kitchen, "observation": config.observation}, "plugins": config.plugins,
        "coefficient": shaping.coefficient, "anneal_steps": shaping.anneal_steps, "team": config.shaping.team,
        "scale": config.ppo.reward_scale, "done": done, "kitchens": kitchens,
    }  # fmt: skip


def count_from(runner: Any, done: int) -> None:
    """Tell all kitchens of one of RLlib's runners how many environment steps were trained."""
    for kitchen in runner.env.envs if runner.env is not None else ():
        kitchen.unwrapped.begin_at(done)


def count_episode(*, env: Any, env_index: int, metrics_logger: Any, **_: Any) -> None:
    """RLlib's callback at the end of an episode: add it to the results."""
    totals = env.envs[env_index].unwrapped.totals()
    for name in SUMS:
        metrics_logger.log_value(name, totals[name], reduce="sum")
    metrics_logger.log_value(SCORE, totals["returns"], reduce="mean", window=WINDOW)
