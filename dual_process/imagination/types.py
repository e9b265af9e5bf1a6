"""Who is the partner? Programs of a library, each run in shadow beside it, weighed by what it was seen to do.

The belief is over programs as wholes: at every tick each says what it would do where the partner stands, and what the
partner then does speaks for those that foresaw it. Whether the best of them foresees what the partner does is kept too:
imagined futures are worth nothing where nobody in the library is like the partner, however sure they are of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from brigade.agents.base import Agent, View, make_agent
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.paths import grid_of
from brigade.dual_process.imagination.foreseeing import foreseen
from brigade.dual_process.imagination.roles import Role
from brigade.dual_process.partner_model import PartnerModel, Sight, Stated, partner_models
from brigade.envs.kitchen.content.layout import INTERACT, STAY, Kitchen
from brigade.envs.registry import BrigadeError

LIBRARY = ("fsm", "beef_specialist", "lettuce_specialist", "assembler", "stay")
AS_SEEN, AS_STATED = "as seen", "as stated"
SLIP = 0.1  # how often a partner does otherwise than its program says
TURN = 0.004  # how often, a tick, a partner becomes another one
KEEP = 0.97  # weight, a tick later, of how well it was foreseen
AT_FIRST = 0.5  # how well it counts as foreseen before anything was seen
LIKELY = 0.12  # probability from which a program is reckoned with
TRUSTED = 0.9  # share of what a partner does that must have been foreseen


def seen_doing(kitchen: Kitchen, before: ObservedState, now: ObservedState, seat: int) -> frozenset[int]:
    """The actions that would have looked like what a chef was seen to do in a tick."""
    old, new = before.chefs[seat], now.chefs[seat]
    if (old.cell, old.facing) != (new.cell, new.facing):
        return frozenset({new.facing})
    faced = new.cell + grid_of(kitchen).offset[new.facing]
    if old.hand != new.hand or before.at.get(faced) != now.at.get(faced):
        return frozenset({INTERACT})
    return frozenset({STAY, INTERACT, new.facing})


class TypeInference(PartnerModel):
    """Which program of a library one partner seems to be.

    Args:
        library: names of agents; those that cannot cook here are left out.
        without: names of agents that are not in it.
        roles: whether what the partner was seen doing, and what System 2 says it does, are programs too.
        trust: share of what the partner does that must have been foreseen before it is imagined; 0: it always is.

    Attributes:
        foreseen: share of what the partner did lately that the likeliest program foresaw.
    """

    def __init__(
        self, library: Sequence[str] = LIBRARY, without: Sequence[str] = (), roles: bool = True, trust: float = TRUSTED
    ):
        self.library = tuple(name for name in library if name not in without)
        self.roles, self.trust = roles, trust

    def begin(self, kitchen: Kitchen, seat: int) -> None:
        """An episode begins."""
        super().begin(kitchen, seat)
        self.names, self._shadows = _those_who_can(kitchen, seat, self.library)
        self._role = Role()
        if self.roles:
            self._role.reset(View(kitchen, seat))
            self.names.append(AS_SEEN)
            self._shadows.append(self._role)
        self._weights = np.full(len(self.names), 1 / max(1, len(self.names)))
        self._last: Sight | None = None
        self._foreseen: Mapping[str, float] | None = None
        self.foreseen = AT_FIRST

    @property
    def trusted(self) -> bool:
        """Whether the partner does what is expected of it, so that it can be imagined."""
        return self.foreseen >= self.trust

    def believed(self) -> Mapping[str, float]:
        """The probability of each program, the likeliest first; and how well the partner was foreseen."""
        return dict(sorted(zip(self.names, self._weights.tolist(), strict=True), key=lambda pair: -pair[1]))

    def told(self, stated: Stated) -> None:
        """System 2's description of the partner is one more program; it takes the place of the one before."""
        if not self.roles or (not stated.makes and not stated.assembles):
            return
        role = Role(stated.makes, bool(stated.assembles), fixed=True)
        role.reset(View(self.kitchen, self.seat))
        if AS_STATED in self.names:
            self._shadows[self.names.index(AS_STATED)] = role
            return
        self.names.append(AS_STATED)
        self._shadows.append(role)
        self._weights = np.append(self._weights * (1 - 1 / len(self.names)), 1 / len(self.names))

    def see(self, sight: Sight) -> None:
        """Take in the next tick: what each program would have done in the last one, and what the partner did."""
        last, self._last = self._last, sight
        if sight.turn is not None:
            self._foreseen = None
        if last is None or sight.before is None or not self._shadows:
            return
        said = [shadow.act(last.observation) for shadow in self._shadows]
        seen = seen_doing(self.kitchen, sight.before, sight.now, self.seat)
        hits = np.array([action in seen for action in said])
        best = int(np.argmax(self._weights))
        if said[best] != STAY or STAY not in seen:
            self.foreseen = KEEP * self.foreseen + (1 - KEEP) * float(hits[best])
        weights = self._weights * np.where(hits, 1 - SLIP, SLIP / 3)
        weights /= weights.sum()
        self._weights = (1 - TURN) * weights + TURN / len(weights)
        if self.roles:
            self._role.watch(sight)
        if self.scored and self._foreseen is None:
            self._foreseen = foreseen(self.kitchen, self.seat, sight.observation, self.programs(0))

    def turns(self) -> Mapping[str, float]:
        """The turns that the likeliest programs were about to take after the last one."""
        return super().turns() if self._foreseen is None else self._foreseen

    def programs(self, draw: int) -> Sequence[tuple[float, Agent]]:
        """The programs to be reckoned with, as they are now, and the probability of each; together 1."""
        likely = [(float(w), agent) for w, agent in zip(self._weights, self._shadows, strict=True) if w >= LIKELY]
        total = sum(weight for weight, _ in likely)
        return sorted(((weight / total, agent) for weight, agent in likely), key=lambda pair: -pair[0])


def _those_who_can(kitchen: Kitchen, seat: int, library: Sequence[str]) -> tuple[list[str], list[Agent]]:
    """The programs of a library that can cook in a kitchen, ready to begin an episode."""
    names, shadows = [], []
    for name in library:
        agent = make_agent(name)
        try:
            agent.reset(View(kitchen, seat))
        except BrigadeError:
            continue  # it makes a food that this cookbook does not have
        names.append(name)
        shadows.append(agent)
    return names, shadows


@partner_models.register("types", "which program of a library acts as the partner does")
def make_types(
    library: Sequence[str] = LIBRARY, without: Sequence[str] = (), roles: bool = True, trust: float = TRUSTED
) -> TypeInference:
    """Type inference."""
    return TypeInference(library, without, roles, trust)
