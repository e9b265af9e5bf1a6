"""Moments in a kitchen, and the engine that plays plans forward from them: that is what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.layout import INTERACT, STAY, Kitchen
from brigade.envs.kitchen.content.tables import EVENT_NAMES
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import SERVED, State
from brigade.envs.kitchen.interfaces.partners import Partner, View
from brigade.envs.prover_verifier.kitchen.claims import HORIZON, Checkpoint, Claim, cut
from brigade.envs.prover_verifier.kitchen.plans import Plan, Planner, plan_source

if TYPE_CHECKING:
    from brigade.envs.kitchen.interfaces.parallel import KitchenParallelEnv

SERVE, NOTHING = EVENT_NAMES.index("serve"), 0


@dataclass(frozen=True)
class Moment:
    """A kitchen in the middle of an episode.

    Attributes:
        kitchen: which.
        seed: of the episode.
        actions: (ticks, chefs) what has been done so far.
        state: after that.
        seen: the same in words (`describe`).
    """

    kitchen: Kitchen
    seed: int
    actions: NDArray[np.int8]
    state: State
    seen: dict[str, Any]


@dataclass(frozen=True)
class Trace:
    """What happens when a plan is played forward.

    Attributes:
        actions: (ticks, chefs).
        items: (ticks + 1, cells) item kind on each cell, first as it is now.
        served: (tick, dish, cell) of every order that is paid for: ticks from now, and where it is handed out.
    """

    actions: NDArray[np.int8]
    items: NDArray[np.int16]
    served: tuple[tuple[int, str, int], ...]


class Engine:
    """One kitchen, in which moments are drawn and plans are played forward. It never touches a live environment."""

    def __init__(self, kitchen: Kitchen):
        self.kitchen, self.game = kitchen, Game(kitchen)
        self.source = plan_source()
        self.kinds = [kind.name for kind in kitchen.cookbook.kinds]

    def moment(self, seed: int, ticks: int) -> Moment:
        """The kitchen after so many ticks of an episode in which state machines cook."""
        self.game.reset([seed])
        actions = self._cook(ticks, seed)[1]
        return Moment(self.kitchen, seed, actions, self.game.snapshot(), self.game.describe())

    def draw_plan(self, moment: Moment) -> Plan:
        """What state machines would do from here, as far as a claim has room for it."""
        self.game.restore(moment.state)
        cooks = self._cook(HORIZON, moment.seed)[0]
        return cut(tuple(cook.plan(int(moment.state.tick[0])) for cook in cooks))

    def play(self, moment: Moment, plan: Plan) -> Trace:
        """Play a plan forward for 60 ticks, or to the end of the episode."""
        self.game.restore(moment.state)
        now = int(moment.state.tick[0])
        followers = [self.source.follower(part, now) for part in plan]
        items, served = [moment.state.item[0].copy()], []
        ticks = min(HORIZON, self.kitchen.horizon - now)
        actions = np.zeros((ticks, self.kitchen.chefs), np.int8)
        self._reset(followers, moment.seed)
        for tick in range(ticks):
            actions[tick], sold = self._step(followers)
            items.append(self.game.state.item[0].copy())
            served += [(tick + 1, dish, cell) for dish, cell in sold]
        return Trace(actions, np.stack(items), tuple(served))

    def holds(self, claim: Claim, trace: Trace, reach: Sequence[int]) -> bool:
        """Whether a claim is true when its plan has gone like this."""
        if claim.kind == "served":
            return any(dish == claim.item and tick <= claim.by for tick, dish, _ in trace.served)
        kind = self.kinds.index(claim.item) if claim.item in self.kinds else NOTHING
        return kind != NOTHING and bool((trace.items[1 : claim.by + 1][:, list(reach)] == kind).any())

    def passes(self, point: Checkpoint, trace: Trace) -> bool:
        """Whether a checkpoint is as claimed: the item lies there then, or the dish is handed out there then."""
        if point.item not in self.kinds:
            return (point.tick, point.item, point.cell) in trace.served
        return point.tick < len(trace.items) and self.kinds[trace.items[point.tick, point.cell]] == point.item

    def windows(self) -> list[int]:
        """Cells at which dishes are handed out."""
        tiles = self.kitchen.cookbook.spec.tiles
        return [cell for cell, name in enumerate(self.kitchen.tile_names) if name in tiles and tiles[name].serves]

    def reach(self, seat: int, moment: Moment) -> list[int]:
        """Cells from which a chef can take something: those beside the floor it can walk on."""
        return self.reach_from(int(moment.state.pos[0, seat]))

    def reach_from(self, here: int) -> list[int]:
        """The same for a chef on a cell."""
        width = self.kitchen.width
        region = next((region for region in self.kitchen.regions if here in region), (here,))
        beside = {cell + step for cell in region for step in (-1, 1, -width, width)}
        cells = width * self.kitchen.height
        return sorted(cell for cell in beside if 0 <= cell < cells and cell not in region)

    def _cook(self, ticks: int, seed: int) -> tuple[list[Planner], NDArray[np.int8]]:
        """Let state machines cook for so many ticks: who did, and what they did."""
        cooks = [self.source.planner() for _ in range(self.kitchen.chefs)]
        self._reset(cooks, seed)
        left = self.kitchen.horizon - int(self.game.state.tick[0])
        rows = [self._step(cooks)[0] for _ in range(min(ticks, left))]
        return cooks, np.array(rows, np.int8).reshape(len(rows), self.kitchen.chefs)

    def _reset(self, cooks: Sequence[Partner], seed: int) -> None:
        for seat, cook in enumerate(cooks):
            cook.reset(View(self.kitchen, seat, seed))

    def _step(self, cooks: Sequence[Partner]) -> tuple[list[int], list[tuple[str, int]]]:
        """What they do in a tick, and what they are paid for in it; see `play_tick`."""
        seen = self.game.describe()
        actions = [cook.act(seen | {"you": seat}) for seat, cook in enumerate(cooks)]
        return actions, play_tick(self.game, actions)


def play_tick(game: Game, actions: list[int]) -> list[tuple[str, int]]:
    """Play one tick of a game of one kitchen.

    Returns:
        The dishes that are handed out and paid for in it, and the windows' cells, the first chefs' first.
    """
    several = actions.count(INTERACT) > 1
    before = game.snapshot() if several else None
    paid = -int(game.state.stats[0, SERVED])
    game.step([actions])
    paid += int(game.state.stats[0, SERVED])
    dishes = handed_out(game)
    if before is None or paid in (0, len(dishes)):
        return dishes[:paid]
    wanted = _orders_after(game, before)
    sold = []
    for dish, cell in dishes:
        if dish in wanted:
            wanted.remove(dish)
            sold.append((dish, cell))
    return sold


def _orders_after(game: Game, before: State) -> list[str]:
    """The dishes that orders are open for when what is handed out in the tick after `before` is judged.

    Orders come and end whatever chefs do, so that they are those of a tick in which everyone stays.
    """
    after = game.snapshot()
    game.restore(before)
    game.step([[STAY] * game.kitchen.chefs])
    wanted = [order["dish"] for order in game.describe()["orders"]]
    game.restore(after)
    return wanted


def handed_out(game: Game) -> list[tuple[str, int]]:
    """Dishes handed out in the last tick of a game of one kitchen, paid for or not, and the windows' cells."""
    state, kitchen = game.state, game.kitchen
    faced = state.pos[0] + kitchen.layout.step[state.facing[0]]
    events = zip(state.event[0].tolist(), state.event_kind[0].tolist(), faced.tolist(), strict=True)
    dishes = [(kitchen.cookbook.kinds[kind].dish, cell) for event, kind, cell in events if event == SERVE]
    return [(dish, cell) for dish, cell in dishes if dish is not None and dish in kitchen.order_dishes]


