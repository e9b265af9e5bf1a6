"""One item on the screen: what is to be read, what may be looked at, two verdicts, and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pygame

from brigade.human_play.screens.overlays import Covered, Question
from brigade.human_play.screens.verifier.evidence import Beside, ChoiceButton, PassageBox, draw_sight
from brigade.human_play.verifier.instructions import take_look
from brigade.human_play.verifier.session import Judgement, Look
from brigade.human_play.verifier.verifier_item import Choice, VerifierItem
from brigade.human_play.window import theme
from brigade.human_play.window.app import App
from brigade.human_play.window.widgets import Button, Column, Nudge, Widget, Words, nudge_of

WIDE = 640  # of the column, where there is no picture beside it; in pixels of an 800 x 600 window
HEAD, FOOT, MARGIN = 74, 92, 24  # heights above and below what is to be read, and what is left free at the sides
SOON, NOW = 1 / 3, 1 / 6  # parts of the time at which its bar warns
ARGUED = 18  # height of a line of an argument where nothing stands beside it, in pixels of an 800 x 600 window
LONG = 400  # characters of a problem that is read by scrolling, rather than kept in sight
LEAVING = "The clock goes on while you read this. What you have judged is kept; this one comes again."


class JudgeScreen(Covered):
    """Shows an item until the verdict, or until the time is up.

    Args:
        app: the window.
        item: what is judged.
        title: where one is.
        points: what has been earned, or None where that is not shown.
        limit_s: seconds; None for no limit.
        cost: of a look, in points.
        decided: is told what the person did.
        leave: leaves the session for now.

    Attributes:
        column: what has been said, with the questions; below the problem, which is always in sight unless it is long.
        verdicts: the buttons below it.
    """

    def __init__(
        self, app: App, item: VerifierItem, title: str, points: float | None, limit_s: float | None, cost: float,
        decided: Callable[[Judgement], None], leave: Callable[[], None],
    ):  # fmt: skip
        self.app, self.item, self.title, self.points = app, item, title, points
        self.limit_s, self.cost, self.decided, self.leave = limit_s, cost, decided, leave
        self.looks: list[Look] = []
        self.verdicts = (
            Button("Accept  (A)", lambda: self._decide(True)), Button("Reject  (R)", lambda: self._decide(False)),
        )  # fmt: skip
        self._sees = item.sight is not None
        self.column = self._column()
        self.head = Column(self._told() if not self._long else [])
        self._area = pygame.Rect(0, 0, 0, 0)  # of the column
        self._show_last = False  # what was said last is to be scrolled to
        self._low: int | None = None  # the verdict that has the focus; None while the column has it
        self._begun: float | None = None  # when it was first drawn
        self._over = False
        self._picture: pygame.Surface | None = None

    @property
    def seconds(self) -> float:
        """Since it was first shown."""
        return 0.0 if self._begun is None else time.perf_counter() - self._begun

    def work(self, event: pygame.Event) -> None:
        """Decide, look, or move about."""
        nudge = nudge_of(event)
        if nudge is Nudge.BACK:
            self.overlay = Question("Leave for now?", LEAVING, "Leave", "Go on", self.leave, self.uncover)
        elif event.type == pygame.KEYDOWN and event.key in (pygame.K_a, pygame.K_r):
            self._decide(event.key == pygame.K_a)
        elif event.type == pygame.KEYDOWN and pygame.K_1 <= event.key <= pygame.K_9:
            self._press_number(event.key - pygame.K_1)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1 and self._clicked(event.pos):
            return
        elif nudge is not None:
            self._nudge(nudge)
        else:
            self.column.handle(event)

    def draw(self, target: pygame.Surface) -> None:
        """Draw it; the time runs from the first frame on."""
        if self._begun is None:
            self._begun = time.perf_counter()
        if not self._over and self._late(self.seconds):
            return
        size, u = theme.cleared(target)
        self._draw_head(target, u)
        body = pygame.Rect(MARGIN * u, HEAD * u, size[0] - 2 * MARGIN * u, size[1] - (HEAD + FOOT) * u)
        self._draw_body(target, body, u)
        self._draw_foot(target, u)
        if self.overlay is not None:
            self.overlay.draw(target, u)

    @property
    def _long(self) -> bool:
        return len(self.item.problem) > LONG

    def _told(self) -> list[Widget]:
        return [Words(self.item.task, theme.BODY + 2, theme.ACCENT), Words(self.item.problem)]

    def _column(self) -> Column:
        item, widgets = self.item, self._told() if self._long else []
        choices = [self._button(place, choice) for place, choice in enumerate(item.choices, 1)]
        said = item.passages
        if self._sees:  # a plan is long: what may be looked at comes before it, or nobody would find it
            plans = [replace(one, speaker="The plan", lines=()) for one in said if one.plan]
            claims = [replace(one, plan=()) for one in said]
            widgets += [*map(PassageBox, claims), *choices, *map(PassageBox, plans)]
        elif said and all(one.patch for one in said):
            boxes = [PassageBox(one) for one in said]
            widgets += [*(Beside(boxes[i : i + 2]) for i in range(0, len(boxes), 2)), *choices]
        else:
            widgets += [*(PassageBox(one, ARGUED) for one in said), *choices]
        if not said:
            widgets.insert(0, Words("Nothing has been said yet.", theme.BODY, theme.SOFT))
        return Column(widgets, focus=0, gap=7)  # what is first cannot be worked: a key pressed too often does nothing

    def _button(self, place: int, choice: Choice) -> ChoiceButton:
        button = ChoiceButton(choice.label, lambda: self._ask(choice), choice=choice, key=place, cost=self.cost)
        self._refresh(button, choice)
        return button

    def _refresh(self, button: ChoiceButton, choice: Choice) -> None:
        button.choice, button.enabled = choice, choice.answer is None and self.item.questions_left > 0
        button.takes_focus = button.enabled

    def _ask(self, choice: Choice) -> None:
        seconds = self.seconds
        if self._over or self._begun is None or self._late(seconds):
            return
        self.looks.append(take_look(self.item, choice, seconds))
        if choice.tick is None:  # provers have answered
            self.column, self._show_last = self._column(), True
            return
        now = {after.number: after for after in self.item.choices}
        for widget in self.column.widgets:
            if isinstance(widget, ChoiceButton):
                self._refresh(widget, now[widget.choice.number])
        self._picture = None

    def _press_number(self, place: int) -> None:
        buttons = [widget for widget in self.column.widgets if isinstance(widget, ChoiceButton)]
        if place < len(buttons) and buttons[place].enabled:
            buttons[place].action()

    def _decide(self, accept: bool) -> None:
        seconds = self.seconds
        if self._over or self._begun is None or self._late(seconds):
            return
        self._over = True
        self.decided(Judgement(accept, seconds, False, tuple(self.looks)))

    def _late(self, seconds: float) -> bool:
        """Whether the time is up, which is then the verdict; a key may come before the frame that would show it."""
        if self.limit_s is None or seconds < self.limit_s:
            return False
        self._over = True
        self.decided(Judgement(False, self.limit_s, True, tuple(self.looks)))
        return True

    def _clicked(self, at: tuple[int, int]) -> bool:
        hit = [button for button in self.verdicts if button.area.collidepoint(at)]
        for button in hit:
            button.click(at)
        return bool(hit)

    def _nudge(self, nudge: Nudge) -> None:
        """Left and right choose a verdict; up and down what may be asked, or scroll."""
        if nudge in (Nudge.LEFT, Nudge.RIGHT):
            self._low, self.column.focus = int(nudge is Nudge.RIGHT), 0
        elif self._low is None:
            if nudge is Nudge.DOWN and self.column.focus >= self._last and self._fits:
                self._low, self.column.focus = 0, 0
            elif nudge is Nudge.CONFIRM:
                self.column.widgets[self.column.focus].nudge(nudge)
            else:
                self.column.move(1 if nudge is Nudge.DOWN else -1)
        elif nudge is Nudge.CONFIRM:
            self.verdicts[self._low].action()
        elif nudge is Nudge.UP:
            self._low, self.column.focus = None, self._last
        else:
            self._low = 1

    @property
    def _last(self) -> int:
        """The last of what may be asked."""
        return max((i for i, widget in enumerate(self.column.widgets) if widget.takes_focus), default=0)

    @property
    def _fits(self) -> bool:
        """Whether all that is to be read is in sight."""
        return self.column.widgets[-1].area.bottom <= self._area.bottom

    def _draw_head(self, target: pygame.Surface, u: float) -> None:
        width = target.get_width()
        theme.write(target, self.title, (MARGIN * u, 16 * u), theme.LARGE * u, theme.WORDS)
        if self.points is not None:
            told = f"{self.points:g} points"
            theme.write(target, told, (width - MARGIN * u, 16 * u), theme.LARGE * u, theme.ACCENT, "topright")
        if self.limit_s is None:
            return
        left = max(0.0, self.limit_s - self.seconds)
        part = left / self.limit_s
        colour = theme.BAD if part < NOW else theme.WARN if part < SOON else theme.COOL
        told_wide = 60 * u
        bar = pygame.Rect(MARGIN * u, 48 * u, width - 2 * MARGIN * u - told_wide, max(4, 12 * u))
        theme.bar(target, bar, part, colour)
        at = (width - MARGIN * u, bar.centery)
        theme.write(target, f"{-(-left // 1):.0f} s", at, theme.BODY * u, theme.WORDS, "midright")

    def _draw_body(self, target: pygame.Surface, body: pygame.Rect, u: float) -> None:
        if self._sees:
            side = pygame.Rect(body.x, body.y, round(body.w * 0.5), body.h)
            if self._picture is None or self._picture.get_size() != side.size:
                sight = self.item.sight
                assert sight is not None
                self._picture = draw_sight(sight, side.size, u)
            target.blit(self._picture, side)
            left = side.right + round(16 * u)
            area = pygame.Rect(left, body.y, body.right - left - round(12 * u), body.h)
        else:
            area = pygame.Rect(0, 0, min(body.w - round(24 * u), round(WIDE * u)), body.h).move_to(midtop=body.midtop)
        high = self.head.height(area.w, u)
        self.head.draw(target, pygame.Rect(area.x, area.y, area.w, high), u)
        gap = round(10 * u) if high else 0
        self._area = pygame.Rect(area.x, area.y + high + gap, area.w, area.h - high - gap)
        self.column.draw(target, self._area, u)
        if self._show_last:
            self.column.show(self.column.widgets[-1])
            self._show_last = False

    def _draw_foot(self, target: pygame.Surface, u: float) -> None:
        width, height = target.get_size()
        wide, gap, high = round(200 * u), round(24 * u), round(40 * u)
        left = (width - 2 * wide - gap) // 2
        for place, button in enumerate(self.verdicts):
            button.area = pygame.Rect(left + place * (wide + gap), height - round(80 * u), wide, high)
            button.draw(target, self._low == place, u)
        choices = self.item.choices
        numbers = f"number keys {choices[0].verb.split()[0].lower()},  " if choices else ""
        told = f"A accepts,  R rejects,  {numbers}arrows and Enter choose,  Esc leaves"
        theme.write(target, told, (width / 2, height - 24 * u), theme.SMALL * u, theme.SOFT, "midtop")
