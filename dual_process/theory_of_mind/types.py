"""Who is the partner? Programs of a library, each run in shadow beside it, weighed by what it was seen to do.

The belief is over programs as wholes: at every tick each says what it would do where the partner stands, and what the
partner then does speaks for those that foresaw it. Whether the best of them foresees what the partner does is kept too:
imagined futures are worth nothing where nobody in the library is like the partner, however sure they are of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from brigade.agents.base import Agent, View, agents, make_agent
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.paths import grid_of
from brigade.agents.planning.recipes import recipes_of
from brigade.dual_process.partner_model import PartnerModel, Sight, Stated, partner_models
from brigade.dual_process.theory_of_mind.foreseeing import foreseen
from brigade.dual_process.theory_of_mind.roles import Role
from brigade.dual_process.theory_of_mind.serving import Shares
from brigade.envs.asking import asking
from brigade.envs.kitchen.content.layout import INTERACT, STAY, Kitchen
from brigade.envs.kitchen.interfaces.partners import checked_action
from brigade.envs.registry import BrigadeError

LIBRARY = ("fsm", "beef_specialist", "lettuce_specialist", "assembler", "stay")
AS_SEEN, AS_STATED = "as seen", "as stated"
SLIP = 0.1  # how often a partner does otherwise than its program says
TURN = 0.004  # how often, a tick, a partner becomes another one
KEEP = 0.97  # weight, a tick later, of how well it was foreseen
AT_FIRST = 0.5  # how well it counts as foreseen before anything was seen
LIKELY = 0.12  # of the probability of the likeliest program, from which another is reckoned with
MOST = 3  # programs that are reckoned with
TRUSTED = 0.9  # share of what a partner does that must have been foreseen


def seen_doing(kitchen: Kitchen, before: ObservedState, now: ObservedState, seat: int) -> frozenset[int]:
    """The actions that would have looked like what a chef was seen to do in a tick."""
    old, new = before.chefs[seat], now.chefs[seat]
    if (old.cell, old.facing) != (new.cell, new.facing):
        return frozenset({new.facing})
    if old.hand != new.hand:
        return frozenset({INTERACT})
    faced = new.cell + grid_of(kitchen).offset[new.facing]
    if not _is_worked_on_by_hand(kitchen, before, seat, faced):
        return frozenset({STAY, INTERACT, new.facing})
    worked = before.at.get(faced) != now.at.get(faced) or before.progress.get(faced) != now.progress.get(faced)
    return frozenset({INTERACT} if worked else {STAY, new.facing})


def _is_worked_on_by_hand(kitchen: Kitchen, before: ObservedState, seat: int, cell: int) -> bool:
    """Whether what lies on a cell changes by this chef's hand, and by nothing else."""
    kind, grid = before.at.get(cell), grid_of(kitchen)
    if kind is None or before.chefs[seat].hand.index != 0:
        return False
    others = (chef for other, chef in enumerate(before.chefs) if other != seat)
    if any(chef.cell + grid.offset[chef.facing] == cell for chef in others):
        return False
    tile, processes = kitchen.tile_names[cell], kitchen.cookbook.spec.processes
    here = [process for process in processes if process.at == tile and process.from_ == kind.name]
    return bool(here) and all(process.interactions is not None for process in here)


def _same(one: Agent, other: Agent) -> bool:
    """Whether two descriptions of a partner are the same."""
    roles = isinstance(one, Role) and isinstance(other, Role)
    return roles and (set(one.makes), one.assembles) == (set(other.makes), other.assembles)  # type: ignore[attr-defined]


class TypeInference(PartnerModel):
    """Which program of a library one partner seems to be.

    Args:
        library: names of agents; those that cannot cook here are left out.
        without: names of agents that are not in it.
        roles: whether what the partner was seen doing, and what System 2 says it does, are programs too.
        trust: share of what the partner does that must have been foreseen before it is imagined; 0: it always is.

    Attributes:
        foreseen: share of what the partner did lately that the likeliest program foresaw.

    Raises:
        BrigadeError: a program that there is not.
    """

    guards_itself = True

    def __init__(
        self, library: Sequence[str] = LIBRARY, without: Sequence[str] = (), roles: bool = True, trust: float = TRUSTED
    ):
        for name in library:
            agents[name]  # an unknown one is an error with the nearest name
        self.library = tuple(name for name in library if name not in without)
        self.roles, self.trust = roles, trust

    def begin(self, kitchen: Kitchen, seat: int) -> None:
        """An episode begins."""
        super().begin(kitchen, seat)
        self.names, self._shadows = _those_who_can(kitchen, seat, self.library)
        self._role, self._shares = Role(), Shares(recipes_of(kitchen), seat)
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
        self._shares.told(stated)
        if not self.roles or (not stated.makes and not stated.assembles):
            return
        role = Role(stated.makes, bool(stated.assembles), fixed=True)
        role.reset(View(self.kitchen, self.seat))
        if AS_STATED in self.names:
            place = self.names.index(AS_STATED)
            if _same(self._shadows[place], role):
                return
            self._drop(place)  # what another description earned is not this one's
        self.names.append(AS_STATED)
        self._shadows.append(role)
        self._weights = np.append(self._weights * (1 - 1 / len(self.names)), 1 / len(self.names))

    def see(self, sight: Sight) -> None:
        """Take in the next tick: what each program would have done in the last one, and what the partner did."""
        last, self._last = self._last, sight
        self._shares.see(sight.before, sight.now)
        if AS_STATED in self.names:
            stated = self._shadows[self.names.index(AS_STATED)]
            assert isinstance(stated, Role)
            stated.dishes = self._shares.by_dish()
        if sight.turn is not None:
            self._foreseen = None
        if last is None or sight.before is None or not self._shadows:
            return
        said = self._said(last)
        if not said:
            return
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
        if not self._shadows:
            return []
        every = sorted(zip(self._weights.tolist(), self._shadows, strict=True), key=lambda pair: -pair[0])
        likely = [(weight, agent) for weight, agent in every[:MOST] if weight >= LIKELY * every[0][0]]
        total = sum(weight for weight, _ in likely)
        return [(weight / total, agent) for weight, agent in likely]

    def _said(self, last: Sight) -> list[int]:
        """What each program would have done; one that cannot say is left out."""
        said: list[int] = []
        for shadow, name in list(zip(self._shadows, self.names, strict=True)):
            try:
                said.append(_action(name, shadow, last))
            except BrigadeError as fault:
                self.problems = [*self.problems, f"left out: {fault}"]
                self._drop(self.names.index(name))
        return said

    def _drop(self, place: int) -> None:
        """Without one of the programs."""
        del self.names[place], self._shadows[place]
        self._weights = np.delete(self._weights, place)
        if self._weights.size:
            self._weights /= self._weights.sum()


def _action(name: str, program: Agent, last: Sight) -> int:
    """What a program does in a tick.

    Raises:
        BrigadeError: it fails, or does what is no action.
    """
    with asking(lambda: f"program '{name}'", "acting"):
        action = program.act(last.observation)
    return checked_action(action, lambda: f"program '{name}'")


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
