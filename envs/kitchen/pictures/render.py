"""A picture of a kitchen: from the readable state to a `pygame.Surface`, an array, a file or a window.

Nothing here needs a display but `Window`. Everything is drawn by the program from what the cookbook says of shapes
and colours, so a dish added in YAML is drawn as well. The same state always gives the same pixels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pygame
from numpy.typing import NDArray

from brigade.envs.kitchen.content.cookbook import FLOOR, NOTHING, Kind
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.tables import EVENT, START, WORK
from brigade.envs.kitchen.pictures.drawing import DIRECTIONS, paste, sprite, tone
from brigade.envs.kitchen.pictures.drawing_chefs import HELD_SCALE, chef, ground, hold_point
from brigade.envs.kitchen.pictures.drawing_food import looks, painting
from brigade.envs.kitchen.pictures.drawing_orders import BAR, draw_bar
from brigade.envs.kitchen.pictures.drawing_stations import (
    badge,
    board,
    flames,
    mark_of,
    pan,
    slots,
    smoke,
    smoke_level,
    station,
)
from brigade.envs.registry import BrigadeError

DEFAULT_CELL = 64  # pixels
BAR_PART = 0.17  # of the picture's height, for the bar with the orders
BACKDROP, FRAME, FLOORS, GROUT = "#2a3242", "#171b25", ("#efe2c8", "#e7d7b8"), "#d8c6a2"
COUNTER_TOP, COUNTER_FRONT = "#8da0b5", "#5b6d82"
FRONT = 0.2  # height of a counter's front, in cells
LIFT = -0.08  # how far above a cell's middle things on its counter are, in cells
STATION = 0.88  # size of a station, in cells
LYING = (0.0, 0.74)  # how far to the right of a tile's middle an item lies, and its size, in cells
PLACES = {board: (-0.1, 0.5), pan: (0.0, 0.46)}  # the same where a station leaves less room
BADGE = (0.3, -0.31, 0.36)  # middle and size of a station's mark, in cells
KEPT_BACKGROUNDS = 8


@dataclass(frozen=True)
class View:
    """Where everything is in a picture, in pixels."""

    size: tuple[int, int]
    bar: int  # height of the order bar
    cell: int  # side of a cell
    left: int  # of the board
    top: int

    def middle(self, x: float, y: float) -> tuple[float, float]:
        """The middle of the cell (x, y)."""
        return self.left + (x + 0.5) * self.cell, self.top + (y + 0.5) * self.cell


def default_size(kitchen: Kitchen) -> tuple[int, int]:
    """The size in pixels at which a cell has 64 pixels and the order bar is above them."""
    width = max(5, kitchen.width) * DEFAULT_CELL
    board = kitchen.height * DEFAULT_CELL
    height = board + 1
    while height - _bar_height(width, height) < board:
        height += 1
    return width, height


def view_of(kitchen: Kitchen, size: tuple[int, int] | None = None) -> View:
    """Where everything is in a picture of this size; for whoever draws on top of it.

    Raises:
        BrigadeError: the size is not at least 1 x 1.
    """
    width, height = size or default_size(kitchen)
    if width < 1 or height < 1:
        raise BrigadeError(f"a picture needs a size of at least 1 x 1 pixels, got {width} x {height}")
    bar = _bar_height(width, height)
    cell = max(1, min(width // kitchen.width, (height - bar) // kitchen.height))
    left = (width - cell * kitchen.width) // 2
    top = bar + (height - bar - cell * kitchen.height) // 2
    return View((width, height), bar, cell, left, top)


def _bar_height(width: int, height: int) -> int:
    return min(round(BAR_PART * height), width // 4)


def render(
    kitchen: Kitchen,
    described: dict[str, Any],
    size: tuple[int, int] | None = None,
    hats: Sequence[int] | None = None,
    hz: float | None = None,
) -> pygame.Surface:
    """Draw a kitchen.

    Args:
        kitchen: the kitchen.
        described: its state in words, from `Game.describe`. A chef's `at` may lie between cells.
        size: width and height in pixels; by default a cell has 64 pixels.
        hats: per chef, which of `drawing_chefs.CHEFS` it looks like; by default that of its seat.
        hz: ticks per second, to show the time that is left rather than the ticks.

    Returns:
        A surface of that size without transparency; it is the caller's.

    Raises:
        BrigadeError: the size is not at least 1 x 1.
    """
    view = view_of(kitchen, size)
    frame = _background(kitchen, view).copy()
    painter = _Painter(kitchen, described, view, frame)
    for thing in described["items"]:
        painter.thing(thing)
    for seat, person in sorted(enumerate(described["chefs"]), key=lambda numbered: numbered[1]["at"][1]):
        painter.chef(seat if hats is None else hats[seat], person)
    for thing in described["items"]:
        painter.overlay(thing)
    draw_bar(frame, pygame.Rect(0, 0, view.size[0], view.bar), kitchen.cookbook, described, hz)
    return frame


def warm(kitchen: Kitchen, size: tuple[int, int], hats: Sequence[int]) -> Iterator[None]:
    """Paint what may be seen in pictures of this size, one thing at a time: the first time takes longest."""
    cell = view_of(kitchen, size).cell
    for hat, facing, holding in product(hats, DIRECTIONS, (False, True)):
        for paint in (ground, chef):
            sprite(paint, (hat, facing, holding), cell, 1.2)
            yield
    for kind in kitchen.cookbook.kinds[1:]:
        if kind.holder != "vessel" and not kind.burning:
            for scale in {HELD_SCALE, LYING[1], *(scale for _, scale in PLACES.values())}:
                sprite(*painting(kitchen.cookbook, kind), max(1, round(cell * scale)))
                yield
    for flip in (False, True):
        sprite(flames, (flip,), cell, 1.3)
        yield


class _Painter:
    """Draws what moves and changes onto one frame."""

    def __init__(self, kitchen: Kitchen, described: dict[str, Any], view: View, frame: pygame.Surface):
        self.kitchen, self.cookbook, self.view, self.frame = kitchen, kitchen.cookbook, view, frame
        self.flip = described["tick"] // 2 % 2 == 1  # flames move as the ticks go by, slowly enough not to blink

    def thing(self, thing: dict[str, Any]) -> None:
        """What lies on a tile or is in a vessel."""
        x, y, tile, kind = self._where(thing)
        cooks = bool(self.kitchen.tables.cook_ticks[self.cookbook.tiles.index(tile), kind.index] > 0)
        below = station(self.cookbook, tile, "up", kind, cooks)
        if below is not None and (cooks or kind.holder == "vessel"):
            self._put(x, y + LIFT, *below, scale=STATION)
        if kind.holder == "vessel":
            return
        shift, scale = PLACES.get(below[0], LYING) if below is not None else LYING
        bare = self.cookbook.kind(kind.contents[0]) if kind.burning else kind
        self._put(x + shift, y + LIFT, *painting(self.cookbook, bare), scale=scale)

    def chef(self, hat: int, person: dict[str, Any]) -> None:
        """A chef with what it holds."""
        (x, y), facing, held = person["at"], person["facing"], person["holding"]
        self._put(x, y, ground, (hat, facing, held is not None), span=1.2)
        self._put(x, y, chef, (hat, facing, held is not None), span=1.2)
        if held is not None:
            dx, dy = hold_point(facing)
            self._put(x + dx, y + dy, *painting(self.cookbook, self.cookbook.kind(held["item"])), scale=HELD_SCALE)

    def overlay(self, thing: dict[str, Any]) -> None:
        """Fire, smoke and marks, over everything else."""
        (x, y, tile, kind), progress = self._where(thing), thing["progress"]
        if kind.burning:
            self._put(x, y + LIFT, flames, (self.flip,), span=1.3)
        level = smoke_level(self.cookbook, tile, kind, progress)
        if level:
            self._put(x, y + LIFT, smoke, (level,), span=1.6, outline=False)
        if kind.holder == "vessel":
            capacity = self.cookbook.spec.vessels[tile].capacity
            self._put(x, y, slots, (looks(self.cookbook, kind.contents), capacity), span=1.0, outline=False)
        mark = mark_of(self.cookbook, tile, kind, progress, self._acts(tile, kind))
        if mark is not None:
            left, top, scale = BADGE
            self._put(x + left, y + top, badge, (mark,), scale=scale, span=1.0, outline=False)

    def _put(
        self, x: float, y: float, paint: Callable[..., None], args: tuple[Hashable, ...],
        scale: float = 1.0, span: float = 1.1, outline: bool = True,
    ) -> None:  # fmt: skip
        unit = max(1, round(self.view.cell * scale))
        paste(self.frame, sprite(paint, args, unit, span, outline), *self.view.middle(x, y))

    def _where(self, thing: dict[str, Any]) -> tuple[int, int, str, Kind]:
        """A thing's cell, the tile there, and the kind it is."""
        x, y = thing["at"]
        return x, y, self.kitchen.tile_names[self.kitchen.number(x, y)], self.cookbook.kind(thing["item"])

    def _acts(self, tile: str, kind: Kind) -> bool:
        """Whether a chef with empty hands could work or start what is there."""
        tables = self.kitchen.tables
        row = tables.rule[self.cookbook.tiles.index(tile), NOTHING, kind.index]
        return bool(tables.rows[row, EVENT] in (WORK, START))


