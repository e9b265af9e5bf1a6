"""The kitchen as a Gymnasium environment for one learner, with given partners in the other seats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from brigade.envs.episodes import check_seed
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.interfaces.arguments import RENDER_MODES, TICKS_PER_SECOND, check_action
from brigade.envs.kitchen.interfaces.company import Company
from brigade.envs.kitchen.interfaces.parallel import KitchenParallelEnv
from brigade.envs.kitchen.interfaces.partners import Partner, PartnerLike, PartnerList


class KitchenSoloEnv(gymnasium.Env[Any, int]):
    """A kitchen seen from one seat; partners cook in the others.

    ## Description

    One chef learns, the others are given: by name (`"fsm"`, `"trained:cramped_room"`), by name with options
    (`{"name": "neural", "options": {"checkpoint": "results/my_run"}}`), as objects with `reset(view)` and
    `act(observation)`, or as callables that make one. By default they stay where they are. Otherwise the world of
    `KitchenParallelEnv`.

    ## Actions

    `Discrete(6)`

    | number | action |
    |---|---|
    | 0 | stay |
    | 1 | left |
    | 2 | right |
    | 3 | down |
    | 4 | up |
    | 5 | interact with the faced cell |

    ## Observation

    What `KitchenParallelEnv` shows the chef of this seat; its card has the index ranges. In `new_counter_circuit`:

    | observation | shape | type | range |
    |---|---|---|---|
    | `planes` | (40, 7, 8) | uint8 | 0 to 255 |
    | `features` | (140,) | float32 | -1 to 1 |
    | `symbolic` | () | object | a dictionary |

    ## Reward

    The change of the score, plus this chef's shaped reward times the coefficient. `info` carries `score`,
    `shaped_reward` and `event` apart, as in `KitchenParallelEnv`; `happened()` says the event in words.

    ## End of episode

    Truncated after the kitchen's horizon; never terminated.

    ## Arguments

    Those of `KitchenParallelEnv`, and:

    | argument | meaning |
    |---|---|
    | `partners` | one for each other seat, in seat order, or one for all of them; default `stay` |
    | `seat` | which chef learns, from 0 |

    A partner is handed a seed that comes from the episode's seed and its seat.

    ## History

    - v0: first version.
    """

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": TICKS_PER_SECOND}  # Gymnasium's way

    def __init__(
        self,
        kitchen: str | Kitchen = "new_counter_circuit",
        observation: str = "features",
        partners: PartnerLike | PartnerList = "stay",
        seat: int = 0,
        **arguments: Any,
    ):
        self.world = KitchenParallelEnv(kitchen=kitchen, observation=observation, **arguments)
        self.kitchen, self.render_mode = self.world.kitchen, self.world.render_mode
        self.company = Company(self.world.game, 0, seat, partners)
        self.seat = seat
        self._me = self.world.possible_agents[seat]
        self.observation_space = self.world.observation_space(self._me)
        self.action_space = self.world.action_space(self._me)

    @property
    def partners(self) -> dict[int, Partner]:
        """Who sits in the other seats."""
        return self.company.partners

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; arguments and errors as in `KitchenParallelEnv.reset`.

        Raises:
            AgentFault: a partner ended in an error, or in `sys.exit`.
        """
        seed = check_seed(seed)
        super().reset(seed=None if seed is None else seed & 0xFFFFFFFF)  # Gymnasium takes none below 0
        observations, infos = self.world.reset(seed, options)
        self.kitchen = self.world.kitchen
        self.company.move(self.world.game, self.kitchen)
        self.company.begin()
        return observations[self._me], infos[self._me]

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One tick: the partners act on what they see now, together with the learner's action 0-5.

        Raises:
            BrigadeError: no episode is under way, or an action is out of range; nothing has moved.
            AgentFault: a partner ended in an error or in `sys.exit`, or answered with no action; nothing has moved.
        """
        self.world.check_running()
        row = np.zeros(self.kitchen.chefs, np.int8)
        row[self.seat] = check_action(action, self._me)
        self.company.act(row)
        actions = dict(zip(self.world.possible_agents, row.tolist()))  # noqa: B905  # slower when strict
        observations, rewards, _, truncations, infos = self.world.step(actions)
        me = self._me
        return observations[me], rewards[me], False, truncations[me], infos[me]

    def happened(self) -> tuple[str, str] | None:
        """What the learner's action came to in the last tick: (event, item), or None."""
        return self.world.happened()[self._me]

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override, unused-ignore]  # as Gymnasium 1.2 types it
        """As `KitchenParallelEnv.render`."""
        return self.world.render()

    def close(self) -> None:
        """Close the window, if there is one."""
        self.world.close()