def replayed(moment: Moment, claim: Claim, trace: Trace, reach: Sequence[int]) -> bool:
    """Whether a claim is true, found out independently: through the PettingZoo environment, from the first tick on.

    The actions of the moment and of the trace are played in a fresh episode, and only what the environment tells
    (scores, events, the described state) is looked at.
    """
    rows = np.concatenate([moment.actions, trace.actions]).tolist()
    env, width = _fresh(moment), moment.kitchen.width
    for number, row in enumerate(rows, 1):
        inside = 0 < number - len(moment.actions) <= claim.by
        before = _paid(env)
        env.step(dict(zip(env.possible_agents, row, strict=True)))
        if not inside:
            continue
        if claim.kind == "served":
            dishes = [_served(event, moment.kitchen) for event in env.happened().values()]
            all_paid = _paid(env) - before == sum(dish is not None for dish in dishes)
            if claim.item in dishes and (all_paid or _sells(moment, rows[:number], dishes.index(claim.item))):
                return True
        elif any(i["item"] == claim.item and i["at"][1] * width + i["at"][0] in reach for i in env.describe()["items"]):
            return True
    return False


def _fresh(moment: Moment) -> KitchenParallelEnv:
    """The environment at the beginning of the moment's episode."""
    from brigade.envs.kitchen.interfaces.parallel import KitchenParallelEnv

    env = KitchenParallelEnv(kitchen=moment.kitchen.source, horizon=moment.kitchen.horizon)
    env.reset(seed=moment.seed)
    return env


def _paid(env: KitchenParallelEnv) -> int:
    return int(env.game.state.stats[0, SERVED])


def _sells(moment: Moment, rows: Sequence[Sequence[int]], seat: int) -> bool:
    """Whether what a chef hands out in the last of some ticks is paid for if nobody else does anything in it."""
    env = _fresh(moment)
    alone = [action if i == seat else STAY for i, action in enumerate(rows[-1])]
    for row in (*rows[:-1], alone):
        before = _paid(env)
        env.step(dict(zip(env.possible_agents, row, strict=True)))
    return _paid(env) > before


def _served(event: tuple[str, str] | None, kitchen: Kitchen) -> str | None:
    """The dish that was handed out, if that is what happened."""
    return kitchen.cookbook.kind(event[1]).dish if event is not None and event[0] == "serve" else None