@lru_cache(maxsize=KEPT_BACKGROUNDS)
def _background(kitchen: Kitchen, view: View) -> pygame.Surface:
    """What never changes, kept for the kitchens and sizes drawn last."""
    frame = pygame.Surface(view.size, 0, 32)
    frame.fill(BACKDROP)
    board = pygame.Rect(view.left, view.top, kitchen.width * view.cell, kitchen.height * view.cell)
    pygame.draw.rect(frame, FRAME, board.inflate(view.cell // 6, view.cell // 6), border_radius=view.cell // 12)
    frame.fill(BAR, (0, 0, view.size[0], view.bar))
    for number, tile in enumerate(kitchen.layout.tile.tolist()):
        if tile == FLOOR:
            _draw_floor(frame, kitchen, view, *kitchen.cell(number))
    for number, tile in enumerate(kitchen.layout.tile.tolist()):
        if tile != FLOOR:
            _draw_counter(frame, kitchen, view, *kitchen.cell(number))
    return frame


def _is_floor(kitchen: Kitchen, x: int, y: int) -> bool:
    inside = 0 <= x < kitchen.width and 0 <= y < kitchen.height
    return inside and bool(kitchen.layout.tile[kitchen.number(x, y)] == FLOOR)


def _draw_floor(frame: pygame.Surface, kitchen: Kitchen, view: View, x: int, y: int) -> None:
    """Small tiles in two shades, darker beside and below counters."""
    cell = view.cell
    left, top, half = view.left + x * cell, view.top + y * cell, cell // 2
    for i in range(4):
        dx, dy = i % 2, i // 2
        tile = (left + dx * half, top + dy * half, cell - half if dx else half, cell - half if dy else half)
        frame.fill(FLOORS[(dx + dy) % 2], tile)
        pygame.draw.rect(frame, GROUT, tile, max(1, cell // 90))
    if not _is_floor(kitchen, x, y - 1):
        for depth, shade in ((0.14, 0.1), (0.08, 0.22)):
            strip = pygame.Surface((cell, max(1, round(depth * cell))), pygame.SRCALPHA, 32)
            strip.fill((60, 40, 20, round(255 * shade)))
            frame.blit(strip, (left, top))


def _draw_counter(frame: pygame.Surface, kitchen: Kitchen, view: View, x: int, y: int) -> None:
    """A counter's top, its front where floor is below, and the station on it."""
    cell = view.cell
    left, top = view.left + x * cell, view.top + y * cell
    open_below = _is_floor(kitchen, x, y + 1) or y + 1 == kitchen.height
    front = round(FRONT * cell) if open_below else 0
    edge = max(1, cell // 24)
    frame.fill(COUNTER_TOP, (left, top, cell, cell - front))
    if front:
        frame.fill(COUNTER_FRONT, (left, top + cell - front, cell, front))
        frame.fill(tone(COUNTER_FRONT, -0.35), (left, top + cell - edge, cell, edge))
        frame.fill(tone(COUNTER_TOP, 0.45), (left, top + cell - front - edge, cell, edge))
        frame.fill(tone(COUNTER_FRONT, -0.2), (left, top + cell - front, max(1, edge // 2), front - edge))
    for dx, side in ((-1, left), (1, left + cell - edge)):
        if _is_floor(kitchen, x + dx, y):
            frame.fill(tone(COUNTER_TOP, 0.3), (side, top, edge, cell - front))
    if _is_floor(kitchen, x, y - 1):
        frame.fill(tone(COUNTER_TOP, 0.3), (left, top, cell, edge))
    frame.fill(tone(COUNTER_TOP, -0.1), (left, top, max(1, edge // 2), cell - front))
    picture = station(kitchen.cookbook, kitchen.tile_names[kitchen.number(x, y)], _outward(kitchen, x, y))
    if picture is not None:
        painted = sprite(*picture, max(1, round(cell * STATION)))
        paste(frame, painted, *view.middle(x, y + LIFT))


def _outward(kitchen: Kitchen, x: int, y: int) -> str:
    """The direction away from the floor that a tile is served from."""
    for name, (dx, dy) in DIRECTIONS.items():
        if _is_floor(kitchen, x - int(dx), y - int(dy)):
            return name
    return "up"


def to_array(surface: pygame.Surface) -> NDArray[np.uint8]:
    """The pixels of a surface: (height, width, 3), red, green and blue from 0 to 255."""
    return np.ascontiguousarray(pygame.surfarray.array3d(surface).transpose(1, 0, 2), dtype=np.uint8)


def save_png(surface: pygame.Surface, path: str | Path) -> None:
    """Write a surface to a PNG file.

    Raises:
        BrigadeError: the file cannot be written.
    """
    if Path(path).suffix.lower() != ".png":  # pygame chooses the format by the name
        raise BrigadeError(f"cannot save a picture as '{path}'; the name must end in .png")
    try:
        pygame.image.save(surface, str(path))
    except (pygame.error, OSError) as error:
        raise BrigadeError(f"cannot write the picture '{path}': {error}") from None


class Window:
    """A window that shows frames. It opens when the first one is shown.

    Args:
        title: what its bar says.
    """

    def __init__(self, title: str = "Brigade"):
        self.title = title
        self._screen: pygame.Surface | None = None

    def __reduce__(self) -> tuple[type[Window], tuple[str]]:
        """A copy is a window of its own, and not open yet."""
        return Window, (self.title,)

    def show(self, surface: pygame.Surface) -> None:
        """Show a frame, in a window of its size, and answer the window system.

        Raises:
            BrigadeError: no window can be opened here.
        """
        if self._screen is None or self._screen.get_size() != surface.get_size():
            self._screen = self._open(surface.get_size())
        self._screen.blit(surface, (0, 0))
        pygame.display.flip()
        pygame.event.pump()

    def close(self) -> None:
        """Close the window, if it is open; a later `show` opens it again."""
        if self._screen is not None:
            self._screen = None
            pygame.display.quit()

    def _open(self, size: tuple[int, int]) -> pygame.Surface:
        try:
            pygame.display.init()
            driver = pygame.display.get_driver()
            if driver == "offscreen" and os.environ.get("SDL_VIDEODRIVER") != driver:
                raise pygame.error("there is no display")  # SDL would go on, with a window that nobody can see
            screen = pygame.display.set_mode(size)
        except pygame.error as error:
            pygame.display.quit()
            raise BrigadeError(
                f"no window can be opened here ({error}); run where there is a display, or use render_mode='rgb_array'"
            ) from None
        pygame.display.set_caption(self.title)
        return screen
