"""Given partners for a learner: a population of players in the seats of a batch of kitchens that do not learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.engine.game import Game
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.evaluation.players import Player, Seats


class Partners:
    """Every player cooks in its share of the kitchens, in each seat equally often, beside one learner.

    The learner of kitchen k has the seat k modulo the chefs; players take turns over the kitchens, so that the mixture
    is the same in every batch (fictitious co-play: Strouse et al. 2021, arXiv 2110.08176). Where the kitchens are no
    multiple of chefs times players, the first players have one kitchen more in each seat, the last of them perhaps not
    in every seat.

    Args:
        players: the population.
        game: the kitchens.

    Raises:
        BrigadeError: there are too few kitchens for every player to cook in every seat.
    """

    def __init__(self, players: Sequence[Player], game: Game):
        self.game = game
        chefs = game.kitchen.chefs
        if game.count < chefs * len(players):
            raise BrigadeError(
                f"kitchens: {game.count} are too few for {len(players)} partners, each beside a learner in each of "
                f"{chefs} seats; expected at least {chefs * len(players)}"
            )
        kitchens, seats = np.meshgrid(np.arange(game.count), np.arange(chefs), indexing="ij")
        given = seats != kitchens % chefs
        turn = kitchens // chefs % len(players)
        self._shares: list[tuple[Player, Seats, Seats]] = []  # with the (n,) kitchens and seats in them of each
        for i, player in enumerate(players):
            mine = given & (turn == i)
            self._shares.append((player, kitchens[mine], seats[mine]))

    def begin(self, which: NDArray[np.bool_]) -> None:
        """Episodes begin in the kitchens that `which` (N,) marks."""
        for player, kitchens, seats in self._shares:
            new = which[kitchens]
            if new.any():
                player.begin(self.game, kitchens[new], seats[new])

    def act(self, seen: NDArray[Any]) -> NDArray[np.int64]:
        """(N, C) actions, 0 for the learners; `seen` (N, C, *shape) is what all chefs see."""
        joint = np.zeros((self.game.count, self.game.kitchen.chefs), np.int64)
        for player, kitchens, seats in self._shares:
            joint[kitchens, seats] = player.act(self.game, seen[kitchens, seats], kitchens, seats)
        return joint
