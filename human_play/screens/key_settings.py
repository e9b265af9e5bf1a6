"""The keys, and choosing others."""

from __future__ import annotations

import pygame

from brigade.envs.registry import BrigadeError
from brigade.human_play.window import theme
from brigade.human_play.window.app import App, Screen
from brigade.human_play.window.input import COMMANDS, MOVES, Bindings, save_bindings
from brigade.human_play.window.widgets import Button, Column, Nudge, Widget, nudge_of

ACTIONS = [("first", move) for move in MOVES] + [("second", move) for move in MOVES] + [("", name) for name in COMMANDS]
IN_WORDS = {"first": "Right hand, ", "second": "Left hand, ", "": ""}
RESERVED = {pygame.K_RETURN, pygame.K_ESCAPE, pygame.K_TAB, *range(pygame.K_1, pygame.K_9 + 1)}


class KeysScreen(Screen):
    """Shows every key and takes new ones.

    Args:
        app: the window; its bindings change, and are kept for the next time.
    """

    def __init__(self, app: App):
        self.app = app
        self.waiting: tuple[str, str] | None = None  # the action whose next key is awaited
        self.problem = ""
        self.column = Column(self._widgets(), gap=6)

    def _widgets(self) -> list[Widget]:
        rows: list[Widget] = [Button(self._label(*action), lambda a=action: self._wait(a)) for action in ACTIONS]  # type: ignore[misc]
        return [*rows, Button("The usual keys", self._usual), Button("Done", self.app.back, main=True)]

    def _label(self, half: str, name: str) -> str:
        keys = getattr(self.app.bindings, half)[name] if half else getattr(self.app.bindings, name)
        told = "press a key ..." if self.waiting == (half, name) else " or ".join(keys) or "none"
        return f"{IN_WORDS[half]}{name}:  {told}"

    def handle(self, event: pygame.Event) -> None:
        """Choose an action, then press its key."""
        if self.waiting is not None and event.type == pygame.KEYDOWN:
            self._take(event.key)
        elif nudge_of(event) is Nudge.BACK:
            self.app.back()
        else:
            self.column.handle(event)

    def draw(self, target: pygame.Surface) -> None:
        """Draw the list."""
        size = target.get_size()
        u = theme.unit(size)
        target.fill(theme.BACK)
        wide = round(460 * u)
        left = (size[0] - wide) // 2
        theme.write(target, "Keys", (left, 24 * u), theme.TITLE * u * 0.8, theme.ACCENT)
        told = self.problem or "Number keys send messages. A gamepad's stick and first button work as well."
        theme.write(target, told, (left, 62 * u), theme.SMALL * u * 1.1, theme.WARN if self.problem else theme.SOFT)
        self.column.draw(target, pygame.Rect(left, round(88 * u), wide, size[1] - round(108 * u)), u)

    def _wait(self, action: tuple[str, str]) -> None:
        self.waiting, self.problem = action, ""
        self._relabel()

    def _take(self, key: int) -> None:
        assert self.waiting is not None
        action, self.waiting = self.waiting, None
        name = pygame.key.name(key)
        if key == pygame.K_ESCAPE:
            self._relabel()
            return
        if key in RESERVED - {pygame.K_RETURN} or not name:
            self.problem = f"'{name}' has a meaning of its own; choose another."
            self._relabel()
            return
        changed = self.app.bindings.model_dump()
        for half, other in ACTIONS:  # a key does one thing
            keys = changed[half][other] if half else changed[other]
            if name in keys:
                keys.remove(name)
        if action[0]:
            changed[action[0]][action[1]] = [name]
        else:
            changed[action[1]] = [name]
        self._keep(Bindings.model_validate(changed))

    def _usual(self) -> None:
        self._keep(Bindings())

    def _keep(self, bindings: Bindings) -> None:
        self.app.bindings = bindings
        try:
            save_bindings(bindings)
        except BrigadeError as error:
            self.problem = f"Not kept for the next time: {error}"
        self._relabel()

    def _relabel(self) -> None:
        for widget, action in zip(self.column.widgets, ACTIONS, strict=False):
            if isinstance(widget, Button):
                widget.label = self._label(*action)
