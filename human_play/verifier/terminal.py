"""Playing the verifier in a terminal: plain prompts, under the same time limit as in the window."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from brigade.envs.kitchen.pictures.text import captions, draw
from brigade.human_play.verifier.instructions import SURE, feedback, introduction, results, take_look
from brigade.human_play.verifier.session import Judgement, JudgingSession, Look
from brigade.human_play.verifier.verifier_item import Choice, Sight, VerifierItem

Say = Callable[[str], None]
DIGITS = 4  # of a number that is understood; `int` refuses those of thousands
ACCEPT, REJECT, LEAVE = ("a", "accept"), ("r", "reject"), ("q", "quit", "leave")


class Ended(Exception):
    """There is nobody there any more."""


class TimeUp(Exception):
    """No answer came in time."""


class Lines:
    """Lines from standard input, waited for no longer than one likes.

    What has no descriptor, as in tests, is read at once. Anything else is read by a thread, as the system
    gives them, because waiting for a pipe or a terminal with a limit is not possible in the same way everywhere.

    Attributes:
        typed: whether they come from a terminal, where keys may be pressed before anyone has asked.
    """

    def __init__(self) -> None:
        self.typed = False
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        try:
            descriptor = sys.stdin.fileno()
        except (AttributeError, OSError, io.UnsupportedOperation):
            return
        self.typed = os.isatty(descriptor)
        self._thread = threading.Thread(target=self._read, args=(descriptor,), daemon=True)
        self._thread.start()

    def next(self, seconds: float | None) -> str:
        """The next line.

        Raises:
            TimeUp: none came in so many seconds.
            Ended: there are no more.
        """
        if self._thread is None:
            line = sys.stdin.readline() if sys.stdin is not None else ""
            if not line:
                raise Ended
            return line.strip()
        try:
            found = self._lines.get(timeout=None if seconds is None else max(0.0, seconds))
        except queue.Empty:
            raise TimeUp from None
        if found is None:
            self._lines.put(None)
            raise Ended
        return found.strip()

    def forget(self) -> None:
        """Drop what was typed so far; what comes from a file or a pipe is all kept."""
        if not self.typed:
            return
        with contextlib.suppress(queue.Empty):
            while self._lines.get_nowait() is not None:
                pass
            self._lines.put(None)  # there is still nothing after the end

    def _read(self, descriptor: int) -> None:
        with (
            contextlib.suppress(OSError),  # a terminal that has gone
            open(descriptor, encoding="utf-8", errors="replace", newline="\n", closefd=False) as file,
        ):
            for line in file:
                self._lines.put(line)
        self._lines.put(None)


def play_in_terminal(session: JudgingSession, say: Say, lines: Lines | None = None) -> None:
    """Go through a session, as far as there is someone there.

    Args:
        session: the participant's.
        say: prints a line.
        lines: where answers come from; standard input by default.

    Raises:
        BrigadeError: what was judged cannot be stored.
    """
    lines = lines or Lines()
    try:
        _play(session, say, lines)
    except (Ended, KeyboardInterrupt):
        done, whole = session.place
        say(f"\nLeft after {done} of {whole}; they are in {session.path}.")
        if not session.config.participant:
            say(f"The same command with participant={session.participant} goes on from there.")


def _play(session: JudgingSession, say: Say, lines: Lines) -> None:
    number = session.current
    if number is not None:
        for text in introduction(session):
            say(f"{text}\n")
        _wait_for_enter("Press Enter to begin.", say, lines)
    while number is not None:
        _judge_one(session, number, say, lines)
        was_practice, number = session.is_practice(number), session.current
        if number is not None:
            if was_practice and not session.is_practice(number):
                say("That was the practice. From now on it counts.")
            _wait_for_enter("Press Enter for the next one.", say, lines)
    say("\nThat was all. Thank you.")
    for name, value in results(session):
        say(f"  {name:24} {value}")
    say(f"recorded in {session.path} (brigade pvg report {session.config.folder})")


def _wait_for_enter(told: str, say: Say, lines: Lines) -> None:
    """Wait until the person is ready; in a terminal a verdict that came too late does not say so."""
    lines.forget()
    say(told)
    while lines.next(None) and lines.typed:
        say("Enter alone, please.")


def _judge_one(session: JudgingSession, number: int, say: Say, lines: Lines) -> None:
    item = session.item(number)
    session.opened(item)
    score = f"   {session.points:g} points" if session.config.feedback and not session.is_practice(number) else ""
    say(f"\n--- {session.title(number)}{score} ---")
    lines.forget()
    begun = time.perf_counter()
    for line in _shown(item):
        say(line)
    judgement = _ask(item, session.config.time_limit_s, begun, say, lines)
    if session.config.confidence and not judgement.timed_out:
        judgement = _with_confidence(judgement, say, lines)
    verdict = item.decide(judgement.accept)
    record = session.record(number, item, judgement, verdict)
    session.store(record)
    for line in feedback(session, number, record, verdict.told):
        say(line)


def _ask(item: VerifierItem, limit: float | None, begun: float, say: Say, lines: Lines) -> Judgement:
    """Wait for the verdict; an answer that is none is asked for again as long as there is time."""
    looks: list[Look] = []
    while True:
        left = None if limit is None else begun + limit - time.perf_counter()
        _prompt(item, left, say)
        try:
            if left is not None and left <= 0:
                raise TimeUp
            given = lines.next(left).lower()
        except TimeUp:
            assert limit is not None
            return Judgement(False, limit, True, tuple(looks))
        seconds = time.perf_counter() - begun
        if limit is not None and seconds > limit:
            return Judgement(False, limit, True, tuple(looks))
        if given in ACCEPT or given in REJECT:
            return Judgement(given in ACCEPT, seconds, False, tuple(looks))
        if given in LEAVE:
            raise Ended
        choice = _chosen(item, given)
        if choice is None:
            say("That is neither.")
        elif choice.answer is not None:
            say(f"You have looked there already: {choice.answer}.")
        elif item.questions_left < 1:
            say("No questions are left.")
        else:
            before = len(item.passages)
            looks.append(take_look(item, choice, seconds))
            for line in _came_of(item, choice, before):
                say(line)


def _came_of(item: VerifierItem, choice: Choice, before: int) -> Iterator[str]:
    after = next((other for other in item.choices if other.number == choice.number), choice)
    if after.answer is not None:
        yield f"  {after.label}: {'as claimed' if after.holds else 'NOT as claimed'}; there: {after.answer}"
        return
    for passage in item.passages[before:]:
        yield from _passage(passage.heading, passage.text)


def _shown(item: VerifierItem) -> Iterator[str]:
    sight = item.sight
    if sight is not None:
        yield from _map(sight)
    yield f"\n{item.problem}\n"
    for passage in item.passages:
        yield from _passage(passage.heading, passage.text)
    yield f"\n{item.task}"
    for place, choice in enumerate(item.choices, 1):
        yield f"  {place}  {choice.verb} {choice.label}"


def _passage(speaker: str, text: str) -> Iterator[str]:
    yield f"{speaker}:"
    for line in text.splitlines():
        yield f"    {line}"


def _map(sight: Sight) -> Iterator[str]:
    """The kitchen with letters above and numbers beside it, and the orders."""
    kitchen = sight.kitchen
    yield "    " + "".join(f" {chr(ord('A') + x % 26)} " for x in range(kitchen.width))
    for y, row in enumerate(draw(kitchen, sight.described).splitlines(), 1):
        yield f"{y:>3} {row}"
    yield from (line for line in captions(kitchen, sight.described) if not line.startswith("chef"))


def _prompt(item: VerifierItem, left: float | None, say: Say) -> None:
    open_choices = len(item.choices) if item.questions_left else 0
    verb = item.choices[0].verb.lower() if open_choices else ""
    looks = f", {f'1-{open_choices}' if open_choices > 1 else '1'} {verb.split()[0]}" if open_choices else ""
    time_left = "" if left is None else f"  [{max(0.0, left):.0f} s left]"
    say(f"a accept, r reject{looks}, q leave{time_left}")


def _chosen(item: VerifierItem, given: str) -> Choice | None:
    choices, number = item.choices, _number(given)
    return choices[number - 1] if 1 <= number <= len(choices) else None


def _with_confidence(judgement: Judgement, say: Say, lines: Lines) -> Judgement:
    degrees = ", ".join(f"{place} {sure:.0%}" for place, sure in enumerate(SURE, 1))
    while True:
        say(f"How sure are you that your verdict is right? {degrees}")
        number = _number(lines.next(None))
        if 1 <= number <= len(SURE):
            return replace(judgement, confidence=SURE[number - 1])
        say(f"A number from 1 to {len(SURE)}, please.")


def _number(given: str) -> int:
    """The number that was typed; 0 for what is none, or longer than any choice."""
    return int(given) if given.isdecimal() and len(given) <= DIGITS else 0
