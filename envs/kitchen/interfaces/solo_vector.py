"""Many kitchens for one learner in each, as a Gymnasium vector environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import ArrayLike, NDArray

from brigade.envs.kitchen.content.layout import ACTION_NAMES, Kitchen
from brigade.envs.kitchen.engine.reward import Shaping
from brigade.envs.kitchen.interfaces.arguments import events_of
from brigade.envs.kitchen.interfaces.batch import Info, KitchenBatch
from brigade.envs.kitchen.interfaces.company import Company
from brigade.envs.kitchen.interfaces.partners import PartnerLike, PartnerList
from brigade.envs.kitchen.interfaces.room_choice import Rooms
from brigade.envs.registry import BrigadeError


class KitchenSoloVectorEnv(KitchenBatch):
    """`num_envs` kitchens, each seen from one seat; partners cook in the others. What `gymnasium.make_vec` makes.

    ## Description

    `KitchenSoloEnv`, as a batch: kitchen i does what that environment does with seed + i. The engine's work is done for
    all kitchens together; partners act one by one, so that a batch with partners who stay is far faster than another.

    ## Actions

    Integers (num_envs,), 0 to 5: stay, left, right, down, up, interact.

    ## Observation

    Those of `KitchenSoloEnv`, one after another. In `new_counter_circuit`, for N kitchens:

    | observation | shape | type | range |
    |---|---|---|---|
    | `planes` | (N, 40, 7, 8) | uint8 | 0 to 255 |
    | `features` | (N, 140) | float32 | -1 to 1 |
    | `symbolic` | (N,) | object | dictionaries |

    ## Reward

    float32 (num_envs,): that of `KitchenSoloEnv`. Infos hold `score`, `shaped_reward` (num_envs,) and `event`
    (num_envs, 2), as there.

    ## End of episode

    A kitchen is truncated at its horizon; how it goes on is Gymnasium's `autoreset_mode`. With `SameStep` the
    observation and the infos are the next episode's first, `info["final_obs"]` has the last one's of the old episode,
    `info["final_info"]` its infos, and the totals gained, served, missed, wrong, fires, put_out;
    `info["_final_obs"]` and `info["_final_info"]` (num_envs,) mark the kitchens that have some. With `NextStep` its
    next step begins the next episode, whatever the action. With `Disabled` it is begun by
    `reset(options={"reset_mask": ended})`, before any further step.

    ## Arguments

    | argument | meaning |
    |---|---|
    | `kitchen` | a bundled kitchen's name, a `.yaml` file, `generated:...`, or a `Kitchen`; `new_counter_circuit` |
    | `kitchens` | instead: the rooms that the kitchens are in, as in `KitchenVectorEnv` |
    | `size` | columns and rows of the maps that rooms are written into; by default those of the largest |
    | `num_envs` | how many kitchens |
    | `observation` | `planes`, `features` or `symbolic` |
    | `partners` | as in `KitchenSoloEnv`; made for every kitchen anew, so that an object can be no partner here |
    | `seat` | which chef learns, from 0 |
    | `threads` | how many threads share the engine's work; results are the same for any number |
    | `horizon`, `max_cycles` | ticks in an episode, instead of the kitchen's own; one of them |
    | `old_dynamics` | whether a full pot starts by itself, instead of the kitchen's own setting |
    | `shaped_coefficient` | weight of shaped rewards, 0 by default |
    | `shaped_anneal_steps` | steps of a kitchen over which that weight falls to 0; by default it does not |
    | `autoreset_mode` | `SameStep` (by default), `NextStep` or `Disabled`, or Gymnasium's own words for them |
    | `copy` | whether observations are arrays of their own, or views of one that the next step writes over |
    | `render_mode` | `rgb_array` or None |

    `reset(seed=, options=)`: as in `KitchenVectorEnv`.

    ## History

    - v0: first version.
    """

    def __init__(
        self,
        kitchen: str | Kitchen | None = None,
        num_envs: int = 1,
        observation: str = "features",
        partners: PartnerLike | PartnerList = "stay",
        seat: int = 0,
        threads: int = 1,
        horizon: int | None = None,
        old_dynamics: bool | None = None,
        shaped_coefficient: float = 0.0,
        shaped_anneal_steps: int | None = None,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        max_cycles: int | None = None,
        kitchens: Rooms | None = None,
        size: Sequence[int] | None = None,
        copy: bool = True,
    ):
        super().__init__(
            kitchen, num_envs, observation, threads, horizon, max_cycles, old_dynamics, autoreset_mode, render_mode,
            kitchens, size,
        )  # fmt: skip
        if self.observer is None:
            raise BrigadeError("a learner needs an observation; 'none' is for batches in which all chefs act")
        self.copy, self.seat = copy, seat
        self.shaping = Shaping(shaped_coefficient, shaped_anneal_steps)
        self.companies = [Company(self.game, k, seat, partners) for k in range(num_envs)]
        made = [id(partner) for company in self.companies for partner in company.partners.values()]
        if len(set(made)) < len(made):
            raise BrigadeError(
                f"one partner object cannot sit in {num_envs} kitchens; pass a name, or something that makes them"
            )
        self.single_observation_space = self.observer.make_space()
        self.observation_space = self.observer.make_space(num_envs)
        self.single_action_space = gymnasium.spaces.Discrete(len(ACTION_NAMES))
        self.action_space = gymnasium.spaces.MultiDiscrete(np.full(num_envs, len(ACTION_NAMES)))
        self._steps = np.zeros(num_envs, np.int64)  # of each kitchen, over all its episodes, for annealing

    def step(
        self, actions: ArrayLike
    ) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], Info]:
        """One tick everywhere: the partners act on what they see now, together with the learner's actions.

        Args:
            actions: (num_envs,) integers 0-5.

        Returns:
            Observations (num_envs, ...), rewards, terminations and truncations (num_envs,), and infos.

        Raises:
            BrigadeError: not reset yet, ended and not reset with `Disabled`, or actions of the wrong shape or out of
                range; nothing has moved.
            AgentFault: a partner ended in an error or in `sys.exit`, or answered with no action, and nothing has moved;
                or it did so when it was told that an episode begins.
        """
        given = np.asarray(actions)
        if given.shape != (self.num_envs,):
            raise BrigadeError(f"expected actions of shape {(self.num_envs,)}, got {given.shape}")
        self.check_running()
        mine = np.zeros((self.num_envs, self.kitchen.chefs), given.dtype)
        mine[:, self.seat] = given
        team = self.game.check(mine).astype(np.int8)
        for company in self.companies:
            if not self._ended[company.k]:
                company.act(team[company.k])
        return self._advance(team)

    def _reset_all(self, seed: Any, script: Any) -> None:
        super()._reset_all(seed, script)
        for company in self.companies:
            company.begin()

    def _begun(self, which: NDArray[np.bool_]) -> None:
        for k in np.flatnonzero(which).tolist():
            self.companies[k].begin()

    def _shown(self, observations: NDArray[Any]) -> NDArray[Any]:
        mine = observations[:, self.seat]
        return mine.copy() if self.copy else mine

    def _rewards(self, changes: NDArray[np.float32]) -> NDArray[np.float32]:
        rewards = changes
        if self.shaping.coefficient:
            weights = np.array([self.shaping.at(step) for step in self._steps.tolist()], np.float32)
            rewards = changes + weights * self.game.joint.shaped[:, self.seat]
        self._steps += ~self._ended
        return rewards

    def _last_info(self) -> Info:
        joint, host = self.game.joint, self.game.host
        shaped = joint.shaped[:, self.seat].astype(np.float32)
        return super()._last_info() | {"shaped_reward": shaped, "event": host.events[:, self.seat].copy()}

    def _shown_info(self) -> Info:
        state = self.game.state
        shaped = state.shaped[:, self.seat].astype(np.float32)
        return super()._shown_info() | {"shaped_reward": shaped, "event": events_of(state, ...)[:, self.seat]}
