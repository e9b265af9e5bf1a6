"""The keys, and choosing others."""

from __future__ import annotations

from functools import partial

import pygame

from brigade.envs.registry import BrigadeError
from brigade.human_play.screens.overlays import Menu
from brigade.human_play.window import theme
from brigade.human_play.window.app import App
from brigade.human_play.window.input import Bindings, actions_of, save_bindings
from brigade.human_play.window.widgets import Button

ACTIONS = list(actions_of(Bindings()))
IN_WORDS = {"first": "Right hand, ", "second": "Left hand, "}
RESERVED = {pygame.K_RETURN, pygame.K_ESCAPE, pygame.K_TAB, *range(pygame.K_1, pygame.K_9 + 1)}


class KeysScreen(Menu):
    """Shows every key and takes new ones.

    Args:
        app: the window; its bindings change, and are kept for the next time.
    """

    def __init__(self, app: App):
        self.rows = [Button("", partial(self._wait, action)) for action in ACTIONS]
        others = [Button("The usual keys", lambda: self._keep(Bindings())), Button("Done", app.back, main=True)]
        super().__init__(app, [*self.rows, *others], gap=6)
        self.waiting: str | None = None  # the action whose next key is awaited
        self.problem = ""
        self._relabel()

    def work(self, event: pygame.Event) -> None:
        """Choose an action, then press its key."""
        if self.waiting is not None and event.type == pygame.KEYDOWN:
            self._take(event.key, self.waiting)
            self._relabel()
        else:
            super().work(event)

    def draw(self, target: pygame.Surface) -> None:
        """Draw the list."""
        size, u = theme.cleared(target)
        wide = round(460 * u)
        left = (size[0] - wide) // 2
        theme.write(target, "Keys", (left, 24 * u), theme.TITLE * u * 0.8, theme.ACCENT)
        told = self.problem or "Number keys send messages. A gamepad's stick and first button work as well."
        theme.write(target, told, (left, 62 * u), theme.SMALL * u * 1.1, theme.WARN if self.problem else theme.SOFT)
        self.column.draw(target, pygame.Rect(left, round(88 * u), wide, size[1] - round(108 * u)), u)

    def _wait(self, action: str) -> None:
        self.waiting, self.problem = action, ""
        self._relabel()

    def _take(self, key: int, action: str) -> None:
        self.waiting = None
        name = pygame.key.name(key)
        if key == pygame.K_ESCAPE:
            return
        if key in RESERVED - {pygame.K_RETURN} or not name:
            self.problem = f"'{name}' has a meaning of its own; choose another."
            return
        changed = self.app.bindings.model_copy(deep=True)
        for keys in actions_of(changed).values():  # a key does one thing
            if name in keys:
                keys.remove(name)
        actions_of(changed)[action][:] = [name]
        self._keep(changed)

    def _keep(self, bindings: Bindings) -> None:
        self.app.bindings = bindings
        try:
            save_bindings(bindings)
        except BrigadeError as error:
            self.problem = f"Not kept for the next time: {error}"
        self._relabel()

    def _relabel(self) -> None:
        for row, (action, keys) in zip(self.rows, actions_of(self.app.bindings).items(), strict=True):
            half, _, name = action.rpartition(".")
            told = "press a key ..." if self.waiting == action else " or ".join(keys) or "none"
            row.label = f"{IN_WORDS.get(half, '')}{name}:  {told}"
