"""The numbers that System 2 states of a partner, as a partner model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brigade.agents.base import Agent, View
from brigade.agents.planning.recipes import recipes_of
from brigade.dual_process.partner_model import PartnerModel, Sight, Stated, partner_models, spread
from brigade.dual_process.theory_of_mind.drawing import Drawing
from brigade.dual_process.theory_of_mind.serving import Served, Shares
from brigade.dual_process.theory_of_mind.turns import turns_of
from brigade.envs.kitchen.content.layout import Kitchen

DOUBT = 0.05  # share of any turn whatever


class AsStated(PartnerModel):
    """What System 2 last said is probable, nearly; anything before that.

    Attributes:
        served: the orders that were served in the last tick, as `Shares.see` tells them.
    """

    def begin(self, kitchen: Kitchen, seat: int) -> None:
        """An episode begins."""
        super().begin(kitchen, seat)
        self._stated: Mapping[str, float] = {}
        self._shares = Shares(recipes_of(kitchen), seat)
        self.served: list[Served] = []

    def see(self, sight: Sight) -> None:
        """Which orders are open, and who served some."""
        self.served = self._shares.see(sight.before, sight.now)

    def told(self, stated: Stated) -> None:
        """System 2 has stated a belief."""
        self._stated = stated.turns or self._stated
        self._shares.told(stated)

    @property
    def trusted(self) -> bool:
        """Whether anything was stated."""
        return bool(self._stated)

    def turns(self) -> Mapping[str, float]:
        """What was stated, with some doubt."""
        known = turns_of(self.kitchen)
        stated = spread(self._stated, known)
        return {turn: (1 - DOUBT) * chance + DOUBT / len(known) for turn, chance in stated.items()}

    def programs(self, draw: int) -> Sequence[tuple[float, Agent]]:
        """A chef that draws its turns so, and which dishes it puts together."""
        drawing = Drawing(self.turns(), draw, self._shares.by_dish())
        drawing.reset(View(self.kitchen, self.seat))
        return [(1.0, drawing)]


partner_models.register("stated", "what System 2 says is probable")(AsStated)
