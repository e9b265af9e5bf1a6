"""What a study is: a YAML file into a frozen specification, checked before the first participant sits down.

A participant meets every partner in a block of games. The order of partners is balanced over participants; who they are
is hidden behind hats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from brigade.batch.configuration.config import NAME, Configuration
from brigade.batch.configuration.files import FileName, KitchenName
from brigade.batch.configuration.order_scripts import read_scripts
from brigade.batch.configuration.specs import AgentSpec, wrong_at
from brigade.dual_process.reasoners import ReasonerSpec
from brigade.envs.content import Document, Model
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.registry import BrigadeError, unknown
from brigade.human_play.game.hats import PARTNERS as HATS
from brigade.simulation.messages import Mode

Order = tuple[str, ...]  # labels of partners, first met first


class Question(Model):
    """One question.

    Attributes:
        id: names the answer's column.
        kind: `scale` is a row of n points, `choice` one of several, `text` in one's own words, `number` a number.
        text: what is asked.
        required: whether it may be left empty.
        points: scale: how many, 1 to n.
        labels: scale: words at its two ends, or one for each point.
        options: choice: the answers.
        min, max: number: the least and the greatest that is accepted.
        max_length: text: characters.
    """

    id: str = Field(pattern=NAME)
    kind: Literal["scale", "choice", "text", "number"]
    text: str = Field(min_length=1)
    required: bool = True
    points: int = Field(7, ge=2, le=11)
    labels: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    max_length: int = Field(1000, ge=1, le=4000)

    @model_validator(mode="after")
    def _fits(self) -> Question:
        if self.kind == "choice" and (len(self.options) < 2 or len(set(self.options)) < len(self.options)):
            raise ValueError(f"question '{self.id}': a choice needs at least two different options")
        if self.kind == "scale" and len(self.labels) not in (0, 2, self.points):
            raise ValueError(
                f"question '{self.id}': a scale of {self.points} points has no labels, 2 for its ends, or "
                f"{self.points}, got {len(self.labels)}"
            )
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"question '{self.id}': min {self.min:g} is above max {self.max:g}")
        return self

    def check(self, answer: object) -> int | float | str | None:
        """The answer as it is stored, None when it was left empty.

        Raises:
            BrigadeError: it is no answer to this question; the message is for the participant.
        """
        if answer is None or (isinstance(answer, str) and not answer.strip()):
            if self.required:
                raise BrigadeError("Please answer this question.")
            return None
        if self.kind == "text":
            return str(answer).strip()[: self.max_length]
        if self.kind == "choice":
            if answer not in self.options:
                raise BrigadeError("Please choose one of: " + ", ".join(self.options))
            return str(answer)
        return self._number(answer)

    def _number(self, answer: object) -> int | float:
        low, high = (1, self.points) if self.kind == "scale" else (self.min, self.max)
        try:
            value = float(str(answer))
        except ValueError:
            raise BrigadeError("Please give a number.") from None
        whole = value.is_integer()
        if (self.kind == "scale" and not whole) or not -1e12 < value < 1e12:
            raise BrigadeError("Please give a number.")
        if (low is not None and value < low) or (high is not None and value > high):
            told = [f"at least {low:g}"] if low is not None else []
            told += [f"at most {high:g}"] if high is not None else []
            raise BrigadeError(f"Please give a number of {' and '.join(told)}.")
        return int(value) if whole else value


class Questionnaires(Model):
    """What is asked when. An empty one is left out."""

    before: tuple[Question, ...] = ()
    after_each_game: tuple[Question, ...] = ()
    after_each_partner: tuple[Question, ...] = ()
    end: tuple[Question, ...] = ()


class PartnerSpec(AgentSpec):
    """A partner: an agent, and the label it has in the data. Participants never see the label."""

    label: str = Field("", pattern=r"^[A-Za-z0-9_-]{0,40}$")

    @property
    def known_as(self) -> str:
        """The label, by default the agent's name."""
        return self.label or self.name


class PracticeSpec(Model):
    """A game that does not count, to learn the keys."""

    kitchen: KitchenName
    partner: PartnerSpec | None = None  # for a kitchen of two chefs; default stands still
    seconds: float = Field(60.0, gt=0, le=3600)
    may_pause: bool = True


class SoloSpec(Model):
    """A game alone, which measures how well someone plays; its kitchen has one chef."""

    kitchen: KitchenName = "new_counter_circuit_solo"
    seconds: float = Field(120.0, gt=0, le=3600)


