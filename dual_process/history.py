"""What has happened, as one chef saw it: scenes for prompts."""

from __future__ import annotations

import copy
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from brigade.agents.planning.observed_state import ObservedState
from brigade.dual_process.orders import OrderBook
from brigade.dual_process.theory_of_mind.deeds import Deed, Watched
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.simulation.messages import Message

KEPT_SCENES = 64


@dataclass
class Passage:
    """What happened while one macro action was carried out (a *scene* of the paper).

    Attributes:
        tick, ticks_left, score: when it began.
        doing: the macro action.
        orders: the open orders then, with ticks left.
        deeds: what each chef was seen to do since.
        delivered, missed: dishes paid for, orders that expired.
        said: messages.
    """

    tick: int
    ticks_left: int
    score: int
    doing: str
    orders: list[str]
    deeds: list[Deed] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def as_dict(self, me: int) -> dict[str, Any]:
        """For a prompt."""
        did: dict[str, list[str]] = {}
        for deed in self.deeds:
            who = "you" if deed.seat == me else f"partner {deed.seat + 1}"
            did.setdefault(who, []).append(str(deed))
        entry: dict[str, Any] = {
            "tick": self.tick,
            "ticks_left": self.ticks_left,
            "score": self.score,
            "you_began": self.doing,
            "orders": self.orders,
            "did": did,
        }
        extra = {"delivered": self.delivered, "missed": self.missed, "said": self.said}
        return entry | {key: value for key, value in extra.items() if value}


class History:
    """Everything one chef remembers of an episode.

    Args:
        kitchen: where.
        seat: whose memory.

    Attributes:
        partners: what is made of the partners.
        orders: what the orders are called.
        passages: the scenes, oldest first.
    """

    def __init__(self, kitchen: Kitchen, seat: int):
        self.seat = seat
        self.partners = Watched(kitchen, seat)
        self.orders = OrderBook()
        self.passages: deque[Passage] = deque(maxlen=KEPT_SCENES)
        self._last: tuple[ObservedState, int] | None = None

    def see(self, observed: ObservedState, score: int) -> None:
        """Take in the next tick."""
        self.orders.numbers(observed)
        if self._last is not None and self._last[0].tick < observed.tick:
            before, was = self._last
            deeds = self.partners.see(before, observed)
            if self.passages:
                self._add(self.passages[-1], deeds, before, observed, score - was)
        self._last = (observed, score)

    def for_hands(self, tick: int) -> History:
        """What hands alone need of it: what the orders are called, and what partners were lately seen doing."""
        lean = History.__new__(History)
        lean.seat, lean.passages, lean._last = self.seat, deque(), None
        lean.orders, lean.partners = copy.deepcopy(self.orders), self.partners.lately(tick)
        return lean

    def begin(self, doing: str, observed: ObservedState, score: int) -> None:
        """A new macro action begins."""
        orders = [f"{o.dish}" if o.left is None else f"{o.dish} ({o.left})" for o in observed.orders]
        self.passages.append(Passage(observed.tick, observed.left, score, doing, orders))

    def hear(self, message: Message) -> None:
        """Somebody has said something."""
        if self.passages:
            who = "you" if message.seat == self.seat else f"partner {message.seat + 1}"
            self.passages[-1].said.append(f"{who}: {message.text}")

    def last(self, count: int) -> list[dict[str, Any]]:
        """The last scenes, oldest first."""
        return [passage.as_dict(self.seat) for passage in list(self.passages)[-count:]]

    def _add(self, passage: Passage, deeds: list[Deed], before: ObservedState, now: ObservedState, gained: int) -> None:
        passage.deeds.extend(deeds)
        served = [deed.what for deed in deeds if deed.verb == "served"]
        if gained > 0:
            passage.delivered.extend(served)
        gone = Counter(order.dish for order in before.orders) - Counter(order.dish for order in now.orders)
        gone -= Counter(served)
        expiring = {order.dish for order in before.orders if order.left is not None and order.left <= 1}
        passage.missed.extend(dish for dish in gone.elements() if dish in expiring)
