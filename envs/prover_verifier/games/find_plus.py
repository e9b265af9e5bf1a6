"""FindThePlus on small images, reconstructed after Anil et al. 2021 (arXiv 2108.12099)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brigade.envs.prover_verifier.games.game import DecisionGame, Message, games
from brigade.envs.prover_verifier.protocol import Behaviour

SIDE, PATCH = 8, 3
PLACES = SIDE - PATCH + 1  # along one side
CROPS = PLACES * PLACES
DENSITY, NEAR_MISSES = 0.35, 2
PLUS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.int8)

Image = NDArray[np.int8]  # (8, 8) of 0 and 1


def crops_of(images: NDArray[np.int8]) -> NDArray[np.int8]:
    """All patches of one or many images: (..., 8, 8) to (..., 36, 9), row by row."""
    windows = np.lib.stride_tricks.sliding_window_view(images, (PATCH, PATCH), axis=(-2, -1))
    return windows.reshape(*images.shape[:-2], CROPS, PATCH * PATCH)


def pluses_in(images: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which patches are exactly a plus: (..., 36)."""
    return np.asarray((crops_of(images) == PLUS.ravel()).all(-1))


def draw_image(rng: np.random.Generator) -> Image:
    """An image with two near misses and, with even odds, a plus."""
    image = (rng.random((SIDE, SIDE)) < DENSITY).astype(np.int8)
    _remove_pluses(image)
    for _ in range(NEAR_MISSES):
        miss = PLUS.copy().ravel()
        miss[rng.integers(miss.size)] ^= 1
        _paste(image, miss.reshape(PLUS.shape), rng)
    _remove_pluses(image)
    if rng.random() < 0.5:
        _paste(image, PLUS, rng)
    return image


def _paste(image: Image, patch: NDArray[np.int8], rng: np.random.Generator) -> None:
    y, x = rng.integers(PLACES, size=2)
    image[y : y + PATCH, x : x + PATCH] = patch


def _remove_pluses(image: Image) -> None:
    """Put out the centre of every plus; that can complete no other."""
    for place in np.flatnonzero(pluses_in(image)):
        image[place // PLACES + 1, place % PLACES + 1] = 0


@games.register("ftp_small", "find the plus in an 8 by 8 image, by a patch the prover points at (decision)")
class FindPlusGame(DecisionGame[Image]):
    """`ftp_small`: is there a plus in the image? The verifier sees only the patch that the prover points at.

    ## Description

    A reconstruction, on smaller images than the original's. An image is 8 by 8 pixels, 35 % of them on, with two
    pasted near misses (a plus with one of its nine pixels flipped) and, with even odds, a plus. A problem is good if
    some 3 by 3 patch is exactly a plus.

    ## Messages

    | number | meaning |
    |---|---|
    | 0-35 | the place of a patch, row by row |

    The verifier receives the nine pixels there.

    ## Views

    The prover sees the 64 pixels and the label; the verifier sees nothing of the problem (one number, always 0).

    ## History

    - v0: first version.
    """

    name = "ftp_small"
    message_choices = (CROPS,)
    received_size, received_limit = PATCH * PATCH, 1
    prover_size, verifier_size = SIDE * SIDE + 1, 1

    def draw(self, rng: np.random.Generator) -> Image:
        """An image."""
        return draw_image(rng)

    def good(self, problem: Image) -> bool:
        """Whether there is a plus."""
        return bool(pluses_in(problem).any())

    def prover_view(self, problem: Image) -> NDArray[np.float32]:
        """Pixels, then the label."""
        return np.append(problem.ravel(), self.good(problem)).astype(np.float32)

    def verifier_view(self, problem: Image) -> NDArray[np.float32]:
        """Nothing."""
        return np.zeros(1, np.float32)

    def receive(self, problem: Image, message: Message, rng: np.random.Generator) -> NDArray[np.int64]:
        """The patch."""
        return np.asarray(crops_of(problem)[message[0]], np.int64)

    def argue(self, problem: Image, behaviour: Behaviour, accept: bool, rng: np.random.Generator) -> Message:
        """Honest: the plus, else any patch. The liar: a near miss. The half-truth: any patch that is half on."""
        distance = np.abs(crops_of(problem) - PLUS.ravel()).sum(-1)  # (36,) wrong pixels
        if behaviour == "honest" and not self.good(problem):
            return np.array([rng.integers(CROPS)], np.int64)
        if behaviour == "half_truth":
            distance = np.abs(distance - PATCH)
        elif behaviour == "liar":
            distance = np.where(distance == 0, CROPS, distance)
        return np.array([rng.choice(np.flatnonzero(distance == distance.min()))], np.int64)

    def holds(self, view: NDArray[np.float32], received: NDArray[np.int64], part: int) -> bool:
        """Whether the patch is a plus."""
        return bool((received == PLUS.ravel()).all())
