"""One look ahead: ways to go on are played in the same imagined futures, and compared with going on as before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from brigade.agents.base import Observation
from brigade.dual_process.futures.futures import Future, Futures
from brigade.dual_process.imagination.settings import Imagining
from brigade.envs.asking import asking
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.registry import BrigadeError

ENOUGH = 2  # futures in which something is no better on the whole after which it is left at that
SOON = 2  # ticks after which two ways that have come to the same are one


class Way(Protocol):
    """Something that can be done: it is put into the hands of a chef that is imagined."""

    @property
    def name(self) -> str:
        """What it is called."""

    def begin(self, hands: Any, tick: int) -> None:
        """Have these hands do it."""


@dataclass(frozen=True)
class Tried:
    """What came of one way.

    Attributes:
        name: of the way.
        gain: points it was better by than going on, in the mean over futures and teams; `error` its standard error.
        worst: the mean under the team under which it did worst.
        why: why it is not good enough, empty if it is.
    """

    name: str
    gain: float
    error: float
    worst: float
    why: str


@dataclass
class Look:
    """What a look ahead came to.

    Attributes:
        chosen: number of the way to go, None to go on as before.
        why: why there is none, empty otherwise.
        tried: what was tried, in order.
        ticks: of imagined kitchens that it cost.
        blind: whether nothing was imagined because nobody knows what the partner does.
    """

    chosen: int | None = None
    why: str = ""
    tried: list[Tried] = field(default_factory=list)
    ticks: int = 0
    blind: bool = False


Team = tuple[float, dict[int, Any]]  # how probable these others are together, and who they are by seat


class _OverBudget(Exception):
    """It has cost what it may."""


class ProgramFault(BrigadeError):
    """A program has failed in a future.

    Args:
        team, seat: whose program it is.
        told: what it did.
    """

    def __init__(self, team: int, seat: int, told: str):
        super().__init__(told)
        self.team, self.seat = team, seat


class Comparison:
    """Plays ways to go on against going on.

    Args:
        kitchen: where.
        seat: whose hands.
        hands: what acts in that seat, as it is now.
        teams: who the others may be, the most probable first.
        settings: how far, how often, and what must come of it.
        screen: whether ways that are no better in the first future are left at that.
        draw: what the orders to come are drawn from, besides the tick.
    """

    def __init__(
        self,
        kitchen: Kitchen,
        seat: int,
        hands: Any,
        teams: Sequence[Team],
        observation: Observation,
        settings: Imagining,
        screen: bool = False,
        draw: int = 0,
    ):
        self.kitchen, self.seat, self.hands, self.teams = kitchen, seat, hands, teams
        self.settings, self.screen = settings, screen
        self.futures = Futures(kitchen, observation, draw)
        self.look = Look()
        self._tick = int(observation["tick"])
        self._going_on: dict[tuple[int, int], float] = {}
        self._seen: set[str] = set()
        self._team = 0

    def of(self, ways: Sequence[Way]) -> Look:
        """Try every way. What could not be played for want of budget counts as not good enough.

        Raises:
            ProgramFault: a program of a team has failed.
        """
        look = self.look
        try:
            begun = self._begin(None, 0, 0)
            self._play(begun, SOON)
            self._seen.add(_doing(begun, self.seat))
            self._going_on[0, 0] = self._score(begun, SOON)
            best = 0.0
            for number, way in enumerate(ways):
                tried = self._try(way)
                if tried is not None:
                    look.tried.append(tried)
                    if not tried.why and tried.gain > best:
                        best, look.chosen = tried.gain, number
        except _OverBudget:
            look.why = "over budget"
        if look.chosen is None and not look.why:
            look.why = look.tried[0].why if len(look.tried) == 1 else "nothing is better"
        return look

    def _try(self, way: Way) -> Tried | None:
        """What comes of a way; None if it comes to what was tried already."""
        settings = self.settings
        begun = self._begin(way, 0, 0)
        self._play(begun, SOON)
        if self.screen:
            doing = _doing(begun, self.seat)
            if doing in self._seen:
                return None
            self._seen.add(doing)
        first = self._score(begun, SOON) - self._going_on[0, 0]
        if first <= (settings.margin if self.screen else -settings.harm):
            return Tried(way.name, first, 0.0, first, "no better at first sight" if self.screen else "not better")
        gains = np.zeros((len(self.teams), settings.futures))
        for team in range(len(self.teams)):
            for number in range(settings.futures):
                gains[team, number] = first if team == number == 0 else self._gain(way, team, number)
                if (team, number) == (0, 1) and gains[0, :ENOUGH].sum() <= 0:
                    mean = float(gains[0, :ENOUGH].mean())
                    return Tried(way.name, mean, 0.0, mean, "not better")
        gain, error, worst = compared(gains, [weight for weight, _ in self.teams])
        return Tried(way.name, gain, error, worst, self._against(gain, error, worst))

    def _against(self, gain: float, error: float, worst: float) -> str:
        if gain <= self.settings.margin:
            return "not better"
        if gain <= error:
            return "no better than chance"
        return "worse under another idea of the partner" if worst < -self.settings.harm else ""

    def _gain(self, way: Way, team: int, number: int) -> float:
        if (team, number) not in self._going_on:
            self._going_on[team, number] = self._score(self._begin(None, team, number))
        return self._score(self._begin(way, team, number)) - self._going_on[team, number]

    def _begin(self, way: Way | None, team: int, number: int) -> Future:
        self._team, others = team, self.teams[team][1]
        seats = range(self.kitchen.chefs)
        future = self.futures.begin(number, [self.hands if seat == self.seat else others[seat] for seat in seats])
        if way is not None:
            way.begin(future.team[self.seat], self._tick)
        return future

    def _score(self, future: Future, played: int = 0) -> float:
        """The points a future comes to: the mean over its last ticks, so that what is earlier counts more."""
        over = self.settings.over
        self._play(future, self.settings.ahead - over - played)
        scores = self._play(future, over)
        return (sum(scores) + (over - len(scores)) * future.score) / over

    def _play(self, future: Future, ticks: int) -> list[int]:
        """Play on; returns the score after each tick."""
        if self.look.ticks + ticks > self.settings.budget:
            raise _OverBudget
        try:
            with asking(lambda: f"the program in seat {future.asked}", "acting"):
                scores = [seen.score for seen in future.ticks(ticks)]
        except BrigadeError as fault:
            raise ProgramFault(self._team, future.asked, str(fault)) from fault
        self.look.ticks += len(scores)
        return scores


def compared(gains: np.ndarray[Any, Any], weights: Sequence[float]) -> tuple[float, float, float]:
    """Of gains (teams, futures): their mean, its standard error, and the least mean under any team."""
    weight = np.array(weights)[:, None] / gains.shape[1]
    mean = float((gains * weight).sum())
    spread = math.sqrt(float((weight * (gains - mean) ** 2).sum()))
    return mean, spread / math.sqrt(max(1, gains.size - 1)), float(gains.mean(axis=1).min())


def _doing(future: Future, seat: int) -> str:
    return str(getattr(future.team[seat], "current", None))
