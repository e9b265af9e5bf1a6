"""What stands before a game: the keys, a pause, a question."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pygame

from brigade.human_play.game.human_game import Setup
from brigade.human_play.window import theme
from brigade.human_play.window.app import App, Screen
from brigade.human_play.window.input import COMMANDS, LETS_GO, MOVES, Bindings
from brigade.human_play.window.widgets import Button, Column, Nudge, Widget, Words, nudge_of

Act = Callable[[], None]


class Card:
    """A panel in the middle of the window with widgets in it.

    Args:
        widgets: from the top.
        back: what the back key does.
        width: of the panel, in pixels of an 800 x 600 window.
    """

    def __init__(self, widgets: list[Widget], back: Act, width: int = 420):
        self.column, self.back, self.width = Column(widgets), back, width

    def handle(self, event: pygame.Event) -> bool:
        """Work the widgets; every key is taken, letting go of keys is not."""
        if nudge_of(event) is Nudge.BACK:
            self.back()
            return True
        self.column.handle(event)
        return event.type not in LETS_GO

    def draw(self, target: pygame.Surface, u: float) -> None:
        """Draw it over a veil."""
        target.blit(theme.veil(target.get_size()), (0, 0))
        inner = round(self.width * u)
        high = min(self.column.height(inner, u), round(target.get_height() - 60 * u))
        area = pygame.Rect(0, 0, inner, high).move_to(center=target.get_rect().center)
        theme.panel(target, area.inflate(round(48 * u), round(44 * u)), theme.BACK, 12 * u)
        self.column.draw(target, area, u)


class Covered(Screen):
    """A screen that a card, or a sentence, can stand before.

    Attributes:
        overlay: the card that stands before it.
        note: a sentence for whoever looks at it, empty when there is none.
    """

    overlay: Card | None = None
    _note, _note_until = "", 0.0

    @property
    def note(self) -> str:
        """What is told just now."""
        return self._note if time.perf_counter() < self._note_until else ""

    def tell(self, note: str, seconds: float = 3.0) -> None:
        """Show a sentence for a moment."""
        self._note, self._note_until = note, time.perf_counter() + seconds

    def uncover(self) -> None:
        """Take the card away."""
        self.overlay = None

    def handle(self, event: pygame.Event) -> None:
        """What the card does not take is for the screen."""
        if self.overlay is None or not self.overlay.handle(event):
            self.work(event)

    def work(self, event: pygame.Event) -> None:
        """Something was pressed or moved while nothing stands before the screen, or that a card leaves alone."""


class Menu(Covered):
    """A screen with a column of widgets.

    Args:
        app: the window.
        widgets: from the top.
        gap: between them.
    """

    def __init__(self, app: App, widgets: Sequence[Widget], gap: int = 10):
        self.app, self.column = app, Column(widgets, gap=gap)

    def back(self) -> None:
        """What the back key does."""
        self.app.back()

    def work(self, event: pygame.Event) -> None:
        """Work the widgets, or leave."""
        if nudge_of(event) is Nudge.BACK:
            self.back()
        else:
            self.column.handle(event)


class Question(Card):
    """Something to be decided."""

    def __init__(self, title: str, more: str, yes: str, no: str, on_yes: Act, on_no: Act):
        widgets: list[Widget] = [
            Words(title, theme.LARGE, centred=True), Words(more, theme.BODY, theme.SOFT, centred=True),
            Button(no, on_no, main=True), Button(yes, on_yes),
        ]  # fmt: skip
        super().__init__(widgets, on_no)


class Paused(Card):
    """Time stands still."""

    def __init__(self, on_go_on: Act, on_leave: Act):
        self.on_go_on = on_go_on
        widgets: list[Widget] = [
            Words("Paused", theme.LARGE, centred=True), Button("Go on", on_go_on, main=True),
            Button("Leave the game", on_leave),
        ]  # fmt: skip
        super().__init__(widgets, on_go_on)

    def handle(self, event: pygame.Event) -> bool:
        """The pause key goes on, too."""
        if event.type == pygame.KEYDOWN and event.key == pygame.K_p:
            self.on_go_on()
            return True
        return super().handle(event)


class Help(Card):
    """The keys."""

    def __init__(self, bindings: Bindings, setup: Setup, on_close: Act):
        people = sum(seat.human for seat in setup.seats)
        widgets: list[Widget] = [Words("Keys", theme.LARGE, centred=True), KeyTable(keys_in_words(bindings, people))]
        if len(setup.seats) > 1:
            widgets.append(Words("The number keys send the messages below the kitchen.", theme.SMALL + 1, theme.SOFT))
        widgets.append(Words("The game goes on meanwhile.", theme.SMALL + 1, theme.SOFT))
        widgets.append(Button("Close", on_close, main=True))
        super().__init__(widgets, on_close, 540)


@dataclass
class KeyTable(Widget):
    """What to do in the left column, the keys for it in the right one."""

    rows: Sequence[tuple[str, str]]
    takes_focus = False

    def height(self, width: int, u: float) -> int:
        """A line for each."""
        return round(len(self.rows) * theme.BODY * u * 1.35)

    def draw(self, target: pygame.Surface, focused: bool, u: float) -> None:
        """Write them."""
        for i, (what, keys) in enumerate(self.rows):
            y, middle = self.area.y + i * theme.BODY * u * 1.35, self.area.x + self.area.w * 0.46
            theme.write(target, what, (middle - 14 * u, y), theme.BODY * u, theme.SOFT, "topright")
            theme.write(target, keys, (middle, y), theme.BODY * u)


IN_WORDS = {
    "left": "walk left", "right": "walk right", "down": "walk down", "up": "walk up",
    "interact": "take, put, chop, serve", "thoughts": "show its thoughts", "help": "these keys",
    "leave": "leave the game", "restart": "start again",
}  # fmt: skip


def keys_in_words(bindings: Bindings, people: int, commands: Sequence[str] = COMMANDS) -> list[tuple[str, str]]:
    """What each key does, in two columns: those that move chefs, and these commands."""
    rows = []
    for move in MOVES:
        first, second = bindings.first.get(move, []), bindings.second.get(move, [])
        what = IN_WORDS.get(move, move)
        if people > 1:
            rows += [(f"first chef: {what}", _or(first)), (f"second chef: {what}", _or(second))]
        else:
            rows.append((what, _or([*first, *second])))
    return [*rows, *((IN_WORDS.get(name, name), _or(getattr(bindings, name))) for name in commands)]


def _or(keys: Sequence[str]) -> str:
    return ", ".join(keys) or "none"
