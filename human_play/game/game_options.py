"""From what a person chooses to a game that can be played."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from brigade.agents.base import agents, make_agent
from brigade.agents.learned.checkpoint import has_torch
from brigade.agents.learned.neural import TRAINED
from brigade.dual_process.frameworks import AS_PUBLISHED
from brigade.dual_process.reasoners import ReasonerSpec
from brigade.envs.asking import asking
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.interfaces.partners import View
from brigade.envs.registry import BrigadeError
from brigade.human_play.game.human_game import Seat, Setup
from brigade.simulation.messages import Mode
from brigade.simulation.recording import ENDING

SECOND_PERSON = "person"  # a partner's name
SLOWEST_HZ, FASTEST_HZ = 1.0, 15.0
NOT_OFFERED = (
    "random",
    "stay",
    "specialist",
    "neural",
)  # left out by the start screen: no partners, or in need of options
WORDS = {
    SECOND_PERSON: "a second person at this keyboard", "fsm": "state machine", "dpt": "dual process (dpt)",
    "dpt_without_tom": "dual process, no theory of mind", "react_dpt": "react with fast hands",
    "reflexion_dpt": "reflexion with fast hands", "agile": "agile thinker (agile)",
    "fsm_paper": "state machine of the paper",
    "beef_specialist": "beef specialist", "lettuce_specialist": "lettuce specialist",
}  # fmt: skip


@dataclass(frozen=True)
class GameOptions:
    """What a person wants to play.

    Attributes:
        kitchen: by name.
        partners: by name, one for every chef but the first; the last one fills seats that are left.
        seconds: how long, None for the kitchen's own horizon.
        hz: ticks per second.
        seed: of the orders; None for another one every time.
        mode: who may send messages.
        reasoner: who answers thinking partners.
        thoughts: whether they may be seen.
        practice: a game that may be paused.
        folder: where recordings go, None for none.
        seat: of the first person.
        authority: how far thinking partners follow their plans, `check`, `obey` or `advise`; empty for their default.
    """

    kitchen: str = "new_counter_circuit"
    partners: tuple[str, ...] = ("fsm",)
    seconds: float | None = None
    hz: float = 4.0
    seed: int | None = None
    mode: Mode = "both"
    reasoner: ReasonerSpec = field(default_factory=ReasonerSpec)
    thoughts: bool = False
    practice: bool = False
    folder: Path | None = Path("recordings")
    seat: int = 0
    authority: str = ""

    def setup(self, now: datetime) -> Setup:
        """The game.

        Raises:
            BrigadeError: something in it does not exist or fit.
        """
        kitchen = self._kitchen()
        if not 0 <= self.seat < kitchen.chefs:
            raise BrigadeError(f"kitchen '{kitchen.name}' has seats 0 to {kitchen.chefs - 1}, got {self.seat}")
        seats = self._seats(kitchen.chefs)
        _check(seats, kitchen)
        alone = sum(seat.human for seat in seats) == len(seats) == 1
        seed = self.seed if self.seed is not None else int(now.timestamp()) % 1_000_000
        return Setup(
            kitchen=kitchen,
            seats=seats,
            hz=self.hz,
            seed=seed,
            mode=self.mode,
            reasoner=self.reasoner,
            may_pause=alone or self.practice,
            shows_thoughts=self.thoughts,
            recording=self._file(kitchen, seats, now),
            ids={"practice": True} if self.practice else {},
        )

    def _kitchen(self) -> Kitchen:
        if not SLOWEST_HZ <= self.hz <= FASTEST_HZ:
            raise BrigadeError(f"expected {SLOWEST_HZ:g} to {FASTEST_HZ:g} ticks a second, got {self.hz:g}")
        if self.seconds is None:
            return load_kitchen(self.kitchen)
        if not 1 <= self.seconds <= 24 * 3600:
            raise BrigadeError(f"expected a game of 1 second to a day, got {self.seconds:g} seconds")
        return load_kitchen(self.kitchen, horizon=round(self.seconds * self.hz))

    def _seats(self, chefs: int) -> tuple[Seat, ...]:
        if chefs > 1 and not self.partners:
            raise BrigadeError(f"kitchen '{self.kitchen}' has {chefs} chefs: who else cooks? --partner NAME")
        if len(self.partners) > max(1, chefs - 1):
            raise BrigadeError(f"kitchen '{self.kitchen}' has room for {chefs - 1} partners, got {len(self.partners)}")
        names = [*self.partners, *[self.partners[-1]] * chefs][: chefs - 1] if chefs > 1 else []
        if names.count(SECOND_PERSON) > 1:
            raise BrigadeError("one keyboard has room for two people")
        seats = [_seat(name, self.authority) for name in names]
        seats.insert(self.seat, Seat(SECOND_PERSON, human=True, label="you"))
        if SECOND_PERSON in names:
            people = iter(("arrows", "WASD"))
            seats = [replace(seat, label=next(people)) if seat.human else seat for seat in seats]
        return tuple(replace(seat, hat=number) for number, seat in enumerate(seats))

    def _file(self, kitchen: Kitchen, seats: tuple[Seat, ...], now: datetime) -> Path | None:
        if self.folder is None:
            return None
        others = "-".join(seat.name for seat in seats[1:]) or "alone"
        safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in f"{kitchen.name}-{others}")[:80]
        return self.folder / f"{now:%Y%m%d-%H%M%S-%f}-{safe}{ENDING}"


def _seat(name: str, authority: str) -> Seat:
    """Who a partner's name stands for; it is checked here, before a window opens."""
    if name == SECOND_PERSON:
        return Seat(SECOND_PERSON, human=True)
    trained = name.removeprefix(TRAINED)
    if trained != name or Path(name).is_dir():
        options = {"checkpoint": trained}
        make_agent("neural", **options)
        return Seat("neural", options, label="trained policy")
    options = {"authority": authority} if authority and name in agents and agents[name].takes_reasoner else {}
    make_agent(name, **options)
    return Seat(name, options, label=name.replace("_", " "))


def _check(seats: tuple[Seat, ...], kitchen: Kitchen) -> None:
    """Let every agent look at the kitchen, before a window opens: some can work in certain kitchens only."""
    for number, seat in enumerate(seats):
        if not seat.human:
            agent = make_agent(seat.name, **dict(seat.options))
            with asking(lambda: f"agent '{seat.name}'", "being reset"):  # noqa: B023  # asked before the loop goes on
                agent.reset(View(kitchen, number, 0))


def partners_offered() -> list[str]:
    """Partners that the start screen offers, the usual one first."""
    thinking = [entry.name for entry in agents if entry.thinks and not entry.name.endswith(AS_PUBLISHED)]
    others = [entry.name for entry in agents if not entry.thinks and not entry.name.startswith(TRAINED)]
    trained = [name for name in agents.names if name.startswith(TRAINED)] if has_torch() else []
    names = ("fsm", SECOND_PERSON, "dpt", *thinking, *others, *trained)
    return [name for name in dict.fromkeys(names) if name not in NOT_OFFERED]


def in_words(partner: str) -> str:
    """A partner's name as the start screen has it."""
    if partner.startswith(TRAINED):
        return f"trained policy for {partner.removeprefix(TRAINED)}".replace("_", " ")
    return WORDS.get(partner, partner.replace("_", " "))
