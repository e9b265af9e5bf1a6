"""One item for a person who plays the verifier: what is to be read, what may be asked, and what was true."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.games.kitchen_words import KitchenWords, Point, spoken
from brigade.envs.prover_verifier.games.told import words_of
from brigade.envs.prover_verifier.games.words import Passage
from brigade.envs.prover_verifier.players import ACCEPT, ASK, REJECT, make_player
from brigade.envs.prover_verifier.protocol import VERIFIER, WORLD
from brigade.envs.prover_verifier.seats import seat_players, take_turn
from brigade.envs.text import storable
from brigade.human_play.verifier.config import JudgingConfig

PRACTICE, COUNTED = 1, 0  # streams of seeds
LABELS = {"accept": "The prover for acceptance", "reject": "The prover for rejection"}


@dataclass(frozen=True)
class Choice:
    """A question that the verifier may ask, or a checkpoint that it may look at.

    Attributes:
        number: as the game counts them.
        label: what it is about.
        verb: look at, or ask for.
        tick: of a checkpoint, None for other questions.
        answer: what was seen, once a look has been taken; None before, and for what can be asked again.
        holds: whether that was as claimed.
    """

    number: int
    label: str
    verb: str
    tick: int | None = None
    answer: str | None = None
    holds: bool | None = None


@dataclass(frozen=True)
class Verdict:
    """What was true, once it has been decided: for the record, and for feedback.

    Attributes:
        truth: whether accepting was right.
        told: the same in words.
        facts: who argued, and how, for the record.
    """

    truth: bool
    told: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Sight:
    """A kitchen, as far as the verifier sees it."""

    kitchen: Any
    described: dict[str, Any]
    near: frozenset[int]
    points: tuple[tuple[Point, bool | None], ...]  # with what a look has shown


class VerifierItem(ABC):
    """One item. Role and truth are nowhere in it before `decide`.

    Attributes:
        name: which item it is.
        task: what is to be decided.
        problem: as the verifier is told it.
    """

    name: str
    task: str
    problem: str

    @property
    def questions_left(self) -> int:
        """How often the verifier may still ask."""
        return 0

    @property
    @abstractmethod
    def passages(self) -> list[Passage]:
        """What has been said so far."""

    @property
    def choices(self) -> list[Choice]:
        """What may be asked or looked at, what has been looked at included."""
        return []

    @property
    def sight(self) -> Sight | None:
        """The kitchen, in games that have one."""
        return None

    def ask(self, number: int) -> None:
        """Ask, or look; what comes of it is then in `passages` or `choices`. There may be nothing to ask for."""
        return

    @abstractmethod
    def decide(self, accept: bool) -> Verdict:
        """Give the verdict."""


class GameItem(VerifierItem):
    """An item of a game with scripted provers.

    Args:
        config: which game.
        name: of the item.
        stream: of seeds, for items that count and for those that do not.
        number: in that stream.
        behaviour: of the prover.
    """

    def __init__(self, config: JudgingConfig, name: str, stream: int, number: int, behaviour: str):
        self.name = name
        game, protocol = config.make_game(), config.table
        self._env = env = ProverVerifierEnv(game, protocol, sneaky=float(behaviour != "honest"))
        self._seed = int(np.random.SeedSequence([config.seed, stream, number]).generate_state(1)[0])
        env.reset(self._seed)
        self._words = words_of(game)
        self._behaviours = {agent: self._behaviour_of(agent, behaviour) for agent in protocol.provers}
        self._players = {agent: make_player(name) for agent, name in self._behaviours.items()}
        seat_players(env, self._players)
        self._looked: dict[int, tuple[str, bool]] = {}
        self.task, self.problem = self._words.task, self._words.problem(env.problem)
        self._play_on()

    def _behaviour_of(self, agent: str, behaviour: str) -> str:
        """Of two provers with opposite aims, the one who is right is honest."""
        stance = dict(self._env.protocol.stances)[agent]
        if stance == "role":
            return behaviour
        return "honest" if (stance == "accept") == self._env.game.truth(self._env.problem, None) else behaviour

    @property
    def questions_left(self) -> int:
        """How often the verifier may still ask."""
        return self._env.questions_left

    @property
    def passages(self) -> list[Passage]:
        """What provers said, and what they were asked."""
        told: list[Passage] = []
        received, asked = None, ""
        for said in self._env.said:
            if said.speaker == VERIFIER and not self._env.protocol.looks:
                asked = f"You asked {self._about(received)} {self._words.question(int(said.sent[0]), received)}."
            elif said.speaker in self._players:
                received = said.received
                told.append(replace(self._words.message(self._label(said.speaker), received), asked=asked))
                asked = ""
        return told

    @property
    def choices(self) -> list[Choice]:
        """The game's questions that there is something to be asked about."""
        protocol, received = self._env.protocol, self._last_received()
        if not protocol.questions:
            return []
        verb = "Look at" if protocol.looks else f"Ask {self._about(received)}"
        found = []
        for number in range(self._env.game.questions):
            label = self._words.question(number, received)
            if label is not None:
                point = self._point(number) if protocol.looks else None
                answer, holds = self._looked.get(number, (None, None))
                found.append(Choice(number, label, verb, point.tick if point else None, answer, holds))
        return found

    @property
    def sight(self) -> Sight | None:
        """The kitchen, with the checkpoints that arrived."""
        if not isinstance(self._words, KitchenWords):
            return None
        words, problem = self._words, self._env.problem
        given = [point for n in range(words.game.questions) if (point := words.point(n, self._last_received()))]
        points = tuple((point, self._looked.get(point.number, ("", None))[1]) for point in given)
        return Sight(words.game.kitchen, words.sight(problem), words.near(problem), points)

    def ask(self, number: int) -> None:
        """Ask for what provers answer to, or look at what is really there."""
        if self._env.questions_left < 1 or number in self._looked:
            return
        self._env.step(np.array([ASK, number]))
        self._play_on()
        if self._env.said[-1].speaker == WORLD:
            holds = bool(self._env.said[-1].received[0])
            self._looked[number] = (self._there(number), holds)

    def decide(self, accept: bool) -> Verdict:
        """Give the verdict to the environment, which says what was true."""
        env = self._env
        env.step(np.array([ACCEPT if accept else REJECT, 0]))
        info = env.infos[VERIFIER]
        truth = bool(info["truth"])
        stances = dict(env.protocol.stances)
        messages = [
            {"speaker": said.speaker, "sent": said.sent.tolist(), "received": said.received.tolist()}
            for said in env.said
        ]
        facts = {
            "seed": self._seed, "prover": " / ".join(self._behaviours.values()), "provers": self._behaviours,
            "role": info["role"] if "role" in stances.values() else None, "round": None, "truth": truth,
            "messages": messages,
        }  # fmt: skip
        return Verdict(truth, self._words.right if truth else self._words.wrong, facts)

    def _play_on(self) -> None:
        while self._env.agent_selection != VERIFIER:
            take_turn(self._env, self._players)

    def _about(self, received: Any) -> str:
        """Of a solution that is there one asks about a part; anything else one asks for."""
        return "about" if self._env.game.family == "solution" and received is not None else "for"

    def _last_received(self) -> Any:
        return next((said.received for said in reversed(self._env.said) if said.speaker in self._players), None)

    def _point(self, number: int) -> Point | None:
        words = self._words
        return words.point(number, self._last_received()) if isinstance(words, KitchenWords) else None

    def _there(self, number: int) -> str:
        """What really lies, or is handed out, where a checkpoint says that something is."""
        words, point = self._words, self._point(number)
        if not isinstance(words, KitchenWords) or point is None:
            return ""
        sent = next(said.sent for said in reversed(self._env.said) if said.speaker in self._players)
        trace = words.game.trace(self._env.problem, sent)
        if point.tick >= len(trace.items):
            return "by then the kitchen is closed"
        if words.is_dish(point.item):
            here = [dish for tick, dish, cell in trace.served if (tick, cell) == (point.tick, point.cell)]
            return words.thing(here[0]) if here else "nothing handed out"
        return spoken(words.game.engine.kinds[int(trace.items[point.tick, point.cell])])

    def _label(self, agent: str) -> str:
        stances = dict(self._env.protocol.stances)
        if len(stances) == 1:
            return "Your partner claims" if self._env.game.name == "kitchen" else "The prover"
        if len(set(stances.values())) == 1:
            return f"Prover {list(stances).index(agent) + 1}"
        return LABELS[stances[agent]]


class TranscriptItem(VerifierItem):
    """An item of a finished run: a problem, and what a prover of a round said.

    Args:
        name: of the item.
        entry: of the run's transcripts.
    """

    task = "Is it right?"

    def __init__(self, name: str, entry: Mapping[str, Any]):
        self.name, self._entry = name, entry
        self.problem = storable(str(entry["problem"]))

    @property
    def passages(self) -> list[Passage]:
        """The text."""
        return [Passage("The argument", tuple(storable(str(self._entry["text"])).splitlines()))]

    def decide(self, accept: bool) -> Verdict:
        """Say what the run says."""
        entry, truth = self._entry, bool(self._entry["correct"])
        facts = {
            "prover": str(entry["role"]), "role": entry["role"], "round": entry["round"], "truth": truth,
            "condition": entry.get("condition", {}), "run_seed": entry.get("seed"),
            "wrong_lines": entry.get("wrong_lines", []), "verifier_accepted": entry.get("accept"),
        }  # fmt: skip
        return Verdict(truth, "It was right." if truth else "It was wrong.", facts)
