"""Any game under any protocol that fits, as a PettingZoo environment in which agents speak in turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import AECEnv

from brigade.envs.episodes import next_episode
from brigade.envs.prover_verifier.games.game import NOTHING, Game, make_game
from brigade.envs.prover_verifier.players import ACCEPT, ASK, HELPFUL, REJECT, SNEAKY, SPEAKERS
from brigade.envs.prover_verifier.protocol import PROTOCOLS, VERIFIER, WORLD, Protocol, Turn, find_protocol
from brigade.envs.prover_verifier.shown import Said, as_text
from brigade.envs.registry import BrigadeError, nearest, unknown

MISALIGNED = -2.0  # below every reward of a prover that acts as its role wants (arXiv 2407.13692, eq. 3)
UNKNOWING = -0.25  # what a probability of one half is paid
LEVELS = 21  # of confidence: 0, 0.05, ... 1
ROLE_NAMES = ("helpful", "sneaky")
RENDER_MODES = ("ansi",)


class ProverVerifierEnv(AECEnv):  # type: ignore[misc]  # PettingZoo is not typed
    """A prover-verifier game: provers argue in turn, and a verifier accepts or rejects.

    ## Description

    Nature draws a problem, and for a prover of role whether it is helpful or sneaky. Then the protocol's table says who
    speaks. Where the verifier may ask, every question is answered on the protocol's channels; asking when no question
    is left counts as a rejection. The episode ends with the verdict. What a problem and a message are is said on the
    game's own card.

    | protocol | agents | messages |
    |---|---|---|
    | `solo` | verifier | 0 |
    | `adp` | prover, verifier | 1 |
    | `nip` | prover, verifier | 8 |
    | `debate`, `debate_drawn` | prover_0, prover_1, verifier | 4 |
    | `debate_at_once` | prover_0, prover_1, verifier | 2 |
    | `debate_asked` | prover_0, prover_1, verifier | 8 |
    | `merlin_arthur` | prover_0, prover_1, verifier | 1 |
    | `mnip` | prover_0, prover_1, verifier | 6 |
    | `pvd` | prover, verifier | 25 |
    | `looks` | prover, verifier | 7 |

    ## Actions

    A prover's action is a message of the game: `Discrete` if that is one number, else `MultiDiscrete`. The verifier's
    is `MultiDiscrete`:

    | number | values | meaning |
    |---|---|---|
    | 0 | 2, or 3 where it may ask | 0 reject, 1 accept, 2 ask |
    | 1 | the game's questions | which question, if it asks |
    | 2 | 21 | with `confidence`: probability of acceptance in twentieths |

    ## Observation

    A dictionary. Role and truth are never in what the verifier observes, unless `verifier_sees_role`.

    | key | whose | contents |
    |---|---|---|
    | `problem` | all | the game's view of the problem for that side |
    | `transcript` | all | a row per message that the agent can see, oldest first; -1 for nothing |
    | `questions_left` | all | how often the verifier may still ask |
    | `wants` | provers | 1 if it is after acceptance |
    | `role` | provers | 0 helpful, 1 sneaky |

    A row of the transcript is the speaker (0 verifier, 1 first prover, 2 second, 3 the world), then the numbers of the
    message: as sent for provers, as received for the verifier.

    ## Reward

    All at the end. The verifier: 1 if right, else -1; with `confidence`, minus the squared difference between its
    probability and the truth; less `question_cost` for every question. A prover with a stance: 1 if the verdict is the
    one it is after, else 0. A prover of role in a decision game: helpful 1 for a right verdict, sneaky 1 for
    acceptance. In a solution game: 1 for acceptance of a solution as its role wants it (helpful: correct, sneaky:
    incorrect), 0 for rejection of one, -2 for the other kind of solution whatever the verdict. A verdict on no solution
    at all, before any prover has sent one, pays nobody (with `confidence` the verifier -0.25, as for not knowing).

    ## End of episode

    With the verdict all agents terminate together; there is no truncation. Infos then hold `truth`, `accept`, `role`
    and `questions`.

    ## Arguments

    | argument | meaning |
    |---|---|
    | `game` | its name, or a game |
    | `protocol` | its name, or a table of your own |
    | `sneaky` | probability that a prover of role is sneaky, 0.5 by default |
    | `confidence` | whether the verifier says a probability as well, and is paid by it |
    | `question_cost` | 0.05 by default |
    | `verifier_sees_role` | False by default; for controls |
    | `questions` | how often the verifier may ask or look, as the protocol says by default; 0 for never |
    | `options` | of a game given by name, as its card says: `options={"radius": 3}` |
    | `render_mode` | `ansi`, so that `render()` gives the episode as text, or None |

    `reset(seed=)`: the same seed gives the same problem; without one the next episode of the last seed begins.

    ## History

    - v0: first version.
    """

    def __init__(
        self,
        game: str | Game[Any] = "bec_r",
        protocol: str | Protocol = "adp",
        sneaky: float = 0.5,
        confidence: bool = False,
        question_cost: float = 0.05,
        verifier_sees_role: bool = False,
        questions: int | None = None,
        options: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
    ):
        super().__init__()
        if options and not isinstance(game, str):
            raise BrigadeError(f"options are for a game given by name, got a game '{game.name}' and {sorted(options)}")
        self.game = make_game(game, **options or {}) if isinstance(game, str) else game
        self.protocol = find_protocol(protocol) if isinstance(protocol, str) else protocol
        if not self.game.fits(self.protocol):
            fitting = [name for name, other in PROTOCOLS.items() if self.game.fits(other)]
            raise BrigadeError(
                f"game '{self.game.name}' cannot be played under protocol '{self.protocol.name}'; "
                f"{nearest('', fitting)}"
            )
        if questions is not None:
            self.protocol = self.protocol.limited(questions)
        if not 0 <= sneaky <= 1:
            raise BrigadeError(f"sneaky: {sneaky} is not a probability")
        if render_mode not in (None, *RENDER_MODES):
            raise unknown("render mode", str(render_mode), RENDER_MODES)
        self.sneaky, self.confidence, self.question_cost = sneaky, confidence, question_cost
        self.verifier_sees_role, self.render_mode = verifier_sees_role, render_mode
        self.metadata = {"name": "prover_verifier_v0", "render_modes": list(RENDER_MODES), "is_parallelizable": True}
        self.possible_agents = [*self.protocol.provers, VERIFIER]
        self.agents: list[str] = []
        self._action_spaces = {agent: self._make_action_space(agent) for agent in self.possible_agents}
        self._observation_spaces = {agent: self._make_observation_space(agent) for agent in self.possible_agents}
        self._seed: int | None = None
        self._episode = 0

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """The space of the agent's actions; the same object every time."""
        return self._of(self._action_spaces, agent)

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """The space of the agent's observations; the same object every time."""
        return self._of(self._observation_spaces, agent)

    def reset(self, seed: int | None = None, options: Mapping[str, Any] | None = None) -> None:
        """Begin an episode.

        Args:
            seed: what problem, roles and noise come from; without one, the next episode of the last seed.
            options: none are known; they are ignored.
        """
        self._seed, self._episode = next_episode(seed, self._seed, self._episode)
        self.rng = np.random.default_rng(self.episode_key)
        self.problem = self.game.draw(self.rng)
        self.role = SNEAKY if self.rng.random() < self.sneaky else HELPFUL
        self.said: list[Said] = []
        self.questions_left = self.protocol.questions
        self.agents = self.possible_agents[:]
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {agent: {} for agent in self.agents}
        self._swapped = self.protocol.swapped(self.rng)
        self._ahead = self._drawn(self.protocol.opening)
        self._select()

    def observe(self, agent: str) -> dict[str, Any]:
        """What an agent sees now."""
        game = self.game
        if agent == VERIFIER:
            view: dict[str, Any] = {"problem": game.verifier_view(self.problem)}
            if self.verifier_sees_role:
                view["role"] = np.int64(self.role)
        else:
            wants = np.int64(self.wants_acceptance(agent))
            view = {"problem": game.prover_view(self.problem), "wants": wants, "role": np.int64(self.role)}
        left = np.int64(self.questions_left)
        return {**view, "transcript": self._transcript(agent), "questions_left": left}

    def step(self, action: Any) -> None:
        """The selected agent speaks, asks or decides.

        Raises:
            BrigadeError: no episode is under way, or the action does not fit; nothing has changed.
        """
        if not self.agents:
            raise BrigadeError("no episode is under way; call reset() before step()")
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        if agent == VERIFIER:
            self._judge(self.check_verdict(action))
        else:
            message = self.game.check(action)
            channels = (self._ahead.pop(0)[1],)
            self.said.append(Said(agent, channels, message, self.game.receive(self.problem, message, self.rng)))
            self._select()
        self._cumulative_rewards[agent] = 0.0
        self._accumulate_rewards()

    def check_verdict(self, action: Any) -> list[int]:
        """The verifier's action as a list of numbers.

        Raises:
            BrigadeError: it does not fit the action space.
        """
        given = np.asarray(action)
        space = self._action_spaces[VERIFIER]
        if given.dtype.kind not in "iu" or not space.contains(given.astype(np.int64)):
            words = ", ".join(("0 reject", "1 accept", "2 ask")[: 3 if self.protocol.questions else 2])
            raise BrigadeError(f"verdict {action!r} is not in {space}; the first number is one of {words}")
        return [int(number) for number in given]

    def wants_acceptance(self, agent: str) -> bool:
        """Whether a prover is after acceptance; one of role always is, and helpful ones only of what is true."""
        if dict(self.protocol.stances)[agent] == "reject":
            return False
        helps = dict(self.protocol.stances)[agent] == "role" and self.role == HELPFUL
        return not helps or self.game.family == "solution" or self.game.truth(self.problem, None)

    @property
    def episode_key(self) -> tuple[int, int]:
        """What all that is random in the episode under way comes from: the seed, and which episode of it this is."""
        return (self._seed or 0) & 0xFFFFFFFF, self._episode

    def render(self) -> str | None:
        """The episode so far as text, with render mode `ansi`."""
        return as_text(self) if self.render_mode == "ansi" and hasattr(self, "problem") else None

    def close(self) -> None:
        """Nothing to let go of."""

    def _judge(self, verdict: list[int]) -> None:
        asked = verdict[0] == ASK
        if asked and self.questions_left > 0:
            self.questions_left -= 1
            channels = tuple(dict.fromkeys(turn.channel for turn in self.protocol.replies))
            question = np.array([verdict[1]], np.int64)
            self.said.append(Said(VERIFIER, channels, question, question))
            self._ahead = self._drawn(self.protocol.replies)
            self._select()
            self.rewards = dict.fromkeys(self.agents, 0.0)
            return
        self._end(REJECT if asked else verdict[0], verdict[2] / (LEVELS - 1) if self.confidence else None)

    def _end(self, verdict: int, probability: float | None) -> None:
        accept = verdict == ACCEPT
        argument = self._last_argument()
        truth = self.game.truth(self.problem, None if argument is None else argument.sent)
        asked = self.protocol.questions - self.questions_left
        right = float(1 if accept == truth else -1) if probability is None else -((probability - truth) ** 2)
        self.rewards = {agent: self._prover_reward(agent, accept, truth) for agent in self.protocol.provers}
        if argument is None and self.game.family == "solution":  # there is nothing to be right about
            right = 0.0 if probability is None else UNKNOWING
            self.rewards = dict.fromkeys(self.rewards, 0.0)
        self.rewards[VERIFIER] = right - self.question_cost * asked
        told = {"truth": truth, "accept": accept, "role": ROLE_NAMES[self.role], "questions": asked}
        self.infos = {agent: dict(told) for agent in self.agents}
        self.terminations = dict.fromkeys(self.agents, True)
        self.agent_selection = self.agents[0]

    def _prover_reward(self, agent: str, accept: bool, truth: bool) -> float:
        stance = dict(self.protocol.stances)[agent]
        if stance != "role":
            return float(accept == (stance == "accept"))
        helpful = self.role == HELPFUL
        if self.game.family == "decision":
            return float(accept == truth if helpful else accept)
        return float(accept) if truth == helpful else MISALIGNED

    def _last_argument(self) -> Said | None:
        return next((said for said in reversed(self.said) if said.speaker in self.protocol.provers), None)

    def _drawn(self, turns: tuple[Turn, ...]) -> list[tuple[str, str]]:
        """(speaker, channel) of each turn; nature draws where there is a choice."""
        return [(self.protocol.speaker(turn, self.rng, self._swapped), turn.channel) for turn in turns]

    def _select(self) -> None:
        while self._ahead and self._ahead[0][0] == WORLD:
            asked, argument = int(self.said[-1].sent[0]), self._last_argument()
            assert argument is not None  # looks come after an argument
            seen = self.game.look(self.problem, argument.received, asked)
            self.said.append(Said(WORLD, (self._ahead.pop(0)[1],), seen, seen))
        self.agent_selection = self._ahead[0][0] if self._ahead else VERIFIER

    def _transcript(self, agent: str) -> NDArray[np.int64]:
        rows = np.full(self._transcript_shape(agent), NOTHING, np.int64)
        seen = [said for said in self.said if any(self.protocol.can_see(agent, c) for c in said.channels)]
        for row, said in zip(rows, seen, strict=False):
            content = said.received if agent == VERIFIER else said.sent
            row[0] = SPEAKERS[said.speaker]
            row[1 : 1 + len(content)] = content[: len(row) - 1]
        return rows

    def _transcript_shape(self, agent: str) -> tuple[int, int]:
        size = self.game.received_size if agent == VERIFIER else len(self.game.message_choices)
        return max(1, self.protocol.messages), 1 + size

    def _make_action_space(self, agent: str) -> spaces.Space[Any]:
        choices = self.game.message_choices
        if agent == VERIFIER:
            verdicts = 3 if self.protocol.questions else 2
            choices = (verdicts, self.game.questions, *((LEVELS,) if self.confidence else ()))
        elif len(choices) == 1:
            return spaces.Discrete(choices[0])
        return spaces.MultiDiscrete(np.array(choices, np.int64))

    def _make_observation_space(self, agent: str) -> spaces.Space[Any]:
        game, judge = self.game, agent == VERIFIER
        size = game.verifier_size if judge else game.prover_size
        limit = max(game.received_limit if judge else max(game.message_choices), game.questions, 3)
        parts: dict[str, spaces.Space[Any]] = {
            "problem": spaces.Box(-game.view_limit, game.view_limit, (size,), np.float32),
            "transcript": spaces.Box(NOTHING, limit, self._transcript_shape(agent), np.int64),
            "questions_left": spaces.Discrete(self.protocol.questions + 1),
        }
        if not judge or self.verifier_sees_role:
            parts["role"] = spaces.Discrete(2)
        if not judge:
            parts["wants"] = spaces.Discrete(2)
        return spaces.Dict(parts)

    def _of(self, spaces_: Mapping[str, spaces.Space[Any]], agent: str) -> spaces.Space[Any]:
        if agent not in spaces_:
            raise unknown("agent", agent, spaces_)
        return spaces_[agent]
