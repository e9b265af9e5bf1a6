"""Works the window without hands, through the same events that a keyboard sends: for benchmarks, pictures and tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pygame

from brigade.envs.kitchen.pictures.render import save_png
from brigade.human_play.window.app import App, Screen
from brigade.human_play.window.widgets import Button, Column, Widget

Script = Callable[["Robot"], Awaitable[None]]


class Stuck(Exception):
    """What the robot waited for did not come."""


class Robot:
    """Presses keys and waits for screens.

    Args:
        app: the window.
    """

    def __init__(self, app: App):
        self.app = app

    def down(self, key: str) -> None:
        """A key goes down, by pygame's name for it."""
        code = pygame.key.key_code(key)
        letter = key if len(key) == 1 else " " if key == "space" else ""
        pygame.event.post(pygame.Event(pygame.KEYDOWN, key=code, mod=0, unicode=letter, scancode=0))

    def up(self, key: str) -> None:
        """A key goes up."""
        pygame.event.post(pygame.Event(pygame.KEYUP, key=pygame.key.key_code(key), mod=0, unicode="", scancode=0))

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, and let each be seen."""
        for key in keys:
            self.down(key)
            self.up(key)
            await self.frames(2)

    async def write(self, text: str) -> None:
        """Type some text."""
        for letter in text:
            pygame.event.post(pygame.Event(pygame.TEXTINPUT, text=letter))
        await self.frames(2)

    async def click(self, at: tuple[int, int]) -> None:
        """Press the mouse's button somewhere."""
        pygame.event.post(pygame.Event(pygame.MOUSEBUTTONDOWN, pos=at, button=1, touch=False))
        pygame.event.post(pygame.Event(pygame.MOUSEBUTTONUP, pos=at, button=1, touch=False))
        await self.frames(2)

    async def click_button(self, label: str) -> None:
        """Press the button with a label, in the column of the present screen or of what stands before it."""
        for owner in (getattr(self.app.screen, "overlay", None), self.app.screen):
            column = getattr(owner, "column", Column(()))
            for widget in column.widgets:
                if isinstance(widget, Button) and widget.label == label:
                    column.show(widget)
                    await self.frames(2)
                    await self.click(widget.area.center)
                    return
        raise Stuck(f"no button '{label}' on {type(self.app.screen).__name__}")

    def widgets(self) -> list[Widget]:
        """What stands on the present screen."""
        return list(getattr(self.app.screen, "column", Column(())).widgets)

    async def frames(self, count: int) -> None:
        """Wait until so many frames have been drawn."""
        shown = self.app.frames + count
        await self.until(lambda: self.app.frames >= shown or self.app.screen is None)

    async def until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something is so.

        Raises:
            Stuck: it did not become so in time.
        """
        deadline = time.perf_counter() + seconds
        while not true():
            if time.perf_counter() > deadline:
                raise Stuck(f"waited for {seconds:g} seconds on {type(self.app.screen).__name__}")
            await asyncio.sleep(0.004)

    async def screen(self, kind: type[Screen], seconds: float = 60.0) -> None:
        """Wait until a screen of a kind is shown, and drawn."""
        await self.until(lambda: isinstance(self.app.screen, kind), seconds)
        await self.frames(2)

    def picture(self, path: Path) -> None:
        """Keep what the window shows as a PNG file."""
        save_png(self.app.surface, path)


async def work(app: App, first: Screen, script: Script) -> None:
    """Show a screen and let a script work the window until it is done or the window closes.

    Raises:
        ExceptionGroup: of what went wrong in the script, `Stuck` when it waited for something in vain.
    """

    async def through() -> None:
        try:
            await script(Robot(app))
        finally:
            app.quit()

    async with asyncio.TaskGroup() as group:
        working = group.create_task(through())
        await app.run(first)
        working.cancel()
