"""Scripted players for either side, for any game: baselines, partners for learners, and instruments of the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from brigade.envs.prover_verifier.games.game import Game
from brigade.envs.prover_verifier.protocol import FIRST, PROVER, SECOND, VERIFIER, WORLD, Behaviour
from brigade.envs.registry import Registry

REJECT, ACCEPT, ASK = 0, 1, 2
HELPFUL, SNEAKY = 0, 1
SPEAKERS = {VERIFIER: 0, PROVER: 1, FIRST: 1, SECOND: 2, WORLD: 3}  # as transcripts number them
Observation = Mapping[str, Any]


@dataclass(frozen=True)
class Seat:
    """What a player is told at the beginning.

    Attributes:
        game: what is played.
        problem: for provers; None for verifiers, who must do with what they observe.
        accept: for provers: whether acceptance is what they are after.
        seed: for their own random choices.
    """

    game: Game[Any]
    problem: Any
    accept: bool
    seed: int


@runtime_checkable
class Player(Protocol):
    """Plays for one agent; actions are those of the environment's action space."""

    def reset(self, seat: Seat) -> None:
        """Begin an episode."""
        ...

    def act(self, observation: Observation) -> NDArray[np.int64]:
        """The action; provers answer with a message, verifiers with (verdict, question)."""
        ...


players: Registry[Player] = Registry("player")


class ScriptedProver:
    """Argues with one behaviour; a prover of role says what that role wants.

    Args:
        behaviour: `honest`, `liar` or `half_truth`. What is sent may be correct by accident only if it is honest.
    """

    def __init__(self, behaviour: Behaviour):
        self.behaviour: Behaviour = behaviour

    def reset(self, seat: Seat) -> None:
        """Begin an episode."""
        self._seat, self._rng = seat, np.random.default_rng(seat.seed)

    def act(self, observation: Observation) -> NDArray[np.int64]:
        """The message."""
        seat = self._seat
        return seat.game.check(seat.game.argue(seat.problem, self.behaviour, seat.accept, self._rng))


class ScriptedVerifier:
    """Looks at some parts of what arrived last, and accepts if those hold.

    In a game in which the world answers it rejects where it gets no look: nothing holds that it could see.

    Args:
        looks: how many parts are looked at; None for all.
        exacting: where the world answers, it looks at nothing but the first part that settles the matter, and rejects
            if there is none. Elsewhere this changes nothing.
    """

    def __init__(self, looks: int | None, exacting: bool = False):
        self.looks, self.exacting = looks, exacting

    def reset(self, seat: Seat) -> None:
        """Begin an episode."""
        self._game, self._rng = seat.game, np.random.default_rng(seat.seed)
        self._order = self._rng.permutation(seat.game.questions)

    def act(self, observation: Observation) -> NDArray[np.int64]:
        """Ask as long as nothing has arrived, then decide."""
        if self.looks == 0:
            return _verdict(ACCEPT)
        arrived = received_in(observation)
        if self._game.lookable and arrived:
            return self._look(observation, arrived[-1])
        wanted = self._game.questions if self.looks is None else self.looks
        enough = len(arrived) >= (wanted if not self._game.supports else 1)
        if not enough and observation["questions_left"] > 0:
            return _verdict(ASK, len(arrived) % self._game.questions)
        return _verdict(ACCEPT if self._stands(observation["problem"], arrived) else REJECT)

    def _look(self, observation: Observation, argument: NDArray[np.int64]) -> NDArray[np.int64]:
        """Look at what there is to be looked at, in an order drawn at random; one failure is enough to reject."""
        view, order = observation["problem"], self._order.tolist()
        given = [part for part in order if self._game.holds(view, argument, part)]
        if self.exacting:
            given = [part for part in sorted(given) if self._game.settles(view, argument, part)][:1]
        seen = received_in(observation, (SPEAKERS[WORLD],))
        if not given or any(row[0] == 0 for row in seen):
            return _verdict(REJECT)
        if len(seen) < len(given[: self.looks]) and observation["questions_left"] > 0:
            return _verdict(ASK, given[len(seen)])
        return _verdict(ACCEPT if seen else REJECT)

    def _stands(self, view: NDArray[np.float32], arrived: list[NDArray[np.int64]]) -> bool:
        game = self._game
        if not game.supports:  # every argument counts against
            return all(game.holds(view, message, 0) for message in arrived)
        if not arrived:
            return False
        parts = self._rng.permutation(game.questions)[: self.looks]
        return all(game.holds(view, arrived[-1], int(part)) for part in parts)


def received_in(observation: Observation, speakers: tuple[int, ...] = (1, 2)) -> list[NDArray[np.int64]]:
    """The messages of some speakers (by default the provers) in what an agent sees of the transcript, oldest first."""
    return [row[1:] for row in observation["transcript"] if row[0] in speakers]


def _verdict(verdict: int, question: int = 0) -> NDArray[np.int64]:
    return np.array([verdict, question], np.int64)


def make_player(player: str | Player | Callable[[], Player]) -> Player:
    """A player by name, as an object, or from what makes one.

    Raises:
        BrigadeError: no such player; the message suggests the nearest name.
    """
    if isinstance(player, str):
        return players[player].make()
    return player if isinstance(player, Player) and not isinstance(player, type) else player()


SCRIPTED: dict[str, tuple[str, Callable[[], Player]]] = {  # by name: a line about it, and what makes it
    "honest": ("prover: shows what is true", lambda: ScriptedProver("honest")),
    "liar": ("prover: claims what is plainly false", lambda: ScriptedProver("liar")),
    "half_truth": ("prover: says what is nearly true, and leads astray", lambda: ScriptedProver("half_truth")),
    "trusting": ("verifier: accepts everything", lambda: ScriptedVerifier(0)),
    "suspicious": (
        "verifier: looks at everything it can, and accepts only what all holds", lambda: ScriptedVerifier(None),
    ),
    "spot_checker": ("verifier: looks at one part, drawn at random", lambda: ScriptedVerifier(1)),
    "exacting": (
        "verifier: accepts only what one look settles; in games without looks, as suspicious",
        lambda: ScriptedVerifier(None, exacting=True),
    ),
}  # fmt: skip
for name, (about, make) in SCRIPTED.items():
    players.register(name, about)(make)