class StudySpec(Configuration):
    """A study.

    Attributes:
        name, about, plugins, out: as in every configuration; the data goes to `studies/NAME` by default.
        title: what participants see.
        consent: text they agree to before anything else.
        participants: how many are planned; refused if no whole number of rounds through all orders.
        partners: one block of games with each.
        kitchens: of two chefs; within a block they are played one after the other.
        kitchens_per_participant: every participant plays in `all`, or in `one`, evenly divided.
        games: with each partner in each kitchen.
        balance: `carry_over`: every partner is met equally often in every place and equally often right after every
            other (Williams' design); `places`: only the former.
        orders: labels of partners, one list for each order; default generated according to `balance`.
        hats: what the partners wear and are called, in the order in which they are met.
        seat: of the participant, 0 or 1, or `alternate` from game to game.
        hz: ticks a second.
        seconds: of a game; default the kitchen's own number of ticks.
        messages: who may send messages.
        show_thoughts: whether participants see what a partner thinks.
        seed: of the order scripts and of the games.
        order_scripts: dishes for game 1, 2, ... of every participant, or a JSON file with them; default drawn.
        reasoner: who answers thinking partners.
        practice, solo: left out if not given.
        questionnaires: what is asked when.
        ranking: what is asked when the partners are to be ranked at the end; default they are not.
        thanks: the last page.
    """

    what: ClassVar = "study"
    bundled: ClassVar = Path(__file__).parent / "studies"
    results: ClassVar = "studies"

    name: str = Field(pattern=NAME)
    title: str = Field(min_length=1)
    consent: str
    participants: int | None = Field(None, ge=1)
    partners: tuple[PartnerSpec, ...] = Field(min_length=1, max_length=len(HATS))
    kitchens: tuple[KitchenName, ...] = Field(min_length=1, max_length=8)
    kitchens_per_participant: Literal["all", "one"] = "all"
    games: int = Field(1, ge=1, le=20)
    balance: Literal["carry_over", "places"] = "carry_over"
    orders: tuple[Order, ...] | None = None
    hats: tuple[str, ...] = HATS
    seat: Literal[0, 1, "alternate"] = 0
    hz: float = Field(4.0, ge=1, le=15)
    seconds: float | None = Field(None, gt=0, le=3600)
    messages: Mode = "both"
    show_thoughts: bool = False
    seed: int = Field(0, ge=0, lt=2**31)
    order_scripts: tuple[tuple[str, ...], ...] | FileName | None = None
    reasoner: ReasonerSpec = ReasonerSpec()
    practice: PracticeSpec | None = None
    solo: SoloSpec | None = None
    questionnaires: Questionnaires = Questionnaires()
    ranking: str | None = Field(None, min_length=1)
    thanks: str = "Thank you for taking part."

    @field_validator("consent")
    @classmethod
    def _consents(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty; say what participants agree to, how long it takes and what is stored")
        return value

    def checked(self, document: Document) -> Self:
        """The study with its order scripts read, once it is known that it can be run and that it is balanced."""
        study = self
        self.reasoner.check(document, "reasoner")
        if isinstance(self.order_scripts, str):
            with wrong_at(document, "order_scripts"):
                scripts = read_scripts(self.order_scripts)
            study = self.model_copy(update={"order_scripts": tuple(map(tuple, scripts))})
        check_study(study, document)
        return study

    @cached_property
    def labels(self) -> Order:
        """The partners' labels, in the order of the file."""
        return tuple(partner.known_as for partner in self.partners)

    @cached_property
    def partner_orders(self) -> tuple[Order, ...]:
        """The orders in which partners are met."""
        return self.orders or balanced_orders(self.labels, self.balance == "carry_over")

    @property
    def order_count(self) -> int:
        """Participants that make one round through all orders of partners and kitchens."""
        return len(self.partner_orders) * len(self.kitchens)

    @property
    def games_per_participant(self) -> int:
        """Games that count, the solo game not among them."""
        here = len(self.kitchens) if self.kitchens_per_participant == "all" else 1
        return len(self.partners) * here * self.games

    def partner(self, label: str) -> PartnerSpec:
        """The partner with a label."""
        return self.partners[self.labels.index(label)]

    def ticks(self, seconds: float | None) -> int | None:
        """Ticks in so many seconds; None for the kitchen's own."""
        return None if seconds is None else max(1, round(seconds * self.hz))

    def kitchen(self, name: str, seconds: float | None) -> Kitchen:
        """A kitchen with the length of its games here."""
        return load_kitchen(name, self.ticks(seconds))


def balanced_orders(labels: Sequence[str], carry_over: bool = True) -> tuple[Order, ...]:
    """Orders in which every label has every place equally often.

    Args:
        labels: what is ordered, n of them.
        carry_over: also every label comes equally often right after every other (E. J. Williams, 1949): n orders if n
            is even, 2n (each also backwards) if it is odd. Otherwise n orders, each shifted by one.
    """
    n = len(labels)
    if not carry_over or n < 3:
        return tuple(tuple(labels[(i + row) % n] for i in range(n)) for row in range(n))
    zigzag = [(i + 1) // 2 if i % 2 else -(i // 2) % n for i in range(n)]  # 0, 1, n-1, 2, n-2, ...
    rows = [tuple(labels[(place + row) % n] for place in zigzag) for row in range(n)]
    return tuple(rows + [row[::-1] for row in rows]) if n % 2 else tuple(rows)


def unbalanced(labels: Sequence[str], orders: Sequence[Sequence[str]], carry_over: bool) -> tuple[int, str] | None:
    """The first order that is wrong (from 0) and what is; None when the orders are balanced."""
    for i, order in enumerate(orders):
        for label in order:
            if label not in labels:
                return i, str(unknown("partner", label, labels))
        if sorted(order) != sorted(labels):
            return i, f"expected each of {', '.join(labels)} once"
    for place, met in enumerate(zip(*orders, strict=True)):
        counts = Counter(met)
        most, least = max(labels, key=lambda label: counts[label]), min(labels, key=lambda label: counts[label])
        if counts[most] != counts[least]:
            return 0, (
                f"not balanced: '{most}' comes {counts[most]} times in place {place + 1}, '{least}' {counts[least]} "
                f"times"
            )
    after = Counter(pair for order in orders for pair in pairwise(order))
    pairs = [(a, b) for a in labels for b in labels if a != b]
    if carry_over and len({after[pair] for pair in pairs}) > 1:
        most_, least_ = max(pairs, key=lambda pair: after[pair]), min(pairs, key=lambda pair: after[pair])
        return 0, (
            f"not balanced for what is carried over: '{most_[1]}' comes {after[most_]} times right after '{most_[0]}', "
            f"'{least_[1]}' {after[least_]} times after '{least_[0]}'; if that is meant, write balance: places"
        )
    return None


def check_study(study: StudySpec, document: Document) -> None:
    """Check what no single field can say, and raise what `StudySpec.load` raises."""
    for i, partner in enumerate(study.partners):
        partner.check(document, "partners", i)
    for label, count in Counter(study.labels).items():
        if count > 1:
            message = f"two partners are called '{label}'; give each a label of its own"
            raise document.error(message, "partners", len(study.labels) - 1 - study.labels[::-1].index(label))
    for key, values in (("kitchens", study.kitchens), ("hats", study.hats)):
        for i, value in enumerate(values):
            if value in values[:i]:
                raise document.error(f"'{value}' is there twice", key, i)
            if key == "hats" and value not in HATS:
                raise document.error(str(unknown("hat", value, HATS)), key, i)
    if len(study.hats) < len(study.partners):
        raise document.error(f"{len(study.partners)} partners need as many hats, got {len(study.hats)}", "hats")
    for i, name in enumerate(study.kitchens):
        _check_kitchen(study, name, study.seconds, (2,), document, "kitchens", i)
    if study.solo is not None:
        _check_kitchen(study, study.solo.kitchen, study.solo.seconds, (1,), document, "solo", "kitchen")
    if study.practice is not None:
        _check_kitchen(study, study.practice.kitchen, study.practice.seconds, (1, 2), document, "practice", "kitchen")
        if study.practice.partner is not None:
            study.practice.partner.check(document, "practice", "partner")
    _check_questions(study, document)
    _check_balance(study, document)
    _check_scripts(study, document)


def _check_kitchen(
    study: StudySpec, name: str, seconds: float | None, chefs: tuple[int, ...], document: Document, *path: str | int
) -> None:
    with wrong_at(document, *path):
        kitchen = study.kitchen(name, seconds)
    if kitchen.chefs not in chefs:
        hint = "; for one chef try new_counter_circuit_solo" if chefs == (1,) else ""
        fitting = " or ".join(map(str, chefs))
        raise document.error(f"kitchen '{name}' has {kitchen.chefs} chefs, expected {fitting}{hint}", *path)


def _check_questions(study: StudySpec, document: Document) -> None:
    for name, questions in study.questionnaires:
        ids = [question.id for question in questions]
        for i, each in enumerate(ids):
            if each in ids[:i]:
                raise document.error(f"question id '{each}' is there twice", "questionnaires", name, i, "id")


def _check_balance(study: StudySpec, document: Document) -> None:
    if study.orders is not None:
        wrong = unbalanced(study.labels, study.orders, study.balance == "carry_over")
        if not study.orders or wrong is not None:
            place, message = wrong or (0, "no orders are given")
            raise document.error(message, "orders", place)
    if study.participants is not None and study.participants % study.order_count:
        count, round_ = study.participants, study.order_count
        fitting = [str(n) for n in (count // round_ * round_, (count // round_ + 1) * round_) if n]
        raise document.error(
            f"{count} participants cannot be balanced over {round_} orders ({len(study.partner_orders)} of partners x "
            f"{len(study.kitchens)} of kitchens); {' or '.join(fitting)} can",
            "participants",
        )


def _check_scripts(study: StudySpec, document: Document) -> None:
    scripts = study.order_scripts
    if scripts is None or isinstance(scripts, str):
        return
    if len(scripts) < study.games_per_participant:
        message = f"{study.games_per_participant} games need as many order scripts, got {len(scripts)}"
        raise document.error(message, "order_scripts")
    for name in study.kitchens:
        kitchen = study.kitchen(name, study.seconds)
        if kitchen.layout.standing:
            raise document.error(f"kitchen '{name}' has standing orders; scripts do not fit it", "order_scripts")
        for i, script in enumerate(scripts):
            for dish in script:
                if dish not in kitchen.order_dishes:
                    raise document.error(str(unknown("dish", dish, kitchen.order_dishes)), "order_scripts", i)
