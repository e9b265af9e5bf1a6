"""Where an agent's imagination lives: in its own process, or beside it where a tick must not wait.

On the virtual clock nobody waits, so it is asked at once. In wall time, and wherever somebody else's partner models run
(which may loop for ever), it is in the process beside (`dual_process.beside`): one for all games of this process, or
one for a game with models of others, which is ended when it does not answer in time.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import pickle
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from concurrent.futures import Future as Promise
from typing import Any, Protocol

from brigade.agents.base import Observation, View, agents
from brigade.dual_process.beside.worker import Worker, shared_worker
from brigade.dual_process.futures.packing import packed
from brigade.dual_process.imagination.imagination import Imagination
from brigade.dual_process.imagination.look import Look, Way
from brigade.dual_process.imagination.settings import Imagining, choices_of, models_of
from brigade.dual_process.partner_model import Stated, partner_models
from brigade.envs.plugins import Plugin, imported
from brigade.envs.registry import OWN, Entry

Answer = tuple[Look, dict[str, Any]]  # what a look came to, and what records keep of the partners
PATIENT = 60.0  # seconds of wall time that an answer is waited for where time is not wall time
START_S = 60.0  # seconds that a process may take to begin, with the imports of models of others
GAMES = "brigade.dual_process.imagination.games:Games"  # as the process beside finds it
MAIN = "__main__"
STARTING = "the process that imagines is starting"


class Imaginer(Protocol):
    """What an agent asks of its imagination."""

    def see(self, observation: Observation) -> None:
        """Take in the next tick."""

    def told(self, seat: int, stated: Stated) -> None:
        """System 2 has stated what it believes of a partner."""

    def look(self, observation: Observation, hands: Any, ways: Sequence[Way], screen: bool) -> Awaitable[Answer]:
        """Compare ways to go on; what it is about is taken down now."""

    def close(self) -> None:
        """The episode is over."""


class Here:
    """Imagination in this process."""

    def __init__(self, view: View, settings: Imagining):
        self.imagination = Imagination(view, settings)

    def see(self, observation: Observation) -> None:
        """Take in the next tick."""
        self.imagination.see(observation)

    def told(self, seat: int, stated: Stated) -> None:
        """System 2 has stated what it believes of a partner."""
        self.imagination.told(seat, stated)

    def look(self, observation: Observation, hands: Any, ways: Sequence[Way], screen: bool) -> Awaitable[Answer]:
        """Compare ways to go on, at once."""
        answer = self.imagination.look(observation, hands, ways, screen), self.imagination.record()
        return _Later(lambda: _known(answer))

    def close(self) -> None:
        """The episode is over."""


class _Later:
    """An answer that need not be waited for: the episode may end before."""

    def __init__(self, wait: Callable[[], Coroutine[Any, Any, Answer]]):
        self.wait = wait

    def __await__(self) -> Generator[Any, Any, Answer]:
        return self.wait().__await__()


async def _known(answer: Answer) -> Answer:
    return answer


_names = itertools.count(1)


class Beside:
    """Imagination in a process of its own.

    Args:
        view: whose seat.
        settings: how.
        wall_time: whether ticks come by the clock on the wall; elsewhere an answer is waited for.
        modules: of others, that it needs; with any the process is for this game only.
    """

    def __init__(self, view: View, settings: Imagining, wall_time: bool, modules: Sequence[str]):
        self.view, self.settings, self.modules, self.alone = view, settings, list(modules), bool(modules)
        self.wall_time = wall_time
        self.seconds = settings.seconds if wall_time else PATIENT
        self._over = ""  # why nothing is imagined any more
        self._restarts = 0
        self._begin()

    def _begin(self) -> None:
        self.game = f"{os.getpid()}-{next(_names)}"
        self.worker = Worker() if self.alone else shared_worker()
        code = [Plugin(name=each.name, digest=each.digest, file=each.file) for each in imported], self.modules
        self._started = time.monotonic()
        self._begun = self.worker.ask(
            GAMES, "begin", self.game, self.view.kitchen, packed(self.view), self.settings, code
        )

    def see(self, observation: Observation) -> None:
        """Take in the next tick."""
        if not self._over:
            self.worker.tell(GAMES, "see", self.game, observation)

    def told(self, seat: int, stated: Stated) -> None:
        """System 2 has stated what it believes of a partner."""
        if not self._over:
            self.worker.tell(GAMES, "told", self.game, seat, stated)

    def look(self, observation: Observation, hands: Any, ways: Sequence[Way], screen: bool) -> Awaitable[Answer]:
        """Compare ways to go on; no answer in time is an answer too: go on as before."""
        if self._over:
            return _Later(lambda: _known((Look(why=self._over, blind=True), {})))
        try:
            payload = packed((observation, hands, list(ways), screen))
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            why = f"it cannot be taken to the process that imagines: {error}"
            return _Later(lambda: _known((Look(why=why), {})))
        if self.wall_time and not self._begun.done() and time.monotonic() - self._started < START_S:
            return _Later(lambda: _known((Look(why=STARTING), {})))
        starts_in = 0.0 if self._begun.done() else START_S
        # asked now, before later ticks are told: the worker takes everything in this order
        promise = self.worker.ask(GAMES, "look", self.game, time.time() + starts_in + self.seconds, payload)
        return _Later(lambda: self._answer(promise))

    async def _answer(self, promise: Promise[Any]) -> Answer:
        try:
            if not self._begun.done():
                await asyncio.wait_for(asyncio.wrap_future(self._begun), START_S)
            answer: Answer = await asyncio.wait_for(asyncio.wrap_future(promise), self.seconds)
            return answer
        except TimeoutError:
            why = f"no answer in {self.seconds:g} s"
            if self.alone:  # somebody else's model, which may never come back
                self.worker.end()
                self._over = f"{why}: nothing is imagined any more"
            return Look(why=self._over or why, blind=bool(self._over)), {}
        except ConnectionError as error:
            if self.alone or self._restarts:
                self._over = f"{error}: nothing is imagined any more"
                return Look(why=self._over, blind=True), {}
            self._restarts += 1
            self._begin()
            return Look(why=f"{error}: another one begins", blind=True), {}

    def close(self) -> None:
        """The episode is over."""
        if self.alone:
            self.worker.end()
        else:
            self.worker.tell(GAMES, "end", self.game)


def make_imaginer(view: View, settings: Imagining, wall_time: bool) -> Imaginer:
    """The imagination of one chef for an episode.

    Args:
        view: whose seat.
        settings: how.
        wall_time: whether ticks come by the clock on the wall.

    Raises:
        BrigadeError: a partner model that there is not, or one of Brigade's own that cannot be made.
    """
    foreign = _of_others(settings)
    if not wall_time and (not foreign or MAIN in foreign):
        return Here(view, settings)
    if not foreign:
        models_of(settings)  # what is wrong with the settings is said here and now
    return Beside(view, settings, wall_time, sorted(foreign - {MAIN}))


def _of_others(settings: Imagining) -> set[str]:
    """The modules that bring the partner models, and the programs of their libraries, other than Brigade's own."""
    entries: list[Entry[Any]] = []
    for name, options in choices_of(settings):
        entries.append(partner_models[name])
        entries += [agents[program] for program in options.get("library", ())]
    return {entry.make.__module__ for entry in entries if entry.source != OWN}
