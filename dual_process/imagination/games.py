"""The imagination of several games in a process of its own, so that no tick is late for it.

One look is worked on at a time; one whose time is up before its turn comes is not begun.
"""

from __future__ import annotations

import importlib
import time
from typing import Any

from brigade.dual_process.beside.worker import Listener
from brigade.dual_process.futures.packing import unpacked
from brigade.dual_process.imagination.imagination import Imagination
from brigade.dual_process.imagination.look import Look
from brigade.envs.asking import asking
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.plugins import Plugin, import_plugins
from brigade.envs.registry import PLUGIN, BrigadeError


class Games:
    """The imagination of several games, by name."""

    in_loop = False

    def __init__(self) -> None:
        self._games: dict[str, Imagination] = {}
        self._failed: dict[str, str] = {}

    def take(self, method: str, arguments: tuple[Any, ...], number: int | None, answer: Listener) -> None:
        """Do what is asked for, and answer what it comes to."""
        try:
            with asking(lambda: "the process that imagines", f"asked to {method}"):
                answer(getattr(self, method)(*arguments), True)
        except BrigadeError as fault:
            answer((Look(why=f"imagining failed: {fault}"), {}), True)

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
