"""A person's session as verifier: which item comes next, and what is written down of each.

The items follow from the configuration alone, so that every participant gets the same ones in the same order, and a
session that was left goes on at the next item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

from brigade.batch.configuration.config import check_participant
from brigade.batch.folder.lines import LineFile, is_begun, read_lines
from brigade.batch.folder.lock import LOCK, HeldFolder
from brigade.batch.folder.resume import refuse_change
from brigade.batch.folder.run_folder import FORMAT_VERSION, check_version
from brigade.batch.people.judgements import (
    ENDING,
    ITEM_FORMAT,
    KITCHEN,
    OPENED_FORMAT,
    SESSION_FORMAT,
    read_session,
    session_files,
)
from brigade.envs.disk import make_folder
from brigade.envs.kitchen.content.layout import kitchen_digest
from brigade.envs.prover_verifier.games.kitchen_game import KitchenGame
from brigade.envs.registry import BrigadeError
from brigade.human_play.verifier.choosing import digest, entries, shares
from brigade.human_play.verifier.config import JudgingConfig
from brigade.human_play.verifier.verifier_item import COUNTED, PRACTICE, GameItem, TranscriptItem, Verdict, VerifierItem
from brigade.simulation.provenance import now, provenance

UNNAMED = "try"


@dataclass(frozen=True)
class Look:
    """A question that was asked, or a checkpoint that was looked at.

    Attributes:
        question: its number.
        label: in words.
        answer: what was seen; None where a prover answered.
        holds: whether that was as claimed.
        tick: of the checkpoint.
        s: seconds after the item was shown.
    """

    question: int
    label: str
    answer: str | None
    holds: bool | None
    tick: int | None
    s: float


@dataclass(frozen=True)
class Judgement:
    """What a person did with an item.

    Attributes:
        accept: the verdict.
        seconds: until it was given.
        timed_out: whether the time was up, which counts as a rejection.
        looks: what was asked or looked at.
        confidence: how sure the person was that the verdict is right, 0.5 to 1; None if not asked.
    """

    accept: bool
    seconds: float
    timed_out: bool
    looks: tuple[Look, ...] = ()
    confidence: float | None = None


@contextmanager
def open_session(config: JudgingConfig) -> Iterator[JudgingSession]:
    """A participant's session, in a folder that is closed to other processes meanwhile.

    Nothing is left behind by whoever only reads the rules.

    Raises:
        BrigadeError: another process works in the folder; or as `JudgingSession`.
    """
    with HeldFolder(config.folder):
        try:
            yield JudgingSession(config)
        finally:
            if [path.name for path in config.folder.iterdir()] == [LOCK]:
                with suppress(OSError):  # some systems keep what is locked
                    (config.folder / LOCK).unlink()
                    config.folder.rmdir()


class JudgingSession:
    """A participant's session, on disk. `open_session` keeps others out of its folder meanwhile.

    Args:
        config: what is played.

    Attributes:
        config: what is played.
        participant: the id.
        path: the file.
        items: what has been judged, as it is stored.

    Raises:
        BrigadeError: no valid id, a file that is damaged or of another configuration, or that cannot be written.
    """

    def __init__(self, config: JudgingConfig):
        self.config = config
        self.participant = config.participant or _unnamed(config.folder)
        check_participant(self.participant)
        self._entries = entries(config)
        self._names = [f"practice-{i + 1}" for i in range(config.practice)]
        self._names += [f"{i + 1}" for i in range(config.items)]
        drawn = ((config.practice, PRACTICE), (config.items, COUNTED))
        self._behaviours = [name for each in drawn for name in shares(config.provers, each[0], config.seed, each[1])]
        self.path = config.folder / f"{self.participant}{ENDING}"
        self.items: list[Mapping[str, Any]] = []
        self._openings: dict[str, int] = {}
        self._begin()

    @property
    def current(self) -> int | None:
        """The number of the item to be judged now, those for practice first; None when all have been."""
        judged = {item["item"] for item in self.items}
        return next((number for number, name in enumerate(self._names) if name not in judged), None)

    @property
    def place(self) -> tuple[int, int]:
        """How many items have been judged, and how many there are, practice included."""
        return len(self.items), len(self._names)

    @property
    def points(self) -> float:
        """What the items that count have earned."""
        return float(sum(item["points"] for item in self.items if not item["practice"]))

    def is_practice(self, number: int) -> bool:
        """Whether an item is for practice."""
        return number < self.config.practice

    def title(self, number: int) -> str:
        """What an item is called."""
        practice = self.config.practice
        if self.is_practice(number):
            return f"Practice {number + 1} of {practice}"
        return f"{number + 1 - practice} of {self.config.items}"

    def shows_points(self, number: int) -> bool:
        """Whether it is said what was right: after practice, and where the configuration says so."""
        return self.config.feedback or self.is_practice(number)

    def item(self, number: int) -> VerifierItem:
        """An item as it is before anything has been asked."""
        name, config = self._names[number], self.config
        if config.transcripts is not None:
            return TranscriptItem(name, self._entries[number])
        stream, place = (PRACTICE, number) if self.is_practice(number) else (COUNTED, number - config.practice)
        return GameItem(config, name, stream, place, self._behaviours[number])

    def opened(self, item: VerifierItem) -> None:
        """Note that an item is shown; one that is shown twice was left in the middle.

        Raises:
            BrigadeError: it cannot be written.
        """
        if self._lines.is_empty:  # nothing is left behind by whoever only reads the rules
            make_folder(self.config.folder)
            self._lines.add(self._header)
        self._lines.add({"format": OPENED_FORMAT, "version": FORMAT_VERSION, "item": item.name, "at": now()})
        self._openings[item.name] = self._openings.get(item.name, 0) + 1

    def record(self, number: int, item: VerifierItem, judgement: Judgement, verdict: Verdict) -> dict[str, Any]:
        """What is to be stored of an item."""
        points = self.config.points
        earned = points.right if judgement.accept == verdict.truth else points.wrong
        return {
            "format": ITEM_FORMAT, "version": FORMAT_VERSION, "item": item.name,
            "practice": self.is_practice(number), "game": self.config.game, "protocol": self.config.protocol,
            "problem": item.problem,
            "argument": [{"asked": s.asked, "speaker": s.speaker, "text": s.text} for s in item.passages],
            "checkpoints": [choice.label for choice in item.choices if choice.tick is not None],
            **verdict.facts,
            "accept": judgement.accept, "correct": judgement.accept == verdict.truth,
            "timed_out": judgement.timed_out, "confidence": judgement.confidence,
            "seconds": round(judgement.seconds, 3), "looks": [asdict(look) for look in judgement.looks],
            "points": earned - points.look * len(judgement.looks),
            "openings": self._openings.get(item.name, 0), "at": now(),
        }  # fmt: skip

    def store(self, record: dict[str, Any]) -> None:
        """Store an item; it is on disk when this returns.

        Raises:
            BrigadeError: it cannot be written; it may be tried again.
        """
        self._lines.add(record)
        self.items.append(record)

    def _begin(self) -> None:
        header = {
            "format": SESSION_FORMAT, "version": FORMAT_VERSION, "participant": self.participant,
            "config": self.config.relevant, "transcripts": digest(self._entries), "begun": now(),
            "provenance": provenance(), **_kitchen(self.config),
        }  # fmt: skip
        self._header = header
        for path in session_files(self.config.folder):
            if is_begun(path, SESSION_FORMAT):
                self._refuse_another(path, header)
        if is_begun(self.path, SESSION_FORMAT):
            session = read_session(self.path)
            self.items, self._openings = list(session.items), dict(session.openings)
        self._lines = LineFile(self.path)

    def _refuse_another(self, path: Path, new: Mapping[str, Any]) -> None:
        """Everyone in a folder is shown the same."""
        old = next(iter(read_lines(path, unfinished=True)), {})
        if old.get("format") != SESSION_FORMAT or not isinstance(old.get("config"), dict):
            raise BrigadeError(
                f"{path}:1: not a session of a verifier; choose another folder with out=DIR, or move that file away"
            )
        check_version(old, f"{path}:1")
        another = "a session of another configuration"
        refuse_change(path, another, old["config"], new["config"])
        before, now = ({"digest of transcripts": header.get("transcripts")} for header in (old, new))
        refuse_change(path, another, before, now)
        if KITCHEN in old and old[KITCHEN] != new.get(KITCHEN):  # earlier versions did not write it
            raise BrigadeError(
                f"{path}: the kitchen has changed since that session began: {KITCHEN} is {old[KITCHEN]} there and "
                f"{new.get(KITCHEN)} here; put it back as it was, or choose another folder with out=DIR"
            )


def _kitchen(config: JudgingConfig) -> dict[str, str]:
    """Which version of the kitchen is played in, where the game is in one."""
    game = config.make_game() if config.transcripts is None else None
    return {KITCHEN: kitchen_digest(game.kitchen)} if isinstance(game, KitchenGame) else {}


def _unnamed(folder: Path) -> str:
    """An id for someone who has not been given one."""
    names = (f"{UNNAMED}-{number}" for number in count(1))
    return next(name for name in names if not (folder / f"{name}{ENDING}").exists())
