"""One partner model as it is asked: whatever it answers or ends in, the episode goes on, and it is said."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from brigade.agents.base import Agent
from brigade.dual_process.partner_model import PartnerModel, Sight, Stated, spread
from brigade.dual_process.theory_of_mind.turns import turns_of
from brigade.envs.asking import AgentFault, asking
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.registry import BrigadeError

T = TypeVar("T")
KEEP = 0.9  # weight, a turn later, of how well turns were foreseen
AT_FIRST = 0.5  # how well they count as foreseen before anything was seen
FLOOR = 1e-3  # the least probability with which several models are weighed
RECENT = 0.95  # weight, a turn later, of how well a model foresaw a turn


class Mind:
    """A partner model of one partner.

    Args:
        name: what it is called.
        model: the model.
        kitchen, seat: where, and which partner.
        say: is told what went wrong.

    Attributes:
        alive: whether it is still asked.
        log: how well it foresaw turns lately, to weigh it against others.
    """

    def __init__(self, name: str, model: PartnerModel, kitchen: Kitchen, seat: int, say: Callable[[str], None]):
        self.name, self.model, self.kitchen, self.seat, self._say = name, model, kitchen, seat, say
        self.alive, self.log, self._foreseen = True, 0.0, AT_FIRST
        self._ask("being begun", lambda: model.begin(kitchen, seat), None)

    def see(self, sight: Sight) -> None:
        """Take in the next tick."""
        if sight.turn is not None and self.alive:
            turns = self.turns()
            self.log = RECENT * self.log + math.log(max(FLOOR, turns.get(sight.turn, 0.0)))
            favourite = max(turns, key=lambda turn: turns[turn])
            self._foreseen = KEEP * self._foreseen + (1 - KEEP) * (favourite == sight.turn)
        self._ask("seeing a tick", lambda: self.model.see(sight), None)
        for problem in self.model.problems:
            self._say(f"partner model '{self.name}': {problem}")
        self.model.problems = []

    def told(self, stated: Stated) -> None:
        """System 2 has stated a belief."""
        self._ask("being told a belief", lambda: self.model.told(stated), None)

    def turns(self) -> dict[str, float]:
        """How probable each turn is; together 1."""
        said = self._ask("saying what it foresees", lambda: spread(self.model.turns(), turns_of(self.kitchen)), None)
        return said if said is not None else spread({}, turns_of(self.kitchen))

    @property
    def trusted(self) -> bool:
        """Whether it has foreseen enough of what the partner did for the partner to be imagined by it."""
        by_itself = self._ask("being trusted", lambda: bool(self.model.trusted), False)
        return self.alive and by_itself and (self.model.guards_itself or self._foreseen >= self.model.trust)

    def programs(self, draw: int) -> list[tuple[float, Agent]]:
        """Who acts as the partner; weights together 1."""
        said = self._ask("naming programs", lambda: _weighed(self.model.programs(draw)), None)
        return said or []

    def believed(self) -> dict[str, float]:
        """What it believes, for records."""
        return self._ask("saying what it believes", lambda: _finite(self.model.believed()), None) or {}

    def leave_out(self, why: str) -> None:
        """It is not asked any more."""
        if self.alive:
            self.alive = False
            self._say(f"left out: {why}")

    def _ask(self, doing: str, question: Callable[[], T], otherwise: T) -> T:
        if not self.alive:
            return otherwise
        try:
            with asking(lambda: f"partner model '{self.name}'", doing):
                return question()
        except BrigadeError as fault:
            told = str(fault) if isinstance(fault, AgentFault) else f"partner model '{self.name}': {fault}"
            self.leave_out(told)
            return otherwise


def _weighed(programs: Any) -> list[tuple[float, Agent]]:
    """Programs with weights that add up to 1.

    Raises:
        BrigadeError: a weight that is none.
    """
    weighed = [(float(weight), agent) for weight, agent in programs]
    if not all(math.isfinite(weight) and weight >= 0 for weight, _ in weighed):
        raise BrigadeError("its programs have weights that are no probabilities")
    total = sum(weight for weight, _ in weighed)
    return [(weight / total, agent) for weight, agent in weighed if weight > 0]


def _finite(believed: Mapping[Any, Any]) -> dict[str, float]:
    figures = {str(name): float(figure) for name, figure in believed.items()}
    if not all(map(math.isfinite, figures.values())):
        raise BrigadeError("what it believes is no number")
    return figures
