"""Many kitchens stepped by one call, as a Gymnasium vector environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import ArrayLike, NDArray

from brigade.envs.kitchen.content.layout import ACTION_NAMES, Kitchen
from brigade.envs.kitchen.interfaces.batch import Info, KitchenBatch
from brigade.envs.kitchen.interfaces.room_choice import Rooms


class KitchenVectorEnv(KitchenBatch):
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

    A kitchen is truncated at its horizon. With the autoreset mode `SameStep` it begins its next episode in the same
    step: the observation is already the new episode's first, the reward and `shaped_reward` are the old one's last.
    Then `info["final_obs"]` holds the last observations of the old episodes, in an array like the observations which is
    used again like them, `info["final_info"]` `score` and the totals gained, served, missed, wrong, fires, put_out
    (num_envs,) each, and `info["_final_obs"]` and `info["_final_info"]` (num_envs,) mark the kitchens for which they
    are set. Other rows are meaningless. With `NextStep` its next step begins the next episode, whatever the actions:
    the reward is 0. With `Disabled` it is begun by `reset(options={"reset_mask": ended})`, before any further step.

    ## Arguments

    | argument | meaning |
    |---|---|
    | `kitchen` | a bundled kitchen's name, a `.yaml` file, `generated:...`, or a `Kitchen`; `new_counter_circuit` |
    | `kitchens` | instead: the rooms that the kitchens are in, a list, or what they are drawn from; see Rooms |
    | `size` | columns and rows of the maps that rooms are written into; by default those of the largest |
    | `num_envs` | how many kitchens |
    | `observation` | `planes`, `features`, `symbolic`, or `none` |
    | `threads` | how many threads share the work; results are the same for any number |
    | `horizon`, `max_cycles` | ticks in an episode, instead of the kitchen's own; one of them |
    | `old_dynamics` | whether a full pot starts by itself, instead of the kitchen's own setting |
    | `autoreset_mode` | `SameStep`, `NextStep` or `Disabled`, or Gymnasium's own words for them |
    | `render_mode` | `rgb_array` or None |

    `reset(seed=, options=)`: kitchen i is seeded with seed + i, or with seed[i] if a list is given; episode k of a
    kitchen depends on its seed and k alone. Without a seed the next episodes of the last seeds begin.
    `options`: `order_script`, a list of dishes for all or a list of such lists, which lasts until the next `reset`;
    `reset_mask` (num_envs,), to begin the next episode in some kitchens only, or that of a new seed; with rooms
    `kitchen`, in which the episodes begin: one for all, or a list of num_envs.

    ## Rooms

    `kitchens=["cramped_room", "coordination_ring"]`: kitchen i is in room i modulo their number.
    `kitchens={"generator": {"width": [7, 9], "cookbook": "soups"}, "pool": 256}`: so many rooms are drawn, and each
    episode is in one of them, by the kitchen's seed and the episode's number. Further keys: `names` instead of a
    generator; `resample: never`, for kitchens to keep their rooms; `refill: 1000`, for a new room to take the place of
    the oldest after so many ticks; `size`. Rooms of a batch have one cookbook and one number of chefs. `features` are
    as long as in any room of the cookbook; `planes` have `size`, and one channel more, `outside`, for cells that a room
    does not have. Infos have `room` (num_envs,), a number in `rooms`.

    ## History

    - v0: first version.
    """

    def __init__(
        self,
        kitchen: str | Kitchen | None = None,
        num_envs: int = 1,
        observation: str | None = "features",
        threads: int = 1,
        horizon: int | None = None,
        old_dynamics: bool | None = None,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        max_cycles: int | None = None,
        kitchens: Rooms | None = None,
        size: Sequence[int] | None = None,
    ):
        super().__init__(
            kitchen, num_envs, observation, threads, horizon, max_cycles, old_dynamics, autoreset_mode, render_mode,
            kitchens, size,
        )  # fmt: skip
        chefs, actions = self.kitchen.chefs, len(ACTION_NAMES)
        self.single_observation_space, self.observation_space = self._spaces()
        self.single_action_space = gymnasium.spaces.MultiDiscrete(np.full(chefs, actions))
        self.action_space = gymnasium.spaces.MultiDiscrete(np.full((num_envs, chefs), actions))

    def step(
        self, actions: ArrayLike
    ) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], Info]:
        """One tick everywhere.

        Args:
            actions: (num_envs, chefs) integers 0-5.

        Returns:
            Observations (num_envs, chefs, ...), rewards, terminations and truncations (num_envs,), and infos.

        Raises:
            BrigadeError: not reset yet, ended and not reset with `Disabled`, or actions of the wrong shape or out of
                range; nothing has moved.
        """
        return self._advance(actions)

    def _tick_info(self) -> Info:
        return {"shaped_reward": self.game.joint.shaped.astype(np.float32)}

    def _reset_info(self) -> Info:
        return {"shaped_reward": self.game.state.shaped.astype(np.float32)} | self._shown_info()

    def _spaces(self) -> tuple[gymnasium.Space[Any], gymnasium.Space[Any]]:
        chefs = self.kitchen.chefs
        if self.observer is not None:
            return self.observer.make_space(chefs), self.observer.make_space(self.num_envs, chefs)
        box = gymnasium.spaces.Box
        return box(0, 1, (chefs, 0), np.float32), box(0, 1, (self.num_envs, chefs, 0), np.float32)
