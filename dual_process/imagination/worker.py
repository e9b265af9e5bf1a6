"""The process in which futures are imagined where time is wall time, so that no tick is late for them.

It holds the imagination of every game that its owner plays, works on one look at a time, and answers over its standard
output. A look whose time is up before its turn comes is not begun. Whoever owns it may end it at any time.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import signal
import sys
import threading
import time
from typing import IO, Any

from brigade.dual_process.futures.packing import unpacked
from brigade.dual_process.imagination.imagination import Imagination
from brigade.dual_process.imagination.look import Look
from brigade.envs.asking import asking
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.plugins import Plugin, import_plugins
from brigade.envs.registry import PLUGIN, BrigadeError

WATCH_S = 1.0  # seconds between looks whether the owner is still there
NICE = 5  # the kitchen goes first


class Games:
    """The imagination of several games, by name."""

    def __init__(self) -> None:
        self._games: dict[str, Imagination] = {}
        self._failed: dict[str, str] = {}

    def begin(
        self, game: str, kitchen: Kitchen, view: bytes, settings: Any, code: tuple[list[Plugin], list[str]]
    ) -> None:
        """A game begins, with plug-ins and modules that are to be imported for it."""
        try:
            with asking(lambda: "what is imagined with", "being brought"):
                import_plugins(code[0])
                for module in code[1]:
                    if not module.startswith(PLUGIN):
                        importlib.import_module(module)
                self._games[game] = Imagination(unpacked(view, kitchen), settings)
        except BrigadeError as error:
            self._failed[game] = str(error)

    def see(self, game: str, observation: Any) -> None:
        """The next tick of a game."""
        if game in self._games:
            self._games[game].see(observation)

    def told(self, game: str, seat: int, stated: Any) -> None:
        """System 2 has stated a belief."""
        if game in self._games:
            self._games[game].told(seat, stated)

    def look(self, game: str, until: float, payload: bytes) -> tuple[Look, dict[str, Any]]:
        """Look ahead."""
        if game not in self._games:
            return Look(why=f"there is no imagination: {self._failed.get(game, 'the game is over')}", blind=True), {}
        imagination = self._games[game]
        if time.time() > until:
            return Look(why="over budget: others were looking ahead"), imagination.record()
        observation, hands, ways, screen = unpacked(payload, imagination.view.kitchen)
        return imagination.look(observation, hands, ways, screen), imagination.record()

    def end(self, game: str) -> None:
        """A game is over."""
        self._games.pop(game, None)
        self._failed.pop(game, None)


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until there are no more requests: (number or None, method, arguments)."""
    games = Games()
    while True:
        try:
            number, method, arguments = pickle.load(requests)
        except EOFError:
            return
        try:
            with asking(lambda: "the process that imagines", f"asked to {method}"):
                answer: Any = getattr(games, method)(*arguments)
        except BrigadeError as fault:
            answer = (Look(why=f"imagining failed: {fault}"), {})
        if number is not None:
            pickle.dump((number, answer), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()


def _end_with(owner: int) -> None:
    """End this process when its owner is gone, whatever it is doing: a model of somebody else's may loop for ever."""
    while os.getppid() == owner:
        time.sleep(WATCH_S)
    os._exit(0)


def main() -> None:
    """Serve whoever started this process, and end with it."""
    threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides what Ctrl-C means
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICE)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what others print is no answer
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
