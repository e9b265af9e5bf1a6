"""What a person who plays the verifier is shown: YAML into a frozen model, unknown keys refused."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator

from brigade.batch.configuration.config import NAME, Configuration
from brigade.batch.configuration.files import KitchenName
from brigade.batch.configuration.specs import wrong_at
from brigade.envs.content import Document, Model
from brigade.envs.prover_verifier.games.game import Game, games, make_game
from brigade.envs.prover_verifier.protocol import PROTOCOLS, Protocol, find_protocol
from brigade.envs.registry import BrigadeError, nearest, unknown

BEHAVIOURS = ("honest", "liar", "half_truth")
IRRELEVANT = ("about", "out", "participant")  # keys that do not change what a person is shown


class Points(Model):
    """What a verdict earns, and what every look or question costs."""

    right: float = 10
    wrong: float = -10
    look: float = Field(1, ge=0)


class JudgingConfig(Configuration):
    """Problems for a person who plays the verifier.

    Attributes:
        name, about, plugins, out: as in every configuration.
        game, options: what is played, with the game's own arguments.
        protocol: who speaks when.
        provers: scripted provers with the weights in which they appear. Where two provers argue for opposite verdicts,
            the one who is right is honest.
        transcripts: instead of all that, the folder of a finished run, whose transcripts are to be judged.
        items, practice: how many problems; those for practice come first, say what was right, and do not count.
        time_limit_s: seconds for each; null for no limit.
        seed: the same problems in the same order for everyone.
        feedback: whether it is said after each item what was right, and the points are shown.
        confidence: whether to ask after each verdict how sure one is.
        points: what is earned.
        introduction: shown before all else.
        participant: an id, no name; without one every session is a new one.
    """

    what: ClassVar = "configuration to be played"
    bundled: ClassVar = Path(__file__).parent / "judging"

    name: str = Field(pattern=NAME)
    game: str | None = None
    options: dict[str, Any] = {}
    protocol: str = "adp"
    provers: dict[str, float] = {"honest": 2, "liar": 1, "half_truth": 1}
    transcripts: str | None = None
    items: int = Field(20, ge=1, le=1000)
    practice: int = Field(2, ge=0, le=100)
    time_limit_s: float | None = Field(60, gt=0, allow_inf_nan=False)
    seed: int = Field(0, ge=0)
    feedback: bool = True
    confidence: bool = False
    points: Points = Points()
    introduction: str = ""
    participant: str | None = None

    @field_validator("provers")
    @classmethod
    def _known(cls, provers: dict[str, float]) -> dict[str, float]:
        for name, weight in provers.items():
            if name not in BEHAVIOURS:
                raise unknown("prover", name, BEHAVIOURS)
            if not 0 <= weight < float("inf"):
                raise ValueError(f"the weight of {name} is {weight:g}, expected 0 or more")
        if not sum(provers.values()):
            raise ValueError("all weights are 0")
        return provers

    @field_validator("participant", mode="before")
    @classmethod
    def _written(cls, participant: Any) -> Any:
        """YAML reads 007 as the number 7: nobody's id should change like this."""
        if participant is not None and not isinstance(participant, str):
            raise ValueError(f"read as {participant!r}: put the id in quotes, or give it as --participant ID")
        return participant

    @classmethod
    def inside(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """That the kitchen of a game is a kitchen, and may be a file."""
        return {"options": {"kitchen": KitchenName}}

    @property
    def table(self) -> Protocol:
        """The protocol."""
        return find_protocol(self.protocol)

    @property
    def relevant(self) -> dict[str, Any]:
        """What says which items a person is shown, and how."""
        return {key: value for key, value in self.model_dump(mode="json").items() if key not in IRRELEVANT}

    def checked(self, document: Document) -> Self:
        """The configuration, once it is known that a person can play it."""
        if (self.game is None) == (self.transcripts is None):
            raise document.error("expected either a game or the transcripts of a run", "game")
        if self.transcripts is None:
            _check_game(_game_of(self, document), self.table, document)
        return self

    def make_game(self) -> Game[Any]:
        """A game of one's own."""
        assert self.game is not None
        return make_game(self.game, **self.options)


def _game_of(config: JudgingConfig, document: Document) -> Game[Any]:
    """The game, once it is known that there is such a game with such options, and the protocol."""
    names = games.names
    if config.game not in names:
        raise document.error(str(unknown("prover-verifier game", str(config.game), names)), "game")
    known = list(inspect.signature(games[config.game].make).parameters)
    for name in config.options:
        if name not in known:
            raise document.error(f"unknown option of '{config.game}'; {nearest(name, known)}", "options", name)
    with wrong_at(document, "protocol"):
        find_protocol(config.protocol)
    try:
        return config.make_game()
    except (BrigadeError, TypeError, AttributeError, ValueError) as error:  # the last three: values of a wrong kind
        raise document.error(f"cannot be used for '{config.game}': {error}", "options") from None


def _check_game(game: Game[Any], protocol: Protocol, document: Document) -> None:
    fitting = [name for name, table in PROTOCOLS.items() if game.fits(table) and table.provers]
    if not protocol.provers:
        raise document.error(
            f"under '{protocol.name}' nobody argues, so there is nothing for a person to verify; "
            f"'{game.name}' can be played under {', '.join(fitting)}",
            "protocol",
        )
    if not game.fits(protocol):
        raise document.error(
            f"game '{game.name}' cannot be played under protocol '{protocol.name}'; it can under {', '.join(fitting)}",
            "protocol",
        )
