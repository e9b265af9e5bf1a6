"""What a prover-verifier game is: two families with one interface, and the registry of games."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brigade.envs.prover_verifier.games.words import Words
from brigade.envs.prover_verifier.protocol import Behaviour, Protocol
from brigade.envs.registry import BrigadeError, Registry

P = TypeVar("P")
Message = NDArray[np.int64]
NOTHING = -1  # stands for what did not arrive, in every number of a received message


class Game(ABC, Generic[P]):
    """Problems, messages, and what is true. Who speaks when is the protocol's business.

    A message is a row of whole numbers, number i below `message_choices[i]`. What arrives of it at the verifier is
    another row, whose numbers lie between -1 (`NOTHING`) and `received_limit`.

    Attributes:
        name: in the registry.
        family: `decision` (the verifier predicts whether x is good) or `solution` (whether what was sent is correct).
        message_choices: how many values each number of a message has.
        prover_size, verifier_size: length of what each side sees of a problem.
        view_limit: the greatest absolute number in either view.
        questions: how many different questions a verifier can ask.
        lookable: whether a question can be answered by looking at the world.
        supports: whether what holds in an argument speaks for acceptance even if the other side made it.
        people_words: how the game is told to a person; None for not, or where whoever shows it knows how.
    """

    name: str
    family: Literal["decision", "solution"]
    message_choices: tuple[int, ...]
    prover_size: int = 1
    verifier_size: int = 1
    view_limit: float = 1.0
    questions: int = 1
    lookable: bool = False
    supports: bool = True
    people_words: type[Words[Any]] | None = None

    @cached_property
    def received_size(self) -> int:
        """Length of what arrives of a message; by default its own."""
        return len(self.message_choices)

    @cached_property
    def received_limit(self) -> int:
        """The greatest number in what arrives; by default that in a message."""
        return max(self.message_choices) - 1

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> P:
        """A problem; good and bad ones are equally frequent where the problem decides."""

    @abstractmethod
    def truth(self, problem: P, message: Message | None) -> bool:
        """Whether the verifier should accept."""

    def prover_view(self, problem: P) -> NDArray[np.float32]:
        """(prover_size,) what a prover sees of the problem; by default the problem itself, which is numbers then."""
        return np.array(problem, np.float32).reshape(self.prover_size)

    def verifier_view(self, problem: P) -> NDArray[np.float32]:
        """(verifier_size,) what the verifier sees of it; by default nothing, which is zeros."""
        return np.zeros(self.verifier_size, np.float32)

    def receive(self, problem: P, message: Message, rng: np.random.Generator) -> NDArray[np.int64]:
        """(received_size,) what arrives of a message, on a channel that may be noisy; by default all of it."""
        return message.copy()

    @abstractmethod
    def argue(self, problem: P, behaviour: Behaviour, accept: bool, rng: np.random.Generator) -> ArrayLike:
        """What a scripted prover says: with the honest, lying or half-true behaviour, for or against acceptance."""

    def holds(self, view: NDArray[np.float32], received: NDArray[np.int64], part: int) -> bool:
        """Whether one part of a received argument (of `questions`) stands up to being looked at.

        By default where its number is above 0, as in a message that is yes or no.
        """
        return bool(received[part] > 0)

    def settles(self, view: NDArray[np.float32], received: NDArray[np.int64], part: int) -> bool:
        """Whether one part of a received argument is enough for acceptance if a look shows that it holds.

        Only games in which the world answers have such parts.
        """
        return False

    def look(self, problem: P, received: NDArray[np.int64], question: int) -> NDArray[np.int64]:
        """(received_size,) what the world answers to a question about what arrived: first 1 if it is so, 0 if not.

        Raises:
            BrigadeError: there is nothing to be looked at in this game.
        """
        raise BrigadeError(f"game '{self.name}' has nothing to look at")

    def fits(self, protocol: Protocol) -> bool:
        """Whether the game can be played under a protocol."""
        return not protocol.looks

    def check(self, message: ArrayLike) -> Message:
        """A message as an array.

        Raises:
            BrigadeError: it has another length, or a number out of range.
        """
        row = np.atleast_1d(np.asarray(message))
        if row.dtype.kind not in "iu":
            raise BrigadeError(f"{self.name}: a message is of whole numbers, got {row.dtype}")
        if row.shape != (len(self.message_choices),):
            size = len(self.message_choices)
            raise BrigadeError(f"{self.name}: a message has {size} numbers, got {row.size}")
        for place, (number, choices) in enumerate(zip(row.tolist(), self.message_choices, strict=True)):
            if not 0 <= number < choices:
                raise BrigadeError(
                    f"{self.name}: number {place} of the message is {number}, expected 0 to {choices - 1}"
                )
        return row.astype(np.int64)


class DecisionGame(Game[P]):
    """The prover sends evidence about x; the verifier predicts y(x), which no message can change."""

    family = "decision"

    @abstractmethod
    def good(self, problem: P) -> bool:
        """The label y of a problem."""

    def truth(self, problem: P, message: Message | None) -> bool:
        """The problem's label, whatever was said."""
        return self.good(problem)


class SolutionGame(Game[P]):
    """The prover sends a whole solution; the verifier predicts whether it is correct."""

    family = "solution"

    @abstractmethod
    def correct(self, problem: P, message: Message) -> bool:
        """Whether a solution is correct."""

    def truth(self, problem: P, message: Message | None) -> bool:
        """Whether the last solution is correct; nothing sent is not."""
        return message is not None and self.correct(problem, message)

    def fits(self, protocol: Protocol) -> bool:
        """One prover sends the solution; nobody else could say what is to be judged."""
        return len(protocol.provers) == 1 and super().fits(protocol)


games: Registry[Game[Any]] = Registry(
    "prover-verifier game",
    "brigade.games",
    own=[
        f"brigade.envs.prover_verifier.games.{name}"
        for name in ("arithmetic_game", "erasure", "find_plus", "kitchen_game", "review_game")
    ],
)


def make_game(name: str, **options: Any) -> Game[Any]:
    """A game by name.

    Raises:
        BrigadeError: no such game, or an option that it does not have.
    """
    return games.make(name, **options)
