"""Which episode a reset begins."""

from __future__ import annotations

import numpy as np

from brigade.envs.registry import BrigadeError


def check_seed(seed: object) -> int | None:
    """A seed as somebody gives it: a whole number or None.

    Raises:
        BrigadeError: it is neither.
    """
    if seed is None:
        return None
    if isinstance(seed, int | np.integer):
        return int(seed)
    raise BrigadeError(f"a seed is a whole number or None, got {seed!r} ({type(seed).__name__})")


def next_episode(seed: int | None, last: int | None, episode: int) -> tuple[int, int]:
    """The seed, and which episode of it, from 0: the next one where no seed is given, of a seed drawn at first.

    Args:
        seed: what is asked for.
        last: the seed of the episode before, None for none.
        episode: which of that seed it was.

    Raises:
        BrigadeError: the seed is no whole number.
    """
    seed = check_seed(seed)
    if seed is not None:
        return seed, 0
    if last is not None:
        return last, episode + 1
    return int(np.random.SeedSequence().generate_state(1)[0]), 0
