"""A kitchen that goes on while a partner claims things about it: the embedded game, one episode at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from brigade.agents.plan_follower import PlanFollower, PlanningCook
from brigade.agents.planning.player import MacroPlayer
from brigade.envs.kitchen.content.layout import STAY
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import SERVED
from brigade.envs.kitchen.interfaces.partners import View
from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.games.game import Message
from brigade.envs.prover_verifier.games.kitchen_game import VERIFIER_SEAT, KitchenGame
from brigade.envs.prover_verifier.kitchen.claims import HORIZON, Claim
from brigade.envs.prover_verifier.kitchen.forward import Engine, Moment, Trace, play_tick
from brigade.envs.prover_verifier.play import play_episode
from brigade.envs.prover_verifier.players import Observation, Player, Seat


class LiveKitchen:
    """An episode tick by tick: both chefs cook by themselves, or follow the plan of a claim that is in force.

    A plan is in force until its claim's deadline, or until both parts have been carried out and the claim has come
    true. Then both cook on, as if they had just come in.

    Args:
        engine: of the kitchen; it says what is in reach, and whether a claim has come true. Its game is not touched.
        moment: from where on.
        cooks: who cooks as long as no plan has been in force, one for each chef; state machines unless said otherwise.
    """

    def __init__(self, engine: Engine, moment: Moment, cooks: Sequence[MacroPlayer] | None = None):
        self.engine, self.seed, self.begun = engine, moment.seed, int(moment.state.tick[0])
        self.game = Game(engine.kitchen)
        self.game.restore(moment.state)
        self.seen = self.game.describe()
        self.claim: Claim | None = None  # whose plan is in force
        self.stood = 0  # ticks the verifier's chef has stood still for looks
        self._actions = moment.actions.tolist()
        self._items = [self.game.state.item[0].copy()]
        self._served: list[tuple[int, str, int]] = []  # (tick, dish, cell)
        self._since = self._stands_until = 0
        self._seat(cooks if cooks is not None else [PlanningCook() for _ in range(engine.kitchen.chefs)])

    @property
    def tick(self) -> int:
        """Ticks played since the episode began."""
        return int(self.seen["tick"])

    @property
    def score(self) -> int:
        """Points so far."""
        return int(self.seen["score"])

    @property
    def orders_served(self) -> int:
        """Orders that have been paid for so far."""
        return int(self.game.state.stats[0, SERVED])

    def moment(self) -> Moment:
        """The present, to be copied from."""
        actions = np.array(self._actions, np.int8).reshape(-1, self.engine.kitchen.chefs)
        return Moment(self.engine.kitchen, self.seed, actions, self.game.snapshot(), self.seen)

    def copy(self) -> LiveKitchen:
        """The present, to be played on from; its chefs go on with what they are doing here."""
        other = LiveKitchen(self.engine, self.moment())
        other.players = copy.deepcopy(self.players, {id(self.engine.kitchen): self.engine.kitchen})
        other.stand(max(0, self._stands_until - self.tick))
        return other

    def follow(self, claim: Claim) -> None:
        """Put the plan of a claim in force, from now on."""
        self.claim, self._since = claim, self.tick
        self._reach = self.engine.reach(VERIFIER_SEAT, self.moment())
        self._seat([PlanFollower(part, self.tick) for part in claim.plan])

    def stand(self, ticks: int) -> None:
        """Let the verifier's chef stand still for so many ticks; the kitchen does not wait for it."""
        self._stands_until = max(self._stands_until, self.tick) + ticks

    def step(self) -> None:
        """One tick."""
        stands = self.tick < self._stands_until
        self.stood += stands
        actions = [
            STAY if stands and seat == VERIFIER_SEAT else player.act(self.seen | {"you": seat})
            for seat, player in enumerate(self.players)
        ]
        sold = play_tick(self.game, actions)
        self.seen = self.game.describe()
        self._actions.append(actions)
        self._items.append(self.game.state.item[0].copy())
        self._served += [(self.tick, dish, cell) for dish, cell in sold]
        if self.claim is not None and self._over(self.claim):
            self.claim = None
            self._seat([PlanningCook() for _ in self.players])

    def play_until(self, tick: int) -> None:
        """Go on until a tick, or to the end of the episode."""
        while self.tick < min(tick, self.engine.kitchen.horizon):
            self.step()

    def trace(self, since: int) -> Trace:
        """What has happened after a tick of this episode, as when a plan is played forward."""
        served = tuple((tick - since, dish, cell) for tick, dish, cell in self._served if tick > since)
        items: NDArray[np.int16] = np.stack(self._items[since - self.begun :])
        return Trace(np.array(self._actions[since:], np.int8), items, served)

    def came_true(self, claim: Claim, since: int, reach: Sequence[int]) -> bool:
        """Whether what was claimed at a tick has been so within its time."""
        return self.engine.holds(claim, self.trace(since), reach)

    def _over(self, claim: Claim) -> bool:
        if self.tick >= self._since + claim.by:
            return True
        carried_out = all(len(p.macros) == len(part) for p, part in zip(self.players, claim.plan, strict=True))
        return carried_out and self.came_true(claim, self._since, self._reach)

    def _seat(self, players: Sequence[MacroPlayer]) -> None:
        self.players = list(players)
        for seat, player in enumerate(self.players):
            player.reset(View(self.engine.kitchen, seat, self.seed))


