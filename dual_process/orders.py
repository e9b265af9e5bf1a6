"""Numbers for orders, so that a plan can speak of one of them: 1 for the first that was seen, and so on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from brigade.agents.planning.observed_state import ObservedState, Order

Key = tuple[str, int | None, int]  # dish, tick at which it expires, and which of those that agree in both


class OrderBook:
    """What the orders of an episode are called. An order keeps its number; of two that are alike the older has less."""

    def __init__(self) -> None:
        self._numbers: dict[Key, int] = {}

    def numbers(self, observed: ObservedState) -> list[int]:
        """The number of each open order, in the order in which they are observed."""
        return [self._numbers.setdefault(key, len(self._numbers) + 1) for key in _keys(observed)]

    def open(self, observed: ObservedState) -> dict[int, Order]:
        """The open orders by their numbers."""
        return dict(zip(self.numbers(observed), observed.orders, strict=True))

    @property
    def last(self) -> int:
        """The highest number that has been given."""
        return len(self._numbers)


def _keys(observed: ObservedState) -> Sequence[Key]:
    seen: Counter[tuple[str, int | None]] = Counter()
    keys = []
    for order in observed.orders:
        what = (order.dish, None if order.left is None else observed.tick + order.left)
        seen[what] += 1
        keys.append((*what, seen[what]))
    return keys
