"""Many kitchens stepped by one call, as a Gymnasium vector environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import ArrayLike, NDArray

from brigade.envs.kitchen.content.layout import ACTION_NAMES, Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import STAT_NAMES
from brigade.envs.kitchen.interfaces.parallel import RENDER_MODES, TICKS_PER_SECOND, check_render_mode, order_script
from brigade.envs.kitchen.observations.observe import make_observer
from brigade.envs.registry import BrigadeError

Info = dict[str, Any]
OPTIONS = ("order_script", "reset_mask")


class KitchenVectorEnv(VectorEnv[NDArray[Any], NDArray[Any], NDArray[Any]]):
    """`num_envs` kitchens, all chefs acting, in a handful of calls into compiled code per step.

    ## Description

    The world of `KitchenParallelEnv`, as a batch. Axis 0 of everything is the kitchen, axis 1 the chef.

    ## Actions

    Integers (num_envs, chefs), 0 to 5: stay, left, right, down, up, interact.

    ## Observation

    Those of `KitchenParallelEnv`, whose card has the index ranges. In `new_counter_circuit`, for N kitchens:

    | observation | shape | type | range |
    |---|---|---|---|
    | `planes` | (N, 2, 40, 7, 8) | uint8 | 0 to 255 |
    | `features` | (N, 2, 140) | float32 | -1 to 1 |
    | `symbolic` | (N, 2) | object | dictionaries |
    | `none` | (N, 2, 0) | float32 | 0 to 1 |

    **The array of observations is always the same one: the next step or reset writes over it.** Copy what is kept
    longer. Rewards, truncations and infos are new arrays every time.

    ## Reward

    float32 (num_envs,): the change of each score. Shaped rewards are apart, in `info["shaped_reward"]`
    (num_envs, chefs); `brigade.envs.kitchen.engine.reward.mix` puts them together. `info["score"]` (num_envs,) is the
    total so far of the episode that the observation belongs to.

    ## End of episode

    A kitchen is truncated at its horizon and begins its next episode in the same step (`AutoresetMode.SAME_STEP`): the
    observation is already the new episode's first, the reward and `shaped_reward` are the old one's last. Then
    `info["final_obs"]` holds the last observations of the old episodes, in an array like the observations which is
    used again like them, `info["final_info"]` `score` and the totals gained, served, missed, wrong, fires, put_out
    (num_envs,) each, and `info["_final_obs"]` and `info["_final_info"]` (num_envs,) mark the kitchens for which they
    are set. Other rows are meaningless.

    ## Arguments

    | argument | meaning |
    |---|---|
    | `kitchen` | a bundled kitchen's name, a `.yaml` file, `generated:...`, or a `Kitchen` |
    | `num_envs` | how many kitchens |
    | `observation` | `planes`, `features`, `symbolic`, or `none` |
    | `threads` | how many threads share the work; results are the same for any number |
    | `horizon` | ticks in an episode, instead of the kitchen's own |
    | `old_dynamics` | whether a full pot starts by itself, instead of the kitchen's own setting |
    | `render_mode` | `rgb_array` (of the first kitchen) or None |

    `reset(seed=, options=)`: kitchen i is seeded with seed + i, or with seed[i] if a list is given; episode k of a
    kitchen depends on its seed and k alone. Without a seed the next episodes of the last seeds begin.
    `options`: `order_script`, a list of dishes for all or a list of such lists, which lasts until the next `reset`;
    `reset_mask` (num_envs,), to begin the next episode in some kitchens only.

    ## History

    - v0: first version.
    """

    metadata = {  # Gymnasium's way
        "render_modes": ["rgb_array"],
        "render_fps": TICKS_PER_SECOND,
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(
        self,
        kitchen: str | Kitchen = "new_counter_circuit",
        num_envs: int = 1,
        observation: str | None = "features",
        threads: int = 1,
        horizon: int | None = None,
        old_dynamics: bool | None = None,
        render_mode: str | None = None,
    ):
        self.closed = True  # there is nothing to close before the game is made
        check_render_mode(render_mode)
        if render_mode == "human":
            raise BrigadeError(f"a batch has no window; expected render_mode 'rgb_array' or None, of {RENDER_MODES}")
        self.render_mode = render_mode
        self.kitchen = load_kitchen(kitchen, horizon, old_dynamics) if isinstance(kitchen, str) else kitchen
        self.num_envs, chefs = num_envs, self.kitchen.chefs
        self.game = Game(self.kitchen, num_envs, threads)
        self.closed = False
        self.observer = None if observation in (None, "none") else make_observer(str(observation), self.kitchen)
        self.single_observation_space, self.observation_space = self._spaces()
        actions = len(ACTION_NAMES)
        self.single_action_space = gymnasium.spaces.MultiDiscrete(np.full(chefs, actions))
        self.action_space = gymnasium.spaces.MultiDiscrete(np.full((num_envs, chefs), actions))
        nothing = np.zeros((num_envs, chefs, 0), np.float32)
        self._observations = self.observer.buffer(num_envs) if self.observer else nothing
        self._final: NDArray[Any] | None = None if self.observer else nothing
        self._seeds: NDArray[np.int64] | None = None

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[Any], Info]:
        """Begin an episode everywhere, or where `options["reset_mask"]` says.

        Raises:
            BrigadeError: an unknown option, or one of the wrong shape; seeds that are not one per kitchen.
        """
        script = order_script(options, OPTIONS)
        mask = None if options is None else options.get("reset_mask")
        if mask is not None:
            self._reset_some(mask, seed, script)
        else:
            scripts = [script] if script and isinstance(script[0], str) else script
            if seed is None and self._seeds is not None:
                self.game.reset(self._seeds, scripts, self.game.state.episode + 1)
            else:
                self._seeds = self._new_seeds(seed)
                self.game.reset(self._seeds, scripts)
        self._observe(self._observations)
        shaped = np.zeros((self.num_envs, self.kitchen.chefs), np.float32)
        return self._observations, {"score": self.game.state.score.copy(), "shaped_reward": shaped}

    def step(
        self, actions: ArrayLike
    ) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], Info]:
        """One tick everywhere.

        Args:
            actions: (num_envs, chefs) integers 0-5.

        Returns:
            Observations (num_envs, chefs, ...), rewards, terminations and truncations (num_envs,), and infos.

        Raises:
            BrigadeError: not reset yet, or actions of the wrong shape or out of range; nothing has moved.
        """
        if self._seeds is None:
            raise BrigadeError("the episodes have not begun; call reset() before step()")
        game = self.game
        rewards = game.step(actions).astype(np.float32)
        info: Info = {"shaped_reward": game.state.shaped.astype(np.float32)}
        over = game.done
        if over.any():
            self._finish(over, info)
            game.next_episode(over)
        self._observe(self._observations)
        info["score"] = game.state.score.copy()
        return self._observations, rewards, np.zeros(self.num_envs, np.bool_), over, info

    def render(  # type: ignore[override, unused-ignore]  # as Gymnasium 1.2 types it
        self,
    ) -> tuple[NDArray[np.uint8], ...] | None:
        """The first kitchen as an array (height, width, 3), in a tuple as Gymnasium expects one."""
        if self.render_mode is None:
            return None
        from brigade.envs.kitchen.pictures import render  # here, because it loads pygame

        return (render.to_array(render.render(self.kitchen, self.game.describe(0))),)

    def close_extras(self, **kwargs: Any) -> None:
        """Stop the threads."""
        self.game.close()

    def _spaces(self) -> tuple[gymnasium.Space[Any], gymnasium.Space[Any]]:
        chefs = self.kitchen.chefs
        if self.observer is not None:
            return self.observer.make_space(chefs), self.observer.make_space(self.num_envs, chefs)
        box = gymnasium.spaces.Box
        return box(0, 1, (chefs, 0), np.float32), box(0, 1, (self.num_envs, chefs, 0), np.float32)

    def _new_seeds(self, seed: int | Sequence[int | None] | None) -> NDArray[np.int64]:
        """(num_envs,) seeds below 2**32."""
        if seed is None or isinstance(seed, int | np.integer):
            first = np.random.SeedSequence().generate_state(1).tolist()[0] if seed is None else int(seed)
            given: list[int | None] = [first + i for i in range(self.num_envs)]
        else:
            given = list(seed)
        if len(given) != self.num_envs or None in given:
            raise BrigadeError(f"expected a seed, or a list of {self.num_envs} seeds, got {seed}")
        return np.array([int(one or 0) & 0xFFFFFFFF for one in given], np.int64)

    def _reset_some(self, mask: ArrayLike, seed: object, script: object) -> None:
        which = np.asarray(mask)
        if which.shape != (self.num_envs,) or which.dtype != np.bool_:
            raise BrigadeError(f"reset_mask must be {self.num_envs} booleans, got shape {which.shape}, {which.dtype}")
        if self._seeds is None or seed is not None or script is not None:
            raise BrigadeError(
                "reset_mask begins next episodes: reset without it first, and give no seed or order_script"
            )
        self.game.next_episode(which)

    def _finish(self, over: NDArray[np.bool_], info: Info) -> None:
        """Put the last observations and totals of the kitchens that are over into `info`."""
        state = self.game.state
        if self._final is None:
            self._final = np.zeros_like(self._observations)
        if over.all():
            self._observe(self._final)
        elif self.observer is not None:
            for k in np.flatnonzero(over).tolist():
                self.observer.write(state, self._final, k, k + 1)
        totals = dict(zip(STAT_NAMES, state.stats.T.copy(), strict=True))
        info["final_obs"], info["_final_obs"] = self._final, over.copy()
        info["final_info"], info["_final_info"] = {"score": state.score.copy(), **totals}, over.copy()

    def _observe(self, buffer: NDArray[Any]) -> None:
        if self.observer is not None:
            self.game.spread(self.observer.write, self.game.state, buffer)
