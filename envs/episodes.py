"""Which episode a reset begins."""

from __future__ import annotations

import numpy as np


def next_episode(seed: int | None, last: int | None, episode: int) -> tuple[int, int]:
    """The seed, and which episode of it, from 0: the next one where no seed is given, of a seed drawn at first.

    Args:
        seed: what is asked for.
        last: the seed of the episode before, None for none.
        episode: which of that seed it was.
    """
    if seed is not None:
        return int(seed), 0
    if last is not None:
        return last, episode + 1
    return int(np.random.SeedSequence().generate_state(1)[0]), 0
