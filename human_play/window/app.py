"""The window: one loop that draws sixty times a second and lets the kitchen have every tick on time.

A frame is begun only where it will be finished before the next tick; where ticks come at a whole number of frames, the
frames are set to begin just after them. The game itself runs in the same loop, as a task that nothing here waits for.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections import deque
from collections.abc import Callable
from itertools import islice

import pygame

from brigade.envs.registry import BrigadeError
from brigade.human_play.window import theme
from brigade.human_play.window.input import Bindings, Pads, load_bindings, open_pads
from brigade.human_play.window.sizes import SMALLEST

FRAMES = 60  # a second
AFTER_TICK_S = 0.0015  # frames begin so long after a tick, which the tick itself needs
KEPT = 20_000  # frame times that are kept


class Screen:
    """What the window shows."""

    @property
    def next_tick_at(self) -> float | None:
        """When the next tick of a game on it is due, in seconds of `time.perf_counter`; None when there is none."""
        return None

    def handle(self, event: pygame.Event) -> None:
        """Something was pressed or moved."""

    def draw(self, target: pygame.Surface) -> list[pygame.Rect] | None:
        """Draw the whole screen; called for every frame. Returns what has changed since the last one, None for all."""
        raise NotImplementedError

    async def close(self) -> None:
        """It is shown no more: put away what is open."""


class App:
    """The window and what it shows.

    Args:
        size: of the window, in pixels.
        fullscreen: whether it fills the screen.
        bindings: which keys do what; by default a person's own.

    Attributes:
        frame_s: how long drawing each of the last frames took, in seconds.
        shown_at: when each of the last frames was shown, in seconds of `time.perf_counter`.
        frames: how many have been shown.

    Raises:
        BrigadeError: no window can be opened here.
    """

    def __init__(self, size: tuple[int, int] = (1024, 768), fullscreen: bool = False, bindings: Bindings | None = None):
        self._windowed = size
        self.surface = _open(size, fullscreen)
        self.fullscreen = fullscreen
        self.bindings = bindings or load_bindings()
        self.frame_s: deque[float] = deque(maxlen=KEPT)
        self.shown_at: deque[float] = deque(maxlen=KEPT)
        self.frames = 0
        self.pads = Pads()
        self._open_pads()
        self._screens: list[Screen] = []
        self._shown: Screen | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def screen(self) -> Screen | None:
        """What is shown now."""
        return self._screens[-1] if self._screens else None

    def show(self, screen: Screen) -> None:
        """Show a screen instead of the present one."""
        self.back()
        self._screens.append(screen)

    def push(self, screen: Screen) -> None:
        """Show a screen before the present one, which comes back when that one has gone."""
        self._screens.append(screen)

    def back(self) -> None:
        """Leave the present screen for the one below; the last one's going closes the window."""
        if self._screens:
            task = asyncio.ensure_future(self._screens.pop().close())
            self._closing.add(task)

    def quit(self) -> None:
        """Close the window, whatever it shows."""
        while self._screens:
            self.back()

    async def wait_for_closed(self) -> None:
        """Wait until every screen that has gone has put away what it had open; errors of theirs come out here."""
        while self._closing:
            await self._closing.pop()

    async def run(self, first: Screen) -> None:
        """Show screens, beginning with the first, until the last one has gone."""
        self._screens.append(first)
        gc.collect()
        gc.freeze()  # what the program consists of need not be looked through in the middle of a game: it takes 60 ms
        due = time.perf_counter()
        try:
            while self.screen is not None:
                await self._room_for_a_frame()
                self._frame()
                due = self._next_frame(due)
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
        finally:
            gc.unfreeze()
            self.quit()
            await self.wait_for_closed()
            pygame.display.quit()
            pygame.joystick.quit()

    def _frame(self) -> None:
        begun = time.perf_counter()
        self.pump()
        if self.screen is None:
            return
        screen = self.screen
        changed = screen.draw(self.surface)
        if changed is None or screen is not self._shown:
            pygame.display.flip()
        else:
            pygame.display.update(changed)  # handing over the whole of a large window can take longer than drawing it
        self._shown = screen
        now = time.perf_counter()
        self.frame_s.append(now - begun)
        self.shown_at.append(now)
        self.frames += 1

    def pump(self) -> None:
        """Give what was pressed since the last time to the screen."""
        for event in pygame.event.get():
            self._handle(event)

    def _handle(self, event: pygame.Event) -> None:
        if event.type == pygame.QUIT:
            self.quit()
        elif event.type == pygame.JOYDEVICEADDED:
            self._open_pads()
        elif event.type == pygame.KEYDOWN and event.key == pygame.K_F11:
            self._toggle_fullscreen()
        elif event.type == pygame.VIDEORESIZE and not self.fullscreen:
            wanted = (max(SMALLEST[0], event.w), max(SMALLEST[1], event.h))
            self._windowed = wanted
            self.surface = pygame.display.get_surface() or self.surface
            if self.surface.get_size() != wanted:
                self.surface = pygame.display.set_mode(wanted, pygame.RESIZABLE)
        elif self.screen is not None:
            self.screen.handle(event)
        if event.type == pygame.JOYDEVICEREMOVED:  # after the game on the screen has let go of it
            self.pads.remove(event.instance_id)

    def _open_pads(self) -> None:
        self._joysticks = open_pads()  # closed, they are silent
        for each in self._joysticks:
            self.pads.place_of(each.get_instance_id())

    def _toggle_fullscreen(self) -> None:
        self.fullscreen = not self.fullscreen
        flags = pygame.FULLSCREEN if self.fullscreen else pygame.RESIZABLE
        self.surface = pygame.display.set_mode((0, 0) if self.fullscreen else self._windowed, flags)

    async def _room_for_a_frame(self) -> None:
        """Let a tick go first that would be due before the frame is finished."""
        tick = self._next_tick()
        if tick is None:
            return
        left = tick - time.perf_counter()
        if left < self._cost():
            await asyncio.sleep(max(0.0, left) + AFTER_TICK_S / 2)
            await asyncio.sleep(0)

    def _next_frame(self, due: float) -> float:
        """When the next frame is due: a sixtieth of a second later, or just after the tick that comes then."""
        now, period = time.perf_counter(), 1 / FRAMES
        due = due + period if due + period > now - period else now
        tick = self._next_tick()
        if tick is not None:
            wanted = tick + AFTER_TICK_S
            frames = round((wanted - due) * FRAMES)
            if abs(wanted - frames * period - due) < period / 4:
                due = wanted - frames * period
        return due

    def _next_tick(self) -> float | None:
        return self.screen.next_tick_at if self.screen is not None else None

    def _cost(self) -> float:
        """How long a frame takes, with something to spare."""
        recent = sorted(islice(reversed(self.frame_s), 30))
        return min(1 / FRAMES, 1.5 * recent[len(recent) * 3 // 4]) if recent else 0.005


def open_window(
    size: tuple[int, int], fullscreen: bool, first: Callable[[App], Screen | None], instead: str = ""
) -> None:  # fmt: skip
    """Show screens in a window until the last one has gone.

    Args:
        size: of the window, in pixels.
        fullscreen: whether it fills the screen.
        first: makes the first screen, if there is any.
        instead: what can be done where no window can be opened.

    Raises:
        BrigadeError: no window can be opened here.
    """

    async def show() -> None:
        try:
            app = App(size, fullscreen)
        except BrigadeError as error:
            raise BrigadeError("; ".join(filter(None, (str(error), instead)))) from None
        screen = first(app)
        if screen is not None:
            await app.run(screen)

    asyncio.run(show())


def _open(size: tuple[int, int], fullscreen: bool) -> pygame.Surface:
    try:
        pygame.display.init()
        driver = pygame.display.get_driver()
        if driver == "offscreen" and os.environ.get("SDL_VIDEODRIVER") != driver:
            raise pygame.error("there is no display")  # SDL would go on, with a window that nobody can see
        if driver == "x11":  # the processor draws everything; by way of OpenGL it takes ten times longer
            os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
        flags = pygame.FULLSCREEN if fullscreen else pygame.RESIZABLE
        surface = pygame.display.set_mode((0, 0) if fullscreen else size, flags)
    except pygame.error as error:
        pygame.display.quit()
        raise BrigadeError(
            f"no window can be opened here ({error}). Set DISPLAY to a screen (over ssh: ssh -X), or use the commands "
            "that need none: 'brigade run' plays without people, 'brigade replay FILE --video OUT.mp4' draws a video"
        ) from None
    try:
        pygame.font.init()
        theme.words("Brigade", theme.BODY)
    except (pygame.error, OSError, FileNotFoundError) as error:
        raise BrigadeError(
            f"the font that comes with pygame-ce is missing ({error}); install pygame-ce again"
        ) from None
    pygame.display.set_caption("Brigade")
    pygame.key.set_repeat()
    return surface
