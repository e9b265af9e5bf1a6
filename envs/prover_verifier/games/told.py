"""How every game is told to people: who play the verifier, or look on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from brigade.envs.prover_verifier.arithmetic.problem import Problem
from brigade.envs.prover_verifier.games.arithmetic_game import LOWEST, OPS, ArithmeticGame, decode
from brigade.envs.prover_verifier.games.erasure import ErasureGame
from brigade.envs.prover_verifier.games.find_plus import FindPlusGame, Image
from brigade.envs.prover_verifier.games.game import NOTHING, Game
from brigade.envs.prover_verifier.games.kitchen_game import KitchenGame
from brigade.envs.prover_verifier.games.kitchen_words import KitchenWords
from brigade.envs.prover_verifier.games.review_game import Review, ReviewGame
from brigade.envs.prover_verifier.games.words import Passage, Received, Words
from brigade.envs.registry import BrigadeError

SIGNS = {"*": "×", "/": "÷"}


class ArithmeticWords(Words[ArithmeticGame]):
    """Worked solutions."""

    rules = (
        "You read a word problem and a solution of it, line by line. Accept the solution if its answer is right, "
        "reject it if the answer is wrong."
    )
    task = "Is the answer right?"
    right, wrong = "The answer was right.", "The answer was wrong."

    def problem(self, problem: Problem) -> str:
        """Its text."""
        return problem.text

    def message(self, speaker: str, received: Received) -> Passage:
        """The lines, then the answer."""
        return Passage(speaker, tuple(spoken_sum(line) for line in decode(received).text.splitlines()))

    def question(self, number: int, received: Received | None) -> str | None:
        """A line, or the answer; before there is a solution, the solution."""
        if received is None:
            return "a solution" if number == 0 else None
        return "the answer" if number == self.game.steps else f"line {number + 1}"


class ReviewWords(Words[ReviewGame]):
    """Solutions of which provers show lines."""

    rules = (
        "Someone has solved a word problem, rightly or wrongly. You read the problem, but of the solution only the "
        "lines that you are shown; the prover decides which. Accept if the answer of the solution is right, reject if "
        "it is wrong."
    )
    task = "Is the answer of the solution right?"
    right, wrong = "The answer was right.", "The answer was wrong."

    def problem(self, problem: Review) -> str:
        """The text of the word problem; the solution is not told."""
        return f"{problem.problem.text}\n(The solution has {self.game.steps} lines and an answer.)"

    def message(self, speaker: str, received: Received) -> Passage:
        """The line that is shown, with the answer if that is."""
        line, before, op, amount, after, answer = received.tolist()
        shown = min(line, self.game.steps - 1)
        lines = [f"Line {shown + 1}:  {spoken_sum(f'{before + LOWEST} {OPS[op]} {amount} = {after + LOWEST}')}"]
        return Passage(speaker, (*lines, *([f"Answer: {answer + LOWEST}"] if answer != NOTHING else [])))

    def question(self, number: int, received: Received | None) -> str:
        """A line, or the answer."""
        return "the answer" if number == self.game.steps else f"line {number + 1}"


class ErasureWords(Words[ErasureGame]):
    """Tokens on a channel that loses some."""

    task = "Is it good?"
    right, wrong = "It was good.", "It was bad."

    def __init__(self, game: ErasureGame):
        super().__init__(game)
        self.rules = (
            "Something is good or bad, and only the prover knows which. It sends you token A or token B. A always "
            f"arrives. B never arrives if the thing is bad, and is lost {game.erasure:.0%} of the time if it is good. "
            "Accept what is good, reject what is bad."
        )

    def problem(self, problem: int) -> str:
        """There is nothing to be seen of it."""
        return "Something that is good or bad."

    def message(self, speaker: str, received: Received) -> Passage:
        """The token, if it arrived."""
        token = {0: "Token A", 1: "Token B"}.get(int(received[0]), "Nothing arrived.")
        return Passage(speaker, (token,))

    def question(self, number: int, received: Received | None) -> str:
        """There is one."""
        return "a token"


class PlusWords(Words[FindPlusGame]):
    """Patches of a picture."""

    rules = (
        "A picture of 8 by 8 pixels may have a plus in it: within a square of 3 by 3, the five pixels of a + are on "
        "and the four corners are off. You do not see the picture, only patches of 3 by 3 that you are shown. Accept "
        "if there is a plus somewhere in the picture, reject if there is none."
    )
    task = "Is there a plus in the picture?"
    right, wrong = "There was a plus.", "There was no plus."

    def problem(self, problem: Image) -> str:
        """There is nothing to be seen of it but patches."""
        return "A picture of 8 by 8 pixels."

    def message(self, speaker: str, received: Received) -> Passage:
        """The patch."""
        return Passage(speaker, (), tuple(int(pixel) for pixel in received))

    def question(self, number: int, received: Received | None) -> str:
        """There is one."""
        return "a patch"


_WORDS: Mapping[type[Game[Any]], type[Words[Any]]] = {
    ArithmeticGame: ArithmeticWords, ReviewGame: ReviewWords, ErasureGame: ErasureWords, FindPlusGame: PlusWords,
    KitchenGame: KitchenWords,
}  # fmt: skip


def words_of(game: Game[Any]) -> Words[Any]:
    """How a game is told.

    Raises:
        BrigadeError: nobody has said how.
    """
    words = known_words(game)
    if words is None:
        raise BrigadeError(f"game '{game.name}' has no words for people: its class needs an attribute `people_words`")
    return words


def known_words(game: Game[Any]) -> Words[Any] | None:
    """How a game is told, None where nobody has said how."""
    own = game.people_words or next((words for kind, words in _WORDS.items() if isinstance(game, kind)), None)
    return None if own is None else own(game)


def spoken_sum(line: str) -> str:
    """A line of a solution with the signs that people write."""
    return re.sub(r"(?<= )[*/](?= )", lambda match: SIGNS[match[0]], line)
