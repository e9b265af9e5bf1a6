"""The binary erasure channel, reconstructed after Anil et al. 2021 (arXiv 2108.12099)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brigade.envs.prover_verifier.games.game import NOTHING, DecisionGame, Message, games
from brigade.envs.prover_verifier.protocol import Behaviour
from brigade.envs.registry import BrigadeError

A, B = 0, 1  # tokens


@games.register("bec_r", "binary erasure channel: one token arrives for good problems only (decision)")
class ErasureGame(DecisionGame[int]):
    """`bec_r`: a token that always arrives, and one that arrives for good problems only.

    ## Description

    A reconstruction: the original's exact rules could not be had. Nature draws y with even odds. The prover sees it
    and sends token A, which always arrives, or B, which is erased with probability `erasure` if y = 1 and always if
    y = 0. So B arriving proves y = 1; the sound and complete protocol is to send B, and to accept B alone.

    ## Messages

    | number | meaning |
    |---|---|
    | 0 | token A |
    | 1 | token B |

    The verifier receives the same number, or -1 if it was erased.

    ## Views

    The prover sees y as one number; the verifier sees nothing of the problem (one number, always 0).

    ## Arguments

    | argument | meaning |
    |---|---|
    | `erasure` | probability with which B is erased though y = 1, 0.1 by default |

    ## History

    - v0: first version.
    """

    name = "bec_r"
    message_choices = (2,)
    received_size, received_limit = 1, 1
    prover_size, verifier_size = 1, 1

    def __init__(self, erasure: float = 0.1):
        if not 0 <= erasure < 1:
            raise BrigadeError(f"bec_r: erasure {erasure} is not a probability below 1")
        self.erasure = erasure

    def draw(self, rng: np.random.Generator) -> int:
        """The label itself."""
        return int(rng.integers(2))

    def good(self, problem: int) -> bool:
        """Whether y = 1."""
        return problem == 1

    def prover_view(self, problem: int) -> NDArray[np.float32]:
        """The label."""
        return np.array([problem], np.float32)

    def verifier_view(self, problem: int) -> NDArray[np.float32]:
        """Nothing."""
        return np.zeros(1, np.float32)

    def receive(self, problem: int, message: Message, rng: np.random.Generator) -> NDArray[np.int64]:
        """The token, or -1; one number is drawn whatever is sent."""
        erased = rng.random() < self.erasure or problem == 0
        return np.array([NOTHING if message[0] == B and erased else message[0]], np.int64)

    def argue(self, problem: int, behaviour: Behaviour, accept: bool, rng: np.random.Generator) -> Message:
        """Honest: B for good problems. The liar tries B on all of them. The half-truth says A, which proves nothing."""
        token = {"honest": B if problem else A, "liar": B, "half_truth": A}[behaviour]
        return np.array([token], np.int64)

    def holds(self, view: NDArray[np.float32], received: NDArray[np.int64], part: int) -> bool:
        """Whether it was B that arrived."""
        return bool(received[0] == B)
