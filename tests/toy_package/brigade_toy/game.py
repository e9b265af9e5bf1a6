"""A prover-verifier game: which way up did a coin fall?"""

from typing import Any

import numpy as np

from brigade.envs.prover_verifier.games.game import DecisionGame
from brigade.envs.prover_verifier.games.words import Passage, Words


class CoinWords(Words["CoinGame"]):
    rules = "A coin was thrown. The prover saw it and says how it fell; now and then it cannot be heard."
    task = "Did it fall heads up?"
    right, wrong = "It was heads.", "It was tails."

    def problem(self, problem: Any) -> str:
        return "A coin."

    def message(self, speaker: str, received: Any) -> Passage:
        return Passage(speaker, ({0: "Tails.", 1: "Heads."}.get(int(received[0]), "..."),))

    def question(self, number: int, received: Any) -> str:
        return "the coin"


class CoinGame(DecisionGame[int]):
    """Heads are good, and only the prover has seen the coin (decision)."""

    name = "coin"
    message_choices = (2,)
    received_size, received_limit = 1, 1
    prover_size, verifier_size = 1, 1
    people_words = CoinWords

    def __init__(self, noise: float = 0.1):
        self.noise = noise

    def draw(self, rng: np.random.Generator) -> int:
        return int(rng.integers(2))

    def good(self, problem: int) -> bool:
        return bool(problem)

    def prover_view(self, problem: int) -> Any:
        return np.array([problem], np.float32)

    def verifier_view(self, problem: int) -> Any:
        return np.zeros(1, np.float32)

    def receive(self, problem: int, message: Any, rng: np.random.Generator) -> Any:
        return np.array([-1 if rng.random() < self.noise else message[0]], np.int64)

    def argue(self, problem: int, behaviour: str, accept: bool, rng: np.random.Generator) -> Any:
        return np.array([problem if behaviour == "honest" else accept], np.int64)

    def holds(self, view: Any, received: Any, part: int) -> bool:
        return bool(received[0] == 1)
