"""The kitchen as a PettingZoo environment in which all chefs act at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from brigade.envs.episodes import next_episode
from brigade.envs.kitchen.content.layout import ACTION_NAMES, Kitchen, enlarge
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.content.tables import EVENT_NAMES
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.reward import Shaping
from brigade.envs.kitchen.engine.tick import DISABLED
from brigade.envs.kitchen.interfaces.arguments import (
    RENDER_MODES,
    TICKS_PER_SECOND,
    check_action,
    check_render_mode,
    events_of,
    find_kitchen,
    order_script,
    ticks_of,
)
from brigade.envs.kitchen.interfaces.room_choice import checked_size
from brigade.envs.kitchen.observations.compiled_observer import CompiledObserver
from brigade.envs.kitchen.observations.observe import Observer, make_observer
from brigade.envs.registry import BrigadeError, unknown

Info = dict[str, Any]


class KitchenParallelEnv(ParallelEnv):  # type: ignore[misc]  # PettingZoo is not typed
    """A kitchen in which two to four chefs (or one) cook what is ordered, all acting at once.

    ## Description

    Chefs walk on the floor, carry one thing at a time, and turn ingredients into dishes at stations, boards and
    stoves. Which ingredients and dishes there are is said by the kitchen's cookbook; how chefs move, cook and are paid
    by its rules: `challenge` (arXiv 2502.11882: orders with deadlines, food that burns) or `classic` (Overcooked-AI,
    arXiv 1910.05789). One step is one tick, a quarter of a second of real time. Agents are `chef_0`, `chef_1`, ...

    ## Actions

    Every agent has `Discrete(6)`; every agent must be given an action in every step.

    | number | action |
    |---|---|
    | 0 | stay |
    | 1 | left |
    | 2 | right |
    | 3 | down |
    | 4 | up |
    | 5 | interact with the faced cell |

    ## Observation

    By the argument `observation`; each agent sees itself first, then the others in seat order. Index ranges are those
    of `new_counter_circuit`; `brigade.envs.kitchen_v0.card(kitchen)` prints them for any kitchen,
    and `make_observer(name, kitchen).labels` names every single channel and feature.

    Planes hold 255 for 1. In the vector, x and dx are shares of the map's width, y and dy of its height, and nearness
    is 1 / (1 + steps to stand there), 0 where nobody can; walking distances are those without other chefs. Progress is
    a share of what is needed. The least time left is a share of the dish's lifetime, 1 where orders stand.

    | observation | shape | type | range |
    |---|---|---|---|
    | `planes` | (40, 7, 8) | uint8 | 0 to 255 |
    | `features` | (140,) | float32 | -1 to 1 |
    | `symbolic` | () | object | a dictionary |

    | channels of `planes` | part | contents |
    |---|---|---|
    | 0-9 | tile | 255 where the tile is of that type; floor and counter first |
    | 10-14 | own | own place; the same cell again in the plane of its facing: left, right, down, up |
    | 15-19 | other_1 | the same for the chef so many seats after |
    | 20-28 | item | how much of each food, tool, plate, fire lies there, or is in the hands there |
    | 29-32 | work | of what is there: progress; if it cooks; if a plate can take it; nearness of fire |
    | 33-38 | order_LettuceBurger ... order_BeefLettuceBurger, 2 each | whole plane: open orders; least time left |
    | 39 | ticks_left | whole plane: share of the episode that is left |

    | indices of `features` | part | contents |
    |---|---|---|
    | 0-14 | own | x, y; facing left, right, down, up; what is in the hands |
    | 15-18 | blocked | left, right, down, up: 1 where the chef cannot walk |
    | 19-31 | faced | interacting does something; something is there; its progress; a chef; what it is |
    | 32-46 | other_1 | the chef so many seats after: dx, dy; facing; what is in its hands |
    | 47-64 | lettuce_station ... bin, 3 each | the nearest by walking: dx, dy, nearness |
    | 65-67 | free_counter | the nearest counter on which nothing lies: dx, dy, nearness |
    | 68-94 | item_lettuce ... item_fire, 3 each | the nearest loose item with it: dx, dy, nearness |
    | 95-112 | board_1 ... board_2, 9 each | dx, dy, nearness; progress, cooking, collectable, urgency; foods in it |
    | 113-132 | pan_1 ... pan_2, 10 each | dx, dy, nearness; progress, cooking, collectable, urgency; foods in it |
    | 133-138 | order_LettuceBurger ... order_BeefLettuceBurger, 2 each | open orders; least time left |
    | 139 | ticks_left | share of the episode that is left |

    ## Reward

    The change of the score, the same for all agents: points for a dish that was ordered, a penalty for a wrong one and
    for an order that expired. Plus, when `shaped_coefficient` is above 0, the agent's own shaped reward times that
    coefficient, which falls linearly to 0 over `shaped_anneal_steps` steps of this object (all episodes together).
    Infos carry both apart, as numbers: `score` (total so far), `shaped_reward` (unweighted, of this tick), and `event`
    (2,): what the agent's action came to, as the numbers of the event (0 for nothing) and of the item among the
    cookbook's kinds (-1 for none). `happened()` says the same in words.

    ## State

    `state()`: what all agents see, one after another along the first axis. With `symbolic` it is the kitchen in words.

    ## End of episode

    After the kitchen's horizon (500 ticks for `challenge`, 400 for `classic`) all agents are truncated together. There
    is no other end: `terminations` are always False.

    ## Arguments

    | argument | meaning |
    |---|---|
    | `kitchen` | a bundled kitchen's name, a `.yaml` file, `generated:...`, or a `Kitchen` |
    | `observation` | `planes`, `features` or `symbolic` |
    | `horizon`, `max_cycles` | ticks in an episode, instead of the kitchen's own; one of them |
    | `old_dynamics` | whether a full pot starts by itself, instead of the kitchen's own setting |
    | `shaped_coefficient` | weight of shaped rewards, 0 by default |
    | `shaped_anneal_steps` | steps over which that weight falls to 0; by default it does not |
    | `render_mode` | `human`, `rgb_array` or None |
    | `size` | columns and rows of `planes`, for rooms that are smaller; they have the channel `outside` then |

    `reset(seed=, options=)`: the same seed gives the same orders; without one the next episode of the last seed begins.
    `options={"order_script": [...]}` names the first dishes to be ordered, for this episode;
    `options={"kitchen": name}` moves to another kitchen of the same cookbook with as many chefs.

    ## History

    - v0: first version.
    """

    def __init__(
        self,
        kitchen: str | Kitchen = "new_counter_circuit",
        observation: str = "features",
        horizon: int | None = None,
        old_dynamics: bool | None = None,
        shaped_coefficient: float = 0.0,
        shaped_anneal_steps: int | None = None,
        render_mode: str | None = None,
        max_cycles: int | None = None,
        size: Sequence[int] | None = None,
    ):
        check_render_mode(render_mode)
        self.metadata = {
            "name": "kitchen_v0",
            "render_modes": list(RENDER_MODES),
            "render_fps": TICKS_PER_SECOND,
            "is_parallelizable": True,
        }
        self.render_mode = render_mode
        self.kitchen = find_kitchen(kitchen, horizon, old_dynamics, max_cycles)
        self._asked = ticks_of(horizon, max_cycles), old_dynamics, checked_size(size)
        self.max_cycles = self.kitchen.horizon  # where PettingZoo looks for it
        self._observation = observation
        self.observer, self.game, self._buffer = self._set_up(self.kitchen, observation)
        self.shaping = Shaping(shaped_coefficient, shaped_anneal_steps)
        self.possible_agents = [f"chef_{seat}" for seat in range(self.kitchen.chefs)]
        self.agents: list[str] = []
        self.observation_spaces = {agent: self.observer.make_space() for agent in self.possible_agents}
        self.action_spaces: dict[str, gymnasium.Space[Any]] = {
            agent: gymnasium.spaces.Discrete(len(ACTION_NAMES)) for agent in self.possible_agents
        }
        self.state_space = self.observer.make_state_space()
        self._seed: int | None = None
        self._episode = 0
        self._steps = 0  # over all episodes, for annealing
        self._window: Any = None

    def observation_space(self, agent: str) -> gymnasium.Space[Any]:
        """The space of the agent's observations; the same object every time."""
        self._check_agent(agent)
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium.Space[Any]:
        """The space of the agent's actions; the same object every time."""
        self._check_agent(agent)
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Info]]:
        """Begin an episode.

        Args:
            seed: what the orders come from; without one, the next episode of the last seed.
            options: `order_script`, the first dishes to be ordered; `kitchen`, to cook in from now on.

        Raises:
            BrigadeError: a seed that is no whole number, an unknown option, a script that names a dish nobody can
                order, or a kitchen with other spaces.
        """
        script = order_script(options)
        seed, episode = next_episode(seed, self._seed, self._episode)
        where = self.kitchen, self.observer, self.game, self._buffer
        if options and options.get("kitchen") is not None:
            where = self._moved(options["kitchen"])
        where[2].reset([seed & 0xFFFFFFFF], None if script is None else [script], episode)
        self.kitchen, self.observer, self.game, self._buffer = where
        self._seed, self._episode, self.max_cycles = seed, episode, self.kitchen.horizon
        self.agents = self.possible_agents[:]
        if self.render_mode == "human":
            self.render()
        score, events = int(self.game.state.score[0]), events_of(self.game.state, 0)
        infos = {
            agent: {"score": score, "shaped_reward": 0.0, "event": event}
            for agent, event in zip(self.possible_agents, events, strict=True)
        }
        return self._observe(), infos

    def step(
        self, actions: Mapping[str, int]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Info]]:
        """One tick.

        Args:
            actions: one for each agent, 0-5.

        Returns:
            Observations, rewards, terminations, truncations and infos by agent.

        Raises:
            BrigadeError: no episode is under way, or an action is missing, unknown or out of range; nothing has moved.
        """
        # As short as it can be: with a single kitchen nothing else takes so long as what is done here.
        names, game = self.possible_agents, self.game
        if not self.agents or len(actions) != len(names):
            self._check(actions)
        asked = game.joint.actions[0]
        for seat, agent in enumerate(names):
            action = actions.get(agent)
            asked[seat] = action if action.__class__ is int and 0 <= action < 6 else self._action(actions, agent)
        game.call(DISABLED)
        change, score, over, *shaped = game.host.told[0].tolist()
        rewards, infos, observations = dict.fromkeys(names, float(change)), {}, {}
        for agent, earned, (event, seen) in zip(names, shaped, game.seats):  # noqa: B905  # slower when strict
            infos[agent] = {"score": score, "shaped_reward": float(earned), "event": event.copy()}
            observations[agent] = None if seen is None else seen.copy()
        if self.shaping.coefficient:
            weight = self.shaping.at(self._steps)
            rewards = {agent: change + weight * earned for agent, earned in zip(names, shaped, strict=True)}
        self._steps += 1
        over = bool(over)
        if over:
            self.agents = []
        if self.render_mode == "human":
            self.render()
        if self._buffer is not None:
            observations = self._observe()
        return observations, rewards, dict.fromkeys(names, False), dict.fromkeys(names, over), infos

    def state(self) -> Any:
        """What all agents see, joined along the first axis; with `symbolic`, the kitchen in words."""
        return self.observer.joined(self._look())

    def describe(self) -> dict[str, Any]:
        """The kitchen in words; see `state.describe`."""
        return self.game.describe()

    def happened(self) -> dict[str, tuple[str, str] | None]:
        """What each agent's action came to in the last tick: (event, item), or None."""
        kinds = self.kitchen.cookbook.kinds
        told = events_of(self.game.state, 0).tolist()
        return {
            agent: (EVENT_NAMES[event], kinds[about].name) if event else None
            for agent, (event, about) in zip(self.possible_agents, told, strict=True)
        }

    def render(self) -> NDArray[np.uint8] | None:
        """The kitchen as an array (height, width, 3), or in a window, by `render_mode`."""
        if self.render_mode is None:
            return None
        from brigade.envs.kitchen.pictures import render  # here, because it loads pygame

        surface = render.render(self.kitchen, self.describe())
        if self.render_mode == "rgb_array":
            return render.to_array(surface)
        if self._window is None:
            self._window = render.Window()
        self._window.show(surface)
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def _set_up(self, kitchen: Kitchen, observation: str) -> tuple[Observer, Game, NDArray[Any] | None]:
        """What shows the kitchen, the game in it, and where observers that are not compiled write."""
        size = self._asked[2]
        larger = kitchen if size is None else enlarge(kitchen, *size)
        observer = make_observer(observation, larger)
        compiled = observer if isinstance(observer, CompiledObserver) else None
        return observer, Game(larger, observer=compiled), None if compiled else observer.buffer(1)

    def _moved(self, kitchen: object) -> tuple[Kitchen, Observer, Game, NDArray[Any] | None]:
        """Another kitchen to cook in: itself, what shows it, the game in it, and where observers write.

        Raises:
            BrigadeError: there is no such kitchen, or what is seen or done in it has another form.
        """
        if not isinstance(kitchen, str | Kitchen):
            raise BrigadeError(f"options: kitchen must be a name, or a kitchen, got {kitchen!r}"[:200])
        horizon, old_dynamics, _ = self._asked
        moved = load_kitchen(kitchen, horizon, old_dynamics) if isinstance(kitchen, str) else kitchen
        observer, game, buffer = self._set_up(moved, self._observation)
        if moved.chefs != self.kitchen.chefs:
            raise BrigadeError(
                f"options: kitchen '{moved.name}' has {moved.chefs} chefs, this environment {self.kitchen.chefs}"
            )
        if (observer.shape, observer.labels) != (self.observer.shape, self.observer.labels):
            hint = (
                "; with size=(columns, rows) planes are the same in all rooms that fit"
                if self._asked[2] is None
                else ""
            )
            raise BrigadeError(
                f"options: in kitchen '{moved.name}' the observation '{observer.name}' has another form than in "
                f"'{self.kitchen.name}': shape {observer.shape}, not {self.observer.shape}{hint}"
            )
        return moved, observer, game, buffer

    def _look(self) -> Any:
        """(chefs, ...) what the chefs see now."""
        if self._buffer is None:
            assert self.game.seen is not None
            return self.game.seen[0]
        self.observer.write(self.game.state, self._buffer, 0, 1)
        return self._buffer[0]

    def _observe(self) -> dict[str, Any]:
        return dict(zip(self.possible_agents, self._look().copy(), strict=True))

    def check_running(self) -> None:
        """Raise a BrigadeError unless an episode is under way."""
        if not self.agents:
            state = "has ended" if self._seed is not None else "has not begun"
            raise BrigadeError(f"the episode {state}; call reset() before step()")

    def _action(self, actions: Mapping[str, int], agent: str) -> int:
        """The action of an agent, whatever it is written as."""
        if agent not in actions:
            raise BrigadeError(f"no action for agent '{agent}'; expected one for each of {', '.join(self.agents)}")
        return check_action(actions[agent], agent)

    def _check(self, actions: Mapping[str, int]) -> None:
        """Say what is wrong with actions that are too many, too few, or too late."""
        self.check_running()
        for agent in self.possible_agents:
            self._action(actions, agent)
        self._check_agent(next(agent for agent in actions if agent not in self.possible_agents))

    def _check_agent(self, agent: str) -> None:
        if agent not in self.observation_spaces:
            raise unknown("agent", agent, self.possible_agents)
