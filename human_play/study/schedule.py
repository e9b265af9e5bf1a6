"""From a participant's number to everything that participant will do, in order.

The same study and number give the same steps. Number n (from 1) takes the order of partners (n - 1) mod P and the order
of kitchens ((n - 1) div P) mod K, so every P x K participants who come one after the other make a balanced round.
Game i of every participant has the same seed and the same order script, whoever the partner is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.registry import BrigadeError
from brigade.human_play.study.study import PartnerSpec, Question, StudySpec
from brigade.simulation.recording import make_header

SCRIPT_LENGTH = 80  # orders at least; more for long games
FASTEST_ORDER = 5  # ticks: no team serves more often
PRACTICE_SEED, SOLO_SEED = 900_001, 900_002  # added to the study's own
HUMAN = "human"  # the name of the participant's agent in recordings


@dataclass(frozen=True)
class Step:
    """Something that a participant does.

    Attributes:
        id: unique within the study's steps, and the same in every session of the participant.
    """

    id: str

    def check(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What the step is finished with, as it is stored.

        Raises:
            BrigadeError: something is missing or wrong; the message is for the participant.
        """
        return dict(data)


@dataclass(frozen=True)
class Consent(Step):
    """Read the text and agree. Finished with `{"agreed": True}`; one who declines is withdrawn instead."""

    title: str
    text: str

    def check(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """See `Step.check`."""
        if data.get("agreed") is not True:
            raise BrigadeError("The study cannot go on without your consent.")
        return dict(data)


@dataclass(frozen=True)
class Form(Step):
    """Answer questions. Finished with `{"answers": {question id: answer}}`.

    Attributes:
        name: of the questionnaire: before, after_each_game, after_each_partner, end.
        questions: in order.
        about: the step id of the game it is about, None when it is about no single game.
        block: from 1; None when it is about no single partner.
        partner: label of the partner it is about; not to be shown.
        hat: what that partner is called on the screen.
    """

    name: str
    questions: tuple[Question, ...]
    about: str | None = None
    block: int | None = None
    partner: str | None = None
    hat: str | None = None

    def check(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """See `Step.check`."""
        given = data.get("answers", {})
        return {**data, "answers": {question.id: question.check(given.get(question.id)) for question in self.questions}}


@dataclass(frozen=True, kw_only=True)
class Playing(Step):
    """A game of any sort. Finished with `{}` or what the window wants kept; the recording is noted by the session.

    Attributes:
        study: that it is a part of, with what all its games have in common.
        kitchen_name: where.
        length_s: how long, in seconds; None for the kitchen's own horizon.
        seed: of the kitchen and the partner.
        script: dishes in the order they will be ordered, None where orders are standing.
        partner: None when playing alone.
        hat: what the partner is called on the screen, None when playing alone.
        seat: of the participant.
        may_pause: whether the game can be paused.
    """

    study: StudySpec
    kitchen_name: str
    length_s: float | None
    seed: int
    script: tuple[str, ...] | None = None
    partner: PartnerSpec | None = None
    hat: str | None = None
    seat: int = 0
    may_pause: bool = False

    @property
    def kitchen(self) -> Kitchen:
        """Where, with the length of the game."""
        return self.study.kitchen(self.kitchen_name, self.length_s)

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.kitchen.horizon / self.study.hz

    def header(self, ids: dict[str, Any]) -> dict[str, Any]:
        """The first line of its recording.

        Args:
            ids: of the study and the participant, as `Session.header` gives them.
        """
        seats: list[dict[str, Any]] = [{"name": HUMAN, "options": {}, "human": True}]
        if self.partner is not None:
            seats.append({"name": self.partner.name, "options": self.partner.options})
            ids = {**ids, "partner": self.partner.known_as, "hat": self.hat}
        clock = {"kind": "real", "hz": self.study.hz}
        mine = {"step": self.id, "seat": self.seat, **self._ids()}
        seats = seats[::-1] if self.seat else seats
        return make_header(self.kitchen, self.seed, self.script, seats, self.study.messages, clock, {**ids, **mine})

    def _ids(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class Practice(Playing):
    """A game to learn the keys."""


@dataclass(frozen=True)
class Solo(Playing):
    """A game alone: how well someone plays."""


@dataclass(frozen=True, kw_only=True)
class Game(Playing):
    """A game that counts.

    Attributes:
        block: from 1; all games with one partner are one block.
        game: from 1, over all games of the participant: which order script it has.
        repetition: from 1, within block and kitchen.
    """

    block: int
    game: int
    repetition: int

    def _ids(self) -> dict[str, Any]:
        return {"block": self.block, "game": self.game, "repetition": self.repetition}


@dataclass(frozen=True)
class Ranking(Step):
    """Rank the partners. Finished with `{"ranking": [label, ...]}`, best first.

    Attributes:
        text: what is asked.
        partners: label and hat of each, in the order in which they were met.
    """

    text: str
    partners: tuple[tuple[str, str], ...]

    def check(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """See `Step.check`."""
        ranking = [str(label) for label in data.get("ranking", [])]
        if sorted(ranking) != sorted(label for label, _ in self.partners):
            raise BrigadeError("Please put every partner into the order, each once.")
        return {**data, "ranking": ranking}


@dataclass(frozen=True)
class Thanks(Step):
    """The last page. Finished with `{}`; the participant is then done."""

    text: str


def schedule(study: StudySpec, number: int) -> tuple[Step, ...]:
    """All steps of a participant.

    Args:
        study: a checked one.
        number: of the participant, from 1.
    """
    order = partner_order(study, number)
    steps: list[Step] = [Consent("consent", study.title, study.consent)]
    steps += _forms(study, "before")
    steps += _practice(study) + _solo(study)
    game = 0
    for block, label in enumerate(order, 1):
        about: dict[str, Any] = {"block": block, "partner": label, "hat": study.hats[block - 1]}
        for kitchen in kitchen_order(study, number):
            for repetition in range(1, study.games + 1):
                game += 1
                step = _game(study, kitchen, game, repetition, about)
                steps.append(step)
                steps += _forms(study, "after_each_game", f"-{game:02}", about=step.id, **about)
        steps += _forms(study, "after_each_partner", f"-{block}", **about)
    if study.ranking is not None and len(order) > 1:
        steps.append(Ranking("ranking", study.ranking, tuple(zip(order, study.hats, strict=False))))
    steps += _forms(study, "end")
    return (*steps, Thanks("thanks", study.thanks))


def partner_order(study: StudySpec, number: int) -> tuple[str, ...]:
    """Labels of the partners as participant `number` (from 1) meets them."""
    return study.partner_orders[(number - 1) % len(study.partner_orders)]


def kitchen_order(study: StudySpec, number: int) -> tuple[str, ...]:
    """The kitchens of participant `number` (from 1), as they are played with each partner."""
    turn = (number - 1) // len(study.partner_orders) % len(study.kitchens)
    turned = study.kitchens[turn:] + study.kitchens[:turn]
    return turned if study.kitchens_per_participant == "all" else turned[:1]


def script_of(study: StudySpec, kitchen: Kitchen, game: int) -> tuple[str, ...] | None:
    """The dishes ordered in game `game` (from 1) of every participant; None where orders are standing.

    Kitchens with the same dishes have the same script: which is played when differs between participants.
    """
    if kitchen.layout.standing:
        return None
    given: Sequence[Sequence[str]] | str | None = study.order_scripts
    if given is not None and not isinstance(given, str):
        return tuple(given[game - 1])
    length = max(SCRIPT_LENGTH, kitchen.horizon // FASTEST_ORDER)
    drawn = np.random.default_rng([study.seed, game]).integers(len(kitchen.order_dishes), size=length)
    return tuple(kitchen.order_dishes[dish] for dish in drawn.tolist())


def _forms(study: StudySpec, name: str, number: str = "", **about: Any) -> list[Form]:
    """The questionnaire of a name, if anything is asked in it."""
    questions = getattr(study.questionnaires, name)
    return [Form(f"{name}{number}", name, questions, **about)] if questions else []


def _game(study: StudySpec, kitchen: str, game: int, repetition: int, about: dict[str, Any]) -> Game:
    return Game(
        f"game-{game:02}",
        study=study,
        kitchen_name=kitchen,
        length_s=study.seconds,
        seed=study.seed + game,
        script=script_of(study, study.kitchen(kitchen, study.seconds), game),
        partner=study.partner(about["partner"]),
        hat=about["hat"],
        seat=(game - 1) % 2 if study.seat == "alternate" else study.seat,
        block=about["block"],
        game=game,
        repetition=repetition,
    )


def _practice(study: StudySpec) -> list[Step]:
    spec = study.practice
    if spec is None:
        return []
    step = Practice(
        "practice", study=study, kitchen_name=spec.kitchen, length_s=spec.seconds, seed=study.seed + PRACTICE_SEED,
        may_pause=spec.may_pause,
    )  # fmt: skip
    alone = step.kitchen.chefs == 1
    return [step if alone else replace(step, partner=spec.partner or PartnerSpec(name="stay"), hat="practice")]


def _solo(study: StudySpec) -> list[Step]:
    spec, seed = study.solo, study.seed + SOLO_SEED
    if spec is None:
        return []
    return [Solo("solo", study=study, kitchen_name=spec.kitchen, length_s=spec.seconds, seed=seed)]
