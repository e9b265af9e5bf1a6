"""One side of a prover-verifier game as a Gymnasium environment; scripted players take the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium

from brigade.envs.episodes import check_seed
from brigade.envs.prover_verifier.aec import RENDER_MODES, ProverVerifierEnv
from brigade.envs.prover_verifier.players import Player, make_player
from brigade.envs.prover_verifier.protocol import VERIFIER
from brigade.envs.prover_verifier.seats import seat_players, take_turn
from brigade.envs.registry import BrigadeError, unknown

PlayerLike = str | Player | Callable[[], Player]
DEFAULTS = {VERIFIER: "suspicious"}  # provers are honest unless said otherwise


class SideEnv(gymnasium.Env[Any, Any]):
    """A prover-verifier game for one learner: the verifier, or one of the provers.

    ## Description

    The game of `ProverVerifierEnv`, seen from one agent; the others are players by name, or objects with
    `reset(seat)` and `act(observation)`. One step is one action of the learner; the others act in between.

    ## Actions

    As in `ProverVerifierEnv`, for the learner.

    ## Observation

    As in `ProverVerifierEnv`, for the learner.

    ## Reward

    The learner's reward there.

    ## End of episode

    `terminated` with the verdict. Where nature draws who speaks, an episode in which the learner is not drawn is
    skipped.

    ## Arguments

    | argument | meaning |
    |---|---|
    | `side` | the learner: `verifier`, `prover`, `prover_0`, `prover_1` |
    | `others` | players by agent; provers are `honest` and verifiers `suspicious` unless said otherwise |
    | further | those of `ProverVerifierEnv`, `render_mode` too |

    ## History

    - v0: first version.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 1}  # as Gymnasium declares it

    def __init__(self, side: str = VERIFIER, others: Mapping[str, PlayerLike] | None = None, **arguments: Any):
        self.world = ProverVerifierEnv(**arguments)
        agents = self.world.possible_agents
        if side not in agents:
            raise unknown("agent", side, agents, f"protocol '{self.world.protocol.name}'")
        for name in others or {}:
            if name not in agents or name == side:
                raise unknown("other agent", name, [agent for agent in agents if agent != side])
        self.side, self.render_mode = side, self.world.render_mode
        self.others = {
            agent: make_player((others or {}).get(agent, DEFAULTS.get(agent, "honest")))
            for agent in agents
            if agent != side
        }
        self.action_space = self.world.action_space(side)
        self.observation_space = self.world.observation_space(side)

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode and play on until the learner's turn.

        Raises:
            BrigadeError: a seed that is no whole number.
        """
        seed = check_seed(seed)
        super().reset(seed=None if seed is None else seed & 0xFFFFFFFF)  # Gymnasium takes none below 0
        self.world.reset(seed)
        while not self._play_on():
            self.world.reset()
        return self.world.observe(self.side), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """The learner acts, then the others until its next turn or the verdict.

        Raises:
            BrigadeError: no episode is under way, or the action does not fit.
        """
        if not getattr(self.world, "terminations", {}) or all(self.world.terminations.values()):
            raise BrigadeError("no episode is under way; call reset() before step()")
        self.world.step(action)
        self._act_on()
        reward = float(self.world.rewards[self.side])
        over = bool(self.world.terminations[self.side])
        return self.world.observe(self.side), reward, over, False, self.world.infos[self.side] if over else {}

    def render(self) -> str | None:  # type: ignore[override]  # Gymnasium has it give lists as well
        """The episode so far as text, with `render_mode="ansi"`."""
        return self.world.render()

    def _play_on(self) -> bool:
        """Seat the others and play until the learner's turn; False if the episode ended without one."""
        seat_players(self.world, self.others)
        self._act_on()
        return not self.world.terminations[self.side]

    def _act_on(self) -> None:
        world = self.world
        while world.agent_selection != self.side and not world.terminations[self.side]:
            take_turn(world, self.others)