class LiveGame(KitchenGame):
    """The game `kitchen` about the present of a live kitchen, instead of a moment that nature draws."""

    earliest = 0  # it draws none
    now: Moment  # what the next episode of the game is about
    going: LiveKitchen  # the kitchen that it is the present of

    def draw(self, rng: np.random.Generator) -> Moment:
        """The present."""
        return self.now


Speaker = Callable[[LiveGame, Moment, np.random.Generator], Message | None]  # None: has nothing to say


class Saying:
    """A prover who says one thing."""

    def __init__(self, message: Message):
        self.message = message

    def reset(self, seat: Seat) -> None:
        """Nothing to prepare."""

    def act(self, observation: Observation) -> Message:
        """The message."""
        return self.message


@dataclass(frozen=True)
class Heard:
    """One claim of an episode, and what became of it.

    Attributes:
        moment: when it was made.
        message: what was said.
        truth: the engine's verdict on the claim with its plan begun at once.
        accept: the verifier's verdict.
        looks: how often the verifier looked, and so the ticks its chef then stood still.
        verifier_reward, prover_reward: of the prover-verifier game.
        came_true: whether it was so in the live kitchen in the end, whoever followed the plan.
    """

    moment: Moment
    message: Message
    truth: bool
    accept: bool
    looks: int
    verifier_reward: float
    prover_reward: float
    came_true: bool = False


@dataclass(frozen=True)
class LiveEpisode:
    """What an episode came to.

    Attributes:
        score: points.
        served: orders that were paid for.
        stood: ticks the verifier's chef stood still for its looks.
        claims: all that were made, oldest first.
    """

    score: int
    served: int
    stood: int = 0
    claims: tuple[Heard, ...] = ()


def play_alone(game: KitchenGame, seed: int) -> LiveEpisode:
    """An episode in which nobody listens: state machines from the first tick to the last."""
    live = LiveKitchen(game.engine, game.engine.moment(seed, 0))
    live.play_until(game.kitchen.horizon)
    return LiveEpisode(live.score, live.orders_served)


def play_live(env: ProverVerifierEnv, speaker: Speaker, verifier: Player, interval: int, seed: int) -> LiveEpisode:
    """An episode in which the prover's chef speaks and the verifier's chef decides.

    The prover is asked after the first `interval` ticks, and again that many ticks after it was asked last, unless its
    plan is still in force or a deadline could lie beyond the end. If the verifier accepts, both chefs follow the plan;
    if it rejects, both cook on as they were. The verdict falls within the tick; the looks are paid for after it.

    Args:
        env: a `LiveGame` under the protocol `looks`.
        speaker: says something about a moment.
        verifier: decides as in any episode of that environment.
        interval: ticks.
        seed: of the kitchen, the cooks and the conversation.
    """
    game = env.game
    assert isinstance(game, LiveGame)
    live = LiveKitchen(game.engine, game.engine.moment(seed, 0))
    claims, following = list[Heard](), interval
    while live.tick <= game.kitchen.horizon - HORIZON:
        message = None
        if live.claim is None and live.tick >= following:
            game.now, game.going, following = live.moment(), live, live.tick + interval
            message = speaker(game, game.now, np.random.default_rng([seed, live.tick]))
        if message is not None:
            claims.append(_decide(env, game, live, message, verifier))
        live.step()
    live.play_until(game.kitchen.horizon)
    known = tuple(replace(heard, came_true=_came_true(game, live, heard)) for heard in claims)
    return LiveEpisode(live.score, live.orders_served, live.stood, known)


def _decide(env: ProverVerifierEnv, game: LiveGame, live: LiveKitchen, message: Message, verifier: Player) -> Heard:
    """Play the prover-verifier game about the present, and do as the verdict says."""
    seed = int(np.random.SeedSequence([live.seed, live.tick]).generate_state(1)[0])
    told = play_episode(env, {"prover": Saying(message), "verifier": verifier}, seed)
    if told.accept:
        live.follow(game.decode(message))
    live.stand(told.questions)
    pay = told.rewards
    return Heard(game.now, message, told.truth, told.accept, told.questions, pay["verifier"], pay["prover"])


def _came_true(game: LiveGame, live: LiveKitchen, heard: Heard) -> bool:
    reach = game.engine.reach(VERIFIER_SEAT, heard.moment)
    return live.came_true(game.decode(heard.message), int(heard.moment.state.tick[0]), reach)
