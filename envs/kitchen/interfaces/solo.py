"""The kitchen as a Gymnasium environment for one learner, with given partners in the other seats."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from brigade.envs.asking import asking
from brigade.envs.kitchen.interfaces.parallel import RENDER_MODES, TICKS_PER_SECOND, KitchenParallelEnv, check_action
from brigade.envs.kitchen.interfaces.partners import (
    Partner,
    PartnerLike,
    PartnerList,
    Stay,
    View,
    checked_action,
    make_partner,
)
from brigade.envs.registry import BrigadeError


class KitchenSoloEnv(gymnasium.Env[Any, int]):
    """A kitchen seen from one seat; partners cook in the others.

    ## Description

    One chef learns, the others are given: objects with `reset(view)` and `act(observation)`, callables that make one,
    or names. By default they stay where they are. Otherwise the world of `KitchenParallelEnv`.

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
    `shaped_reward` and `event` apart, as in `KitchenParallelEnv`.

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
        kitchen: str = "new_counter_circuit",
        observation: str = "features",
        partners: PartnerLike | PartnerList = "stay",
        seat: int = 0,
        **arguments: Any,
    ):
        self.world = KitchenParallelEnv(kitchen=kitchen, observation=observation, **arguments)
        self.kitchen, self.render_mode = self.world.kitchen, self.world.render_mode
        chefs = self.kitchen.chefs
        if not 0 <= seat < chefs:
            raise BrigadeError(f"seat {seat} is not in kitchen '{self.kitchen.name}'; expected 0 to {chefs - 1}")
        self.seat = seat
        self.partners = self._seated(partners)
        self._me = self.world.possible_agents[seat]
        self.observation_space = self.world.observation_space(self._me)
        self.action_space = self.world.action_space(self._me)
        self._watched = any(not isinstance(partner, Stay) for partner in self.partners.values())

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; arguments and errors as in `KitchenParallelEnv.reset`.

        Raises:
            AgentFault: a partner ended in an error, or in `sys.exit`.
        """
        super().reset(seed=seed)
        observations, infos = self.world.reset(seed, options)
        for seat, partner in self.partners.items():
            with asking(partial(self._who, seat), "being reset"):
                partner.reset(View(self.kitchen, seat, self._partner_seed(seat)))
        return observations[self._me], infos[self._me]

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One tick: the partners act on what they see now, together with the learner's action 0-5.

        Raises:
            BrigadeError: no episode is under way, or an action is out of range; nothing has moved.
            AgentFault: a partner ended in an error or in `sys.exit`, or answered with no action; nothing has moved.
        """
        self.world.check_running()
        actions = {self._me: check_action(action, self._me)}
        seen = self.world.describe() if self._watched else {}
        for seat, partner in self.partners.items():
            who = partial(self._who, seat)
            with asking(who, "acting"):
                action = partner.act(seen | {"you": seat})
            actions[self.world.possible_agents[seat]] = checked_action(action, who)
        observations, rewards, _, truncations, infos = self.world.step(actions)
        me = self._me
        return observations[me], rewards[me], False, truncations[me], infos[me]

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override, unused-ignore]  # as Gymnasium 1.2 types it
        """As `KitchenParallelEnv.render`."""
        return self.world.render()

    def close(self) -> None:
        """Close the window, if there is one."""
        self.world.close()

    def _seated(self, partners: PartnerLike | PartnerList) -> dict[int, Partner]:
        seats = [seat for seat in range(self.kitchen.chefs) if seat != self.seat]
        given = list(partners) if isinstance(partners, list | tuple) else [partners] * len(seats)
        if len(given) != len(seats):
            raise BrigadeError(f"kitchen '{self.kitchen.name}' has {len(seats)} other seats, got {len(given)} partners")
        made = [make_partner(partner) for partner in given]
        if len({id(partner) for partner in made}) < len(made):
            raise BrigadeError(
                "one partner object cannot sit in two seats; pass one for each, or something that makes them"
            )
        return dict(zip(seats, made, strict=True))

    def _who(self, seat: int) -> str:
        sort = type(self.partners[seat]).__name__
        return f"the partner in seat {seat} ({sort}), tick {self.world.game.state.tick[0]}"

    def _partner_seed(self, seat: int) -> int:
        state = self.world.game.state
        source = np.random.SeedSequence([int(state.seed[0]), int(state.episode[0]), seat])
        return int(source.generate_state(1)[0])
