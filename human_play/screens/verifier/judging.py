"""A session of a verifier from the first page to the result, one screen for every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pygame

from brigade.envs.registry import BrigadeError
from brigade.human_play.screens.overlays import KeyTable
from brigade.human_play.screens.page import Page
from brigade.human_play.screens.verifier.judge import JudgeScreen
from brigade.human_play.verifier.instructions import SURE, feedback, introduction, results
from brigade.human_play.verifier.session import Judgement, JudgingSession
from brigade.human_play.verifier.verifier_item import VerifierItem
from brigade.human_play.window import theme
from brigade.human_play.window.app import App, Screen
from brigade.human_play.window.widgets import Button, Widget, Words


class JudgingPage(Page):
    """A page between items; number keys press its buttons where they are numbered.

    Args:
        further: those of `Page`.
        numbered: the buttons that number keys press.
    """

    leaving = ("Leave for now?", "What you have judged is kept. You can go on later from here.")
    numbered: tuple[Button, ...] = ()

    def work(self, event: pygame.Event) -> None:
        """Work the widgets, or ask whether to leave."""
        place = event.key - pygame.K_1 if event.type == pygame.KEYDOWN else -1
        if 0 <= place < len(self.numbered):
            self.numbered[place].action()
        else:
            super().work(event)


class JudgingRunner:
    """Leads a person through a session; what is judged is on disk before the next item is shown.

    Args:
        app: the window.
        session: the person's.
    """

    def __init__(self, app: App, session: JudgingSession):
        self.app, self.session = app, session

    def first(self) -> Screen:
        """The first page: the rules, or the result of a session that is over."""
        if self.session.current is None:
            return self._result()
        keys = [("accept, reject", "A, R"), ("look or ask", "1 to 9"), ("choose", "arrows and Enter"), ("leave", "Esc")]
        widgets: list[Widget] = [Words(text) for text in introduction(self.session)]
        widgets += [KeyTable(keys), Button("Begin", self._next, main=True)]
        return self._page("You are the verifier", widgets)

    def _page(self, title: str, widgets: list[Widget]) -> JudgingPage:
        return JudgingPage(self.app, title, widgets, self.session.place, self.app.quit)

    def _next(self) -> None:
        """Show the next item, or the result."""
        session, number = self.session, self.session.current
        if number is None:
            self.app.show(self._result())
            return
        item = session.item(number)
        try:
            session.opened(item)
        except BrigadeError as error:
            self.app.show(self._again(str(error), self._next))
            return
        config = session.config
        points = session.points if config.feedback and not session.is_practice(number) else None
        self.app.show(
            JudgeScreen(
                self.app, item, session.title(number), points, config.time_limit_s, config.points.look,
                lambda judgement: self._judged(number, item, judgement), self.app.quit,
            )
        )  # fmt: skip

    def _judged(self, number: int, item: VerifierItem, judgement: Judgement) -> None:
        """A verdict was given, or the time was up."""
        if self.session.config.confidence and not judgement.timed_out:
            self.app.show(self._sure(number, item, judgement))
        else:
            self._finish(number, item, judgement)

    def _sure(self, number: int, item: VerifierItem, judgement: Judgement) -> Page:
        ends = {SURE[0]: "  a guess", SURE[-1]: "  certain"}
        buttons = []
        for place, sure in enumerate(SURE, 1):
            chosen = partial(self._finish, number, item, replace(judgement, confidence=sure))
            buttons.append(Button(f"{place}    {sure:.0%}{ends.get(sure, '')}", chosen))
        told = "accepted" if judgement.accept else "rejected"
        asked = Words(f"You {told}. How sure are you that this is right? Press a number, or click.")
        page = self._page(self.session.title(number), [asked, *buttons])
        page.numbered = tuple(buttons)
        page.column.focus = 0  # on the words: a key pressed too often must not be an answer
        return page

    def _finish(self, number: int, item: VerifierItem, judgement: Judgement) -> None:
        """Find out what was true, and store it."""
        verdict = item.decide(judgement.accept)
        self._store(number, self.session.record(number, item, judgement, verdict), verdict.told)

    def _store(self, number: int, record: dict[str, Any], told: str) -> None:
        try:
            self.session.store(record)
        except BrigadeError as error:
            self.app.show(self._again(str(error), lambda: self._store(number, record, told)))
        else:
            self.app.show(self._between(number, record, told))

    def _again(self, problem: str, action: Callable[[], None]) -> Page:
        """It could not be stored: try it until it can."""
        widgets: list[Widget] = [
            Words("This could not be stored. Please call the person who leads the study."),
            Words(problem, theme.SMALL + 1, theme.WARN),
            Button("Try to store it again", action, main=True),
        ]
        return self._page("One moment", widgets)

    def _between(self, number: int, record: dict[str, Any], told: str) -> Page:
        """What was right, if that is told, and a rest before the next item."""
        session, following = self.session, self.session.current
        lines = list(feedback(session, number, record, told))
        shown = session.shows_points(number)
        colour = theme.WORDS if not shown else theme.readable(theme.GOOD if record["correct"] else theme.BAD)
        widgets: list[Widget] = [Words(line, theme.LARGE, colour) for line in lines]
        if following is not None and session.is_practice(number) and not session.is_practice(following):
            widgets.append(Words("That was the practice. From now on it counts."))
        if session.config.feedback and not session.is_practice(number):
            widgets.append(Words(f"{session.points:g} points so far.", theme.BODY, theme.SOFT))
        widgets.append(Button("Next" if following is not None else "To the result", self._next, main=True))
        return self._page(session.title(number), widgets)

    def _result(self) -> Page:
        rows = results(self.session)
        widgets: list[Widget] = [
            KeyTable(rows), Words(f"recorded in {self.session.path}", theme.SMALL, theme.SOFT),
            Button("Done", self.app.quit, main=True),
        ]  # fmt: skip
        return self._page("That was all. Thank you.", widgets)
