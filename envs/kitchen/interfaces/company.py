"""The company that a learner has in one kitchen of a game: the partners in the other seats."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brigade.envs.asking import asking
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.interfaces.arguments import check_whole
from brigade.envs.kitchen.interfaces.partners import (
    Partner,
    PartnerLike,
    PartnerList,
    Stay,
    View,
    checked_action,
    make_partner,
)
from brigade.envs.registry import BrigadeError


class Company:
    """Partners who act for the chefs in the other seats of one kitchen.

    Args:
        game: the game that it is in.
        k: the number of the kitchen in it.
        seat: of the learner.
        partners: one for each other seat, in seat order, or one for all of them.

    Raises:
        BrigadeError: no such seat, another number of partners than of seats, or one that cannot be made.
    """

    def __init__(self, game: Game, k: int, seat: int, partners: PartnerLike | PartnerList):
        self.game, self.k = game, k
        self.kitchen: Kitchen | None = None  # as its file has it, if the game's is not that
        kitchen = game.kitchen
        check_whole(seat, "seat")
        if not 0 <= seat < kitchen.chefs:
            raise BrigadeError(f"seat {seat} is not in kitchen '{kitchen.name}'; expected 0 to {kitchen.chefs - 1}")
        self.partners = self._seated(seat, partners)
        self._awake = {s: each for s, each in self.partners.items() if not isinstance(each, Stay)}

    def move(self, game: Game, kitchen: Kitchen) -> None:
        """Be in this game from now on, which is of this kitchen."""
        self.game, self.kitchen = game, kitchen

    def begin(self) -> None:
        """The partners begin an episode; each is handed a seed that comes from the episode's and its seat.

        Raises:
            AgentFault: one ended in an error, or in `sys.exit`.
        """
        for seat, partner in self.partners.items():
            with asking(partial(self._who, seat), "being reset"):
                partner.reset(View(self.kitchen or self.game.kitchen_of(self.k), seat, self._seed(seat)))

    def act(self, row: NDArray[Any]) -> None:
        """Write what the partners do now into (chefs,) actions, which are 0 for them.

        Raises:
            AgentFault: one ended in an error or in `sys.exit`, or answered with no action.
        """
        if not self._awake:
            return
        seen = self.game.describe(self.k)
        for seat, partner in self._awake.items():
            who = partial(self._who, seat)
            with asking(who, "acting"):
                action = partner.act(seen | {"you": seat})
            row[seat] = checked_action(action, who)

    def _seated(self, learner: int, partners: PartnerLike | PartnerList) -> dict[int, Partner]:
        kitchen = self.game.kitchen
        seats = [seat for seat in range(kitchen.chefs) if seat != learner]
        if not seats and not isinstance(partners, list | tuple):
            make_partner(partners)  # nobody sits anywhere, and a name that is wrong is told all the same
        given = list(partners) if isinstance(partners, list | tuple) else [partners] * len(seats)
        if len(given) != len(seats):
            raise BrigadeError(f"kitchen '{kitchen.name}' has {len(seats)} other seats, got {len(given)} partners")
        made = [make_partner(partner) for partner in given]
        if len({id(partner) for partner in made}) < len(made):
            raise BrigadeError(
                "one partner object cannot sit in two seats; pass one for each, or something that makes them"
            )
        return dict(zip(seats, made, strict=True))

    def _who(self, seat: int) -> str:
        sort = type(self.partners[seat]).__name__
        where = f", kitchen {self.k}" if self.game.count > 1 else ""
        return f"the partner in seat {seat} ({sort}){where}, tick {self.game.state.tick[self.k]}"

    def _seed(self, seat: int) -> int:
        state = self.game.state
        source = np.random.SeedSequence([int(state.seed[self.k]), int(state.episode[self.k]), seat])
        return int(source.generate_state(1)[0])
