"""`vary`: a configuration that stands for all combinations of some values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

from brigade.envs.budgets import COMBINATIONS, TooMuch, check_count
from brigade.envs.content import Document
from brigade.envs.registry import nearest


def combinations(vary: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of what varies; one empty one if nothing does.

    Raises:
        TooMuch: there are more than anybody plays.
    """
    check_count(math.prod(map(len, vary.values())), COMBINATIONS, "combinations of what varies")
    return [dict(zip(vary, values, strict=True)) for values in product(*vary.values())]


def check_vary(
    vary: Mapping[str, Sequence[Any]], document: Document, known: Sequence[str], fits: Callable[[dict[str, Any]], None],
    beginnings: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """See that what varies can, and that every combination can be played.

    Args:
        vary: values by key.
        document: that has it under `vary`.
        known: keys that can vary.
        fits: raises what is to be raised of a combination that cannot be played.
        beginnings: of keys that can vary besides.

    Raises:
        ContentError: an unknown key, or one without values.
    """
    for key, values in vary.items():
        if key not in known and not key.startswith(beginnings):
            raise document.error(f"cannot vary '{key}'; {nearest(key, known)}", "vary", key)
        if not values:
            raise document.error("no values", "vary", key)
    try:
        conditions = combinations(vary)
    except TooMuch as error:
        raise document.error(str(error), "vary") from None
    for condition in conditions:
        fits(condition)
