"""Buttons, choices, text fields and scales, and the column that holds them.

Every widget can be worked with the keyboard alone, the mouse alone, or a gamepad.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pygame

from brigade.human_play.window import theme

MAX_TEXT = 1000  # characters in a text field


class Nudge(Enum):
    """What a person does to a menu, by whatever means."""

    UP = "up"
    DOWN = "down"
    LEFT = "left"
    RIGHT = "right"
    CONFIRM = "confirm"
    BACK = "back"


_KEYS = {
    pygame.K_UP: Nudge.UP, pygame.K_DOWN: Nudge.DOWN, pygame.K_LEFT: Nudge.LEFT, pygame.K_RIGHT: Nudge.RIGHT,
    pygame.K_RETURN: Nudge.CONFIRM, pygame.K_KP_ENTER: Nudge.CONFIRM, pygame.K_SPACE: Nudge.CONFIRM,
    pygame.K_ESCAPE: Nudge.BACK,
}  # fmt: skip


def nudge_of(event: pygame.Event) -> Nudge | None:
    """What an event means in a menu."""
    if event.type == pygame.KEYDOWN:
        if event.key == pygame.K_TAB:
            return Nudge.UP if event.mod & pygame.KMOD_SHIFT else Nudge.DOWN
        return _KEYS.get(event.key)
    if event.type == pygame.JOYBUTTONDOWN:
        return Nudge.CONFIRM if event.button == 0 else Nudge.BACK if event.button == 1 else None
    if event.type == pygame.JOYHATMOTION:
        return {(0, 1): Nudge.UP, (0, -1): Nudge.DOWN, (-1, 0): Nudge.LEFT, (1, 0): Nudge.RIGHT}.get(event.value)
    return None


@dataclass
class Widget:
    """Something in a column.

    Attributes:
        area: where it stands, in pixels; set when it is laid out.
        takes_focus: whether it can be worked.
    """

    area: pygame.Rect = field(default_factory=lambda: pygame.Rect(0, 0, 0, 0), init=False)
    takes_focus = True

    def height(self, width: int, u: float) -> int:
        """How high it is, in pixels, when it is so wide; `u` is the unit of `theme.unit`."""
        raise NotImplementedError

    def draw(self, target: pygame.Surface, focused: bool, u: float) -> None:
        """Draw it at its area."""
        raise NotImplementedError

    def nudge(self, nudge: Nudge) -> bool:
        """Work it; whether that meant something to it."""
        return False

    def click(self, at: tuple[int, int]) -> None:
        """It is clicked on."""

    def type(self, event: pygame.Event) -> bool:
        """A key or text while it has the focus; whether that meant something to it."""
        return False


@dataclass
class Words(Widget):
    """A paragraph."""

    given: str
    size: int = theme.BODY
    colour: str = theme.WORDS
    centred: bool = False
    takes_focus = False

    def height(self, width: int, u: float) -> int:
        """As many lines as it takes."""
        return round(len(theme.wrapped(self.given, self.size * u, width)) * self.size * u * 1.4)

    def draw(self, target: pygame.Surface, focused: bool, u: float) -> None:
        """Write it."""
        if not self.centred:
            theme.paragraph(target, self.given, self.area, self.size * u, self.colour)
            return
        for i, line in enumerate(theme.wrapped(self.given, self.size * u, self.area.w)):
            at = (self.area.centerx, self.area.y + i * self.size * u * 1.4)
            theme.write(target, line, at, self.size * u, self.colour, "midtop")


@dataclass
class Button(Widget):
    """Does something when it is pressed."""

    label: str
    action: Callable[[], None]
    main: bool = False  # the one that most people will press
    enabled: bool = True

    def height(self, width: int, u: float) -> int:
        """One line with room around it."""
        return round(40 * u)

    def draw(self, target: pygame.Surface, focused: bool, u: float) -> None:
        """Draw it."""
        colour = theme.FIELD if not self.enabled else theme.GOOD if self.main else theme.EDGE
        theme.frame(target, self.area, colour, focused, u)
        write = theme.SOFT if not self.enabled else theme.WORDS
        wide = theme.words(self.label, theme.BODY * u).get_width() + 20 * u
        height = theme.BODY * u * min(1.0, self.area.w / max(1, wide))
        theme.write(target, self.label, self.area.center, height, write, "center")

    def nudge(self, nudge: Nudge) -> bool:
        """Press it."""
        if nudge is Nudge.CONFIRM and self.enabled:
            self.action()
        return nudge is Nudge.CONFIRM

    def click(self, at: tuple[int, int]) -> None:
        """Press it."""
        if self.enabled:
            self.action()


@dataclass
class Choice(Widget):
    """One of several options, shown one at a time.

    Attributes:
        label: what is chosen.
        options: in words.
        value: the option that is shown.
    """

    label: str
    options: Mapping[Any, str]
    value: Any

    def height(self, width: int, u: float) -> int:
        """One line with room around it."""
        return round(34 * u)

    def draw(self, target: pygame.Surface, focused: bool, u: float) -> None:
        """Draw the label, and the option between two arrows."""
        box = self._box()
        at = (self.area.x, self.area.centery)
        theme.write(target, self.label, at, theme.BODY * u, theme.WORDS if focused else theme.SOFT, "midleft")
        theme.frame(target, box, theme.FIELD, focused, u)
        said = self.options[self.value]
        theme.write(target, said, box.center, theme.BODY * u, theme.WORDS, "center", box.w - 60 * u)
        for side, x in ((-1, box.x + 14 * u), (1, box.right - 14 * u)):
            points = [(x + side * 5 * u, box.centery), (x - side * 4 * u, box.centery - 6 * u),
                      (x - side * 4 * u, box.centery + 6 * u)]  # fmt: skip
            pygame.draw.polygon(target, theme.ACCENT if focused else theme.SOFT, points)

    def _box(self) -> pygame.Rect:
        left = self.area.x + round(self.area.w * 0.32)
        return pygame.Rect(left, self.area.y, self.area.right - left, self.area.h)

    def turn(self, by: int) -> None:
        """Show another option."""
        values = list(self.options)
        self.value = values[(values.index(self.value) + by) % len(values)]

    def nudge(self, nudge: Nudge) -> bool:
        """Left and right turn; so does confirming."""
        by = {Nudge.LEFT: -1, Nudge.RIGHT: 1, Nudge.CONFIRM: 1}.get(nudge)
        if by is not None:
            self.turn(by)
        return by is not None

    def click(self, at: tuple[int, int]) -> None:
        """The left half turns back."""
        box = self._box()
        if box.collidepoint(at):
            self.turn(-1 if at[0] < box.x + box.w * 0.3 else 1)


@dataclass
class Pick(Widget):
    """One of several options, all of them in sight, none chosen at first."""

    question: str
    options: Sequence[str]
    low: str = ""  # what the first option stands for, where they are a scale
    high: str = ""
    chosen: int | None = None
    beside: bool = False  # options side by side, as numbers are, rather than one below the other
    as_number: bool = False  # the answer is the option's number, from 1
    _hover: int = 0

    def height(self, width: int, u: float) -> int:
        """The question and the options."""
        rows = 1 if self.beside else len(self.options)
        ends = 18 * u if self.low or self.high else 0
        return round(self._asked(width, u) + rows * 34 * u + ends)

    def _asked(self, width: int, u: float) -> float:
        return len(theme.wrapped(self.question, theme.BODY * u, width)) * theme.BODY * u * 1.4 + 4 * u

    def boxes(self, u: float) -> list[pygame.Rect]:
        """Where the options are."""
        top = round(self.area.y + self._asked(self.area.w, u))
        gap, high = round(6 * u), round(28 * u)
        if self.beside:
            wide = min(round(76 * u), (self.area.w + gap) // len(self.options) - gap)
            return [pygame.Rect(self.area.x + i * (wide + gap), top, wide, high) for i in range(len(self.options))]
        return [pygame.Rect(self.area.x, top + i * (high + gap), self.area.w, high) for i in range(len(self.options))]

    def draw(self, target: pygame.Surface, focused: bool, u: float) -> None:
        """Draw the question, the options, and what the ends of a scale stand for."""
        self._unit = u
        theme.paragraph(target, self.question, self.area, theme.BODY * u)
        boxes = self.boxes(u)
        for i, (box, option) in enumerate(zip(boxes, self.options, strict=True)):
            theme.frame(target, box, theme.GOOD if i == self.chosen else theme.FIELD, focused and i == self._hover, u)
            theme.write(target, option, box.center, theme.BODY * u * 0.93, theme.WORDS, "center")
        below = boxes[-1].bottom + 3 * u
        theme.write(target, self.low, (boxes[0].x, below), theme.SMALL * u, theme.SOFT)
        theme.write(target, self.high, (boxes[-1].right, below), theme.SMALL * u, theme.SOFT, "topright")

    _unit: float = 1.0

    def nudge(self, nudge: Nudge) -> bool:
        """Move among the options, and choose."""
        back, on = (Nudge.LEFT, Nudge.RIGHT) if self.beside else (Nudge.UP, Nudge.DOWN)
        if nudge is Nudge.CONFIRM:
            self.chosen = self._hover
            return True
        by = -1 if nudge is back else 1 if nudge is on else 0
        if by and 0 <= self._hover + by < len(self.options):
            self._hover += by
            return True
        return False

    def click(self, at: tuple[int, int]) -> None:
        """Choose."""
        for i, box in enumerate(self.boxes(self._unit)):
            if box.collidepoint(at):
                self.chosen = self._hover = i

    def type(self, event: pygame.Event) -> bool:
        """A number key chooses, where options are numbers."""
        given = getattr(event, "unicode", "")
        if self.beside and event.type == pygame.KEYDOWN and given in self.options:
            self.chosen = self._hover = list(self.options).index(given)
            return True
        return False


@dataclass
class Field(Widget):
    """A line that a person types."""

    label: str
    value: str = ""
    lines: int = 1
    allowed: Callable[[str], bool] = str.isprintable

    def height(self, width: int, u: float) -> int:
        """The label and the lines."""
        asked = len(theme.wrapped(self.label, theme.BODY * u, width)) * theme.BODY * u * 1.4
        return round(asked + 4 * u + (self.lines * 20 + 12) * u)

    def draw(self, target: pygame.Surface, focused: bool, u: float) -> None:
        """Draw the label and what has been typed."""
        below = theme.paragraph(target, self.label, self.area, theme.BODY * u)
        box = pygame.Rect(self.area.x, below + round(4 * u), self.area.w, self.area.bottom - below - round(4 * u))
        theme.frame(target, box, theme.FIELD, focused, u)
        shown = theme.wrapped(self.value + ("_" if focused else ""), theme.BODY * u, box.w - 16 * u)[-self.lines :]
        for i, line in enumerate(shown):
            theme.write(target, line, (box.x + 8 * u, box.y + (8 + 20 * i) * u), theme.BODY * u)

    def type(self, event: pygame.Event) -> bool:
        """Type."""
        if event.type == pygame.TEXTINPUT:
            kept = "".join(letter for letter in event.text if self.allowed(letter))
            self.value = (self.value + kept)[:MAX_TEXT]
            return True
        if event.type == pygame.KEYDOWN and event.key == pygame.K_BACKSPACE:
            self.value = self.value[:-1]
            return True
        # Letters and spaces come again as text; menus must not take them for something else.
        return event.type == pygame.KEYDOWN and (event.key == pygame.K_SPACE or getattr(event, "unicode", "").isalnum())


@dataclass
class Column:
    """Widgets one below the other, with a focus, and scrolled where they do not fit.

    Attributes:
        widgets: from the top.
        focus: the number of the one that has the focus.
    """

    widgets: Sequence[Widget]
    focus: int = -1
    gap: int = 10
    _scroll: float = 0.0
    _area: pygame.Rect = field(default_factory=lambda: pygame.Rect(0, 0, 0, 0))
    _whole: int = 0

    def __post_init__(self) -> None:
        if self.focus < 0:
            self.focus = next((i for i, widget in enumerate(self.widgets) if widget.takes_focus), 0)

    def height(self, width: int, u: float) -> int:
        """How high all of it is, in pixels, when it is so wide."""
        heights = [widget.height(width, u) for widget in self.widgets]
        return sum(heights) + round(self.gap * u) * max(0, len(heights) - 1)

    def draw(self, target: pygame.Surface, area: pygame.Rect, u: float) -> None:
        """Lay the widgets out in an area, and draw those that are in sight."""
        self._area = area
        self._place(u)
        clip = target.get_clip()
        target.set_clip(area.inflate(round(8 * u), round(8 * u)))
        for i, widget in enumerate(self.widgets):
            if widget.area.bottom >= area.y and widget.area.y <= area.bottom:
                widget.draw(target, i == self.focus and widget.takes_focus, u)
        target.set_clip(clip)
        if self._whole > area.h:
            self._draw_bar(target, area, u)

    def _place(self, u: float) -> None:
        width = self._area.w
        self._whole = self.height(width, u)
        self._scroll = max(0.0, min(self._scroll, self._whole - self._area.h))
        y = self._area.y - self._scroll
        for widget in self.widgets:
            widget.area = pygame.Rect(self._area.x, round(y), width, widget.height(width, u))
            y += widget.area.h + round(self.gap * u)

    def _draw_bar(self, target: pygame.Surface, area: pygame.Rect, u: float) -> None:
        wide = max(3, round(5 * u))
        high = max(20, round(area.h * area.h / self._whole))
        top = area.y + round((area.h - high) * self._scroll / max(1, self._whole - area.h))
        theme.panel(target, pygame.Rect(area.right + round(8 * u), top, wide, high), theme.EDGE, wide / 2)

    def handle(self, event: pygame.Event) -> bool:
        """Work the widgets; whether the event meant something to them."""
        if event.type == pygame.MOUSEWHEEL:
            self._scroll -= event.y * 40
            return True
        if event.type in (pygame.MOUSEMOTION, pygame.MOUSEBUTTONDOWN):
            return self._mouse(event)
        if self.widgets and self.widgets[self.focus].type(event):
            return True
        nudge = nudge_of(event)
        if nudge is None or nudge is Nudge.BACK:
            return False
        if self.widgets[self.focus].nudge(nudge):
            return True
        by = {Nudge.UP: -1, Nudge.DOWN: 1, Nudge.LEFT: -1, Nudge.RIGHT: 1}.get(nudge)
        if by is not None:
            self.move(by)
        return by is not None

    def move(self, by: int) -> None:
        """Give the focus to the next widget that takes it, and scroll to it."""
        at = self.focus + by
        while 0 <= at < len(self.widgets) and not self.widgets[at].takes_focus:
            at += by
        if 0 <= at < len(self.widgets):
            self.focus = at
            self.show(self.widgets[at])
        else:
            self._scroll += by * 60  # what cannot have the focus is read by scrolling

    def show(self, widget: Widget) -> None:
        """Scroll until a widget is in sight."""
        if widget.area.bottom > self._area.bottom:
            self._scroll += widget.area.bottom - self._area.bottom
        elif widget.area.y < self._area.y:
            self._scroll -= self._area.y - widget.area.y

    def _mouse(self, event: pygame.Event) -> bool:
        if not self._area.collidepoint(event.pos):
            return False
        for i, widget in enumerate(self.widgets):
            if widget.takes_focus and widget.area.collidepoint(event.pos):
                self.focus = i
                if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
                    widget.click(event.pos)
                return True
        return False
