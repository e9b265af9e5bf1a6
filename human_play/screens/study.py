"""A study from the consent to the thanks, one screen for every step."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from brigade.envs.kitchen.pictures.drawing_chefs import CHEFS
from brigade.envs.registry import BrigadeError
from brigade.human_play.game import hats
from brigade.human_play.game.human_game import HumanGame, Seat, Setup
from brigade.human_play.screens.game import GameScreen
from brigade.human_play.screens.overlays import KeyTable, Question, keys_in_words
from brigade.human_play.screens.page import Page
from brigade.human_play.screens.ranking import Places
from brigade.human_play.screens.result import ResultScreen
from brigade.human_play.study.progress import Session
from brigade.human_play.study.schedule import Consent, Form, Game, Playing, Practice, Ranking, Solo, Step, Thanks
from brigade.human_play.study.study import Question as Asked
from brigade.human_play.window import theme
from brigade.human_play.window.app import App, Screen
from brigade.human_play.window.widgets import Button, Field, Pick, Widget, Words


class StudyRunner:
    """Leads a participant through a session; every step that is finished is on disk before the next is shown.

    Args:
        app: the window.
        session: of the participant.
        countdown_s: seconds before a game's first tick.
    """

    def __init__(self, app: App, session: Session, countdown_s: float = 3.0):
        self.app, self.session, self.countdown_s = app, session, countdown_s

    def screen(self) -> Screen | None:
        """The screen of the step to be done now; None when there is none."""
        step = self.session.current
        if step is None:
            return None
        for kind, make in self._screens().items():
            if isinstance(step, kind):
                return make(step)
        raise AssertionError(f"a step of a kind without a screen: {step}")

    def _screens(self) -> dict[type[Step], Callable[[Any], Screen]]:
        return {
            Consent: self._consent, Form: self._form, Playing: self._brief, Ranking: self._ranking,
            Thanks: self._thanks,
        }  # fmt: skip

    def _page(self, title: str, widgets: list[Widget], problem: str = "") -> Page:
        self._shown = Page(self.app, title, widgets, self.session.place, self.app.quit)
        self._shown.problem = problem
        return self._shown

    def _on(self) -> None:
        """Show the next step, or close."""
        screen = self.screen()
        if screen is None:
            self.app.quit()
        else:
            self.app.show(screen)

    def _finish(self, step: Step, data: dict[str, Any] | None = None) -> None:
        """Store a step and go on; what is wrong is said on the page, and nothing is lost."""
        try:
            self.session.finish(step, data)
        except BrigadeError as error:
            self._shown.problem = str(error)
        else:
            self._on()

    def _consent(self, step: Consent) -> Page:
        widgets: list[Widget] = [
            Words(flowing(step.text)),
            Button("I agree", lambda: self._finish(step, {"agreed": True}), main=True),
            Button("I do not agree", self._decline),
        ]
        return self._page(step.title, widgets)

    def _decline(self) -> None:
        self._shown.overlay = Question(
            "Do you not want to take part?", "Nothing but this is then stored.", "I do not take part", "Back",
            self._withdraw, self._shown.uncover,
        )  # fmt: skip

    def _withdraw(self) -> None:
        self.session.withdraw("declined the consent")
        self.app.quit()

    def _form(self, step: Form) -> Page:
        fields = {question.id: _widget_of(question) for question in step.questions}

        def send() -> None:
            answers = {name: _answer_of(field) for name, field in fields.items()}
            for place, question in enumerate(step.questions):
                try:
                    question.check(answers[question.id])
                except BrigadeError as error:
                    self._shown.problem = str(error)
                    self._shown.column.focus = place
                    self._shown.column.show(fields[question.id])
                    return
            self._finish(step, {"answers": answers})

        titles = {"before": "Before you begin", "end": "At the end"}
        about = f"About the {step.hat} hat" if step.hat is not None else "A few questions"
        if step.name == "after_each_game":
            about = f"About the last game, with the {step.hat} hat"
        widgets: list[Widget] = [*fields.values(), Button("Continue", send, main=True)]
        return self._page(titles.get(step.name, about), widgets)

    def _brief(self, step: Playing) -> Page:
        def begin() -> None:
            try:
                setup = setup_of(step, self.session)
                self.app.show(GameScreen(self.app, setup, partial(self._played, step), self.countdown_s))
            except BrigadeError as error:
                self._shown.problem = str(error)

        games = sum(isinstance(each, Game) for each in self.session.steps)
        title, told = _brief_of(step, games)
        widgets: list[Widget] = [Words(told), Button("Start", begin, main=True)]
        if isinstance(step, Practice):
            widgets.insert(1, KeyTable(keys_in_words(self.app.bindings, 1, ("help", "leave"))))
        return self._page(title, widgets)

    def _played(self, step: Playing, human_game: HumanGame) -> None:
        """A game is over, or was left: then the study closes, and goes on with this game the next time."""
        if not human_game.over or human_game.played is None or not human_game.played.finished:
            self.app.quit()
            return

        def on() -> None:
            try:
                self.session.finish(step)
            except BrigadeError as error:
                self.app.show(self._again(step, str(error)))
            else:
                self._on()

        self.app.show(ResultScreen(self.app, human_game, None, on, shows_file=False))

    def _again(self, step: Playing, problem: str) -> Page:
        """The game is recorded, but that it is finished could not be noted: try it until it can."""
        widgets: list[Widget] = [
            Words("The game is over, but this could not be stored. Please call the person who leads the study."),
            Button("Try to store it again", lambda: self._finish(step), main=True),
            Button("Play this game again", self._on),
        ]
        return self._page("One moment", widgets, problem)

    def _ranking(self, step: Ranking) -> Page:
        places = Places(tuple(step.partners))
        send = Button("This is my order", lambda: self._finish(step, {"ranking": places.order()}), main=True)
        told = "Up and down choose a partner, left and right move it up and down the list. Or click the arrows."
        return self._page("Your order", [Words(flowing(step.text)), Words(told, theme.SMALL + 1, theme.SOFT), places,
                                         send])  # fmt: skip

    def _thanks(self, step: Thanks) -> Page:
        finish = Button("Finish", lambda: self._finish(step), main=True)
        return self._page("Thank you", [Words(flowing(step.text)), finish])


def setup_of(step: Playing, session: Session) -> Setup:
    """The game of a step."""
    mine = Seat("human", human=True, label="you", hat=hats.number_of(hats.MINE))
    seats = [mine]
    if step.partner is not None:
        label = f"{step.hat} hat" if step.hat in hats.HATS else "practice partner"
        seats.append(Seat(step.partner.name, step.partner.options, label=label, hat=hats.number_of(step.hat)))
        if step.seat:
            seats.reverse()
    study = step.study
    return Setup(
        kitchen=step.kitchen, seats=tuple(seats), hz=study.hz, seed=step.seed, script=step.script, mode=study.messages,
        reasoner=study.reasoner, may_pause=step.may_pause, may_restart=False,
        shows_thoughts=study.show_thoughts, recording=session.recording(step), header=session.header(step),
    )  # fmt: skip


def _brief_of(step: Playing, games: int) -> tuple[str, str]:
    """Title and text before a game."""
    title = step.kitchen.spec.title
    length = f"It lasts {step.seconds:g} seconds."
    if isinstance(step, Practice):
        pause = " P pauses it." if step.may_pause else ""
        return "Practice", (
            f"A game to get to know the keys; it does not count.{pause} {length}\n\n"
            "The orders are at the top, each with what goes into it and a bar with the time it has left. You work with "
            "what is right before you: take, chop, cook, put on a plate, serve at the hatch."
        )
    if isinstance(step, Solo):
        return "You alone", f"Now you cook alone, as well as you can. {length}"
    number = step.game if isinstance(step, Game) else 0
    look = CHEFS[hats.number_of(step.hat)].name
    return f"Game {number} of {games}", (
        f"You cook with the {step.hat} hat ({look}). Together, serve as much as you can.\n\nKitchen: {title}. {length}"
    )


def flowing(text: str) -> str:
    """Text of a file whose lines were broken for the file: only empty lines are kept."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text.strip())


def _widget_of(question: Asked) -> Widget:
    text = question.text if question.required else f"{question.text} (you may leave this empty)"
    if question.kind == "scale":
        labels = question.labels
        if len(labels) == question.points:
            return Pick(text, labels, as_number=True)
        low, high = labels if len(labels) == 2 else ("", "")
        return Pick(text, [str(i + 1) for i in range(question.points)], low, high, beside=True, as_number=True)
    if question.kind == "choice":
        return Pick(text, question.options)
    if question.kind == "number":
        return Field(text, allowed=lambda letter: letter in "0123456789.-")
    return Field(text, lines=3)


def _answer_of(widget: Widget) -> int | str | None:
    if isinstance(widget, Field):
        return widget.value or None
    assert isinstance(widget, Pick)
    if widget.chosen is None:
        return None
    return widget.options[widget.chosen] if not widget.as_number else widget.chosen + 1
