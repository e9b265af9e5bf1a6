"""Claims about the future of a kitchen, as a game that fits the standard interfaces."""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.prover_verifier.games.game import NOTHING, Message, SolutionGame, games
from brigade.envs.prover_verifier.kitchen.behaviours import claim_of
from brigade.envs.prover_verifier.kitchen.claims import (
    BUCKET,
    BUCKETS,
    CHECKPOINTS,
    HORIZON,
    KINDS,
    PLAN,
    Checkpoint,
    Claim,
    item_names,
)
from brigade.envs.prover_verifier.kitchen.forward import Engine, Moment, Trace
from brigade.envs.prover_verifier.kitchen.plans import Planned
from brigade.envs.prover_verifier.protocol import Behaviour, Protocol
from brigade.envs.registry import BrigadeError

EARLIEST, LATEST = 20, 200  # ticks after which a moment is drawn
VERIFIER_SEAT = 0
LARGEST = 1000.0  # of any number in a view
HEAD = 3  # numbers of a message before the plan: kind, item, deadline
POINT = 3  # numbers of a checkpoint: cell, tick, item


def check_orders(kitchen: Kitchen) -> None:
    """See that there are orders to make claims about.

    Raises:
        BrigadeError: the kitchen's orders stand.
    """
    if kitchen.layout.standing:
        raise BrigadeError(f"kitchen '{kitchen.name}' has standing orders; claims need orders that come and go")


def check_horizon(kitchen: Kitchen, earliest: int) -> None:
    """See that a claim that is made after `earliest` ticks can come true before the end.

    Raises:
        BrigadeError: the kitchen's episodes are too short.
    """
    if kitchen.horizon < earliest + HORIZON:
        raise BrigadeError(
            f"kitchen '{kitchen.name}' has episodes of {kitchen.horizon} ticks, expected at least {earliest + HORIZON}:"
            f" claims are made after {earliest} ticks or more, and must come true within {HORIZON}"
        )


@games.register("kitchen", "claims about what will be served or lie in reach, decided by playing the plan (solution)")
class KitchenGame(SolutionGame[Moment]):
    """`kitchen`: a partner who sees the whole kitchen claims what will be; the chef who must act on it decides.

    ## Description

    Nature draws a moment of an episode in which state machines cook. The prover sees all of the kitchen and claims that
    an ordered dish will be served, or that an item will lie in reach of the verifier's chef, within so many ticks, if
    both chefs follow its plan; it adds up to M checkpoints (this item lies on that cell at that tick; or, if the item
    is a dish, it is handed out at that cell at that tick). The engine plays the plan forward: that is the truth. As the
    prover chooses what it claims, this is a solution game. Under the protocol `looks` the verifier can look at
    checkpoints while the plan is played; every look has its cost, and there are as many as the environment's argument
    `questions` says, three by default.

    A checkpoint settles a claim if it could not hold were the claim false: by the deadline, the claimed dish is handed
    out, or the claimed item lies on a cell in reach of the verifier's chef.

    ## Messages

    Numbers for a kitchen with C chefs and claims with M checkpoints; by the arguments `kitchen` and `checkpoints`.

    | number | values | meaning |
    |---|---|---|
    | 0 | 2 | kind: served, in_reach |
    | 1 | items | which item |
    | 2 | 12 | deadline: 5, 10, ... 60 ticks |
    | 3 to 2 + 12 C | macros + 1, 60 | for each chef six times: macro action (0 for none), earliest tick |
    | last 3 M | cells, 61, items | M times: cell, tick (0 for no checkpoint), item |

    The verifier receives the same numbers; each checkpoint is lost (-1) with probability `noise`. Question i looks at
    checkpoint i; the world answers 1 if it is so, else 0, also to what was not given or is lost.

    ## Views

    A view is the number of the item on each cell (-1 where it cannot see), then of each open order (as many as the
    kitchen has at most) the number of its dish and the ticks left, then the cell of each chef. The prover sees all; the
    verifier the cells at most `radius` from its chef, and the orders.

    ## Arguments

    | argument | meaning |
    |---|---|
    | `kitchen` | a kitchen's name, `new_counter_circuit` by default |
    | `radius` | how far the verifier sees, 2 by default |
    | `noise` | probability that a checkpoint is lost, 0 by default |
    | `checkpoints` | the most checkpoints of a claim, 1 to 3, 3 by default |

    ## History

    - v0: first version.
    """

    name = "kitchen"
    view_limit = LARGEST
    lookable = True
    earliest = EARLIEST  # ticks after which the first moments lie

    def __init__(
        self,
        kitchen: str | Kitchen = "new_counter_circuit",
        radius: int = 2,
        noise: float = 0.0,
        checkpoints: int = CHECKPOINTS,
    ):
        if radius < 0 or not 0 <= noise <= 1:
            raise BrigadeError(f"kitchen: radius {radius} or noise {noise} is out of range")
        if not 1 <= checkpoints <= CHECKPOINTS:
            raise BrigadeError(f"kitchen: checkpoints is {checkpoints}, expected 1 to {CHECKPOINTS}")
        self.kitchen = load_kitchen(kitchen) if isinstance(kitchen, str) else kitchen
        check_orders(self.kitchen)
        check_horizon(self.kitchen, self.earliest)
        self.radius, self.noise = radius, noise
        self.checkpoints = self.questions = checkpoints
        self.engine = Engine(self.kitchen)
        self.words = tuple(self.engine.source.words(self.kitchen))
        self.items, self.cells = item_names(self.kitchen), self.kitchen.width * self.kitchen.height
        steps = (len(self.words) + 1, HORIZON) * PLAN * self.kitchen.chefs
        points = (self.cells, HORIZON + 1, len(self.items)) * checkpoints
        self.message_choices = (len(KINDS), len(self.items), BUCKETS, *steps, *points)
        self.received_size, self.received_limit = len(self.message_choices), max(self.message_choices)
        self.order_room = self.kitchen.layout.max_open  # orders in a view
        self.prover_size = self.verifier_size = self.cells + 2 * self.order_room + self.kitchen.chefs
        self._played: tuple[Moment, bytes, Trace] | None = None  # the last plan that was played forward

    def draw(self, rng: np.random.Generator) -> Moment:
        """A moment, so early that every deadline lies within the episode."""
        latest = min(LATEST, self.kitchen.horizon - HORIZON + 1)
        return self.engine.moment(int(rng.integers(2**31)), int(rng.integers(self.earliest, latest)))

    def correct(self, problem: Moment, message: Message) -> bool:
        """Whether the engine, playing the plan forward, finds the claim true."""
        trace = self.trace(problem, message)
        return self.engine.holds(self.decode(message), trace, self.engine.reach(VERIFIER_SEAT, problem))

    def trace(self, problem: Moment, message: Message) -> Trace:
        """What comes of the plan in a message."""
        plan = message[HEAD : self.point_at(0)].tobytes()
        if self._played is None or self._played[0] is not problem or self._played[1] != plan:
            self._played = (problem, plan, self.engine.play(problem, self.decode(message).plan))
        return self._played[2]

    def prover_view(self, problem: Moment) -> NDArray[np.float32]:
        """All of the kitchen."""
        return self._view(problem, None)

    def verifier_view(self, problem: Moment) -> NDArray[np.float32]:
        """What is near its chef."""
        return self._view(problem, int(problem.state.pos[0, VERIFIER_SEAT]))

    def receive(self, problem: Moment, message: Message, rng: np.random.Generator) -> NDArray[np.int64]:
        """The message, less the checkpoints that are lost."""
        arrived = message.copy()
        for i, lost in enumerate((rng.random(self.checkpoints) < self.noise).tolist()):
            if lost:
                begin = self.point_at(i)
                arrived[begin : begin + POINT] = NOTHING
        return arrived

    def argue(self, problem: Moment, behaviour: Behaviour, accept: bool, rng: np.random.Generator) -> Message:
        """A claim; see `claim_of`."""
        reach = self.engine.reach(VERIFIER_SEAT, problem)
        return self.encode(claim_of(self.engine, problem, behaviour, reach, rng, self.checkpoints))

    def look(self, problem: Moment, received: NDArray[np.int64], question: int) -> NDArray[np.int64]:
        """Whether a checkpoint is as claimed; one that was not given, or is lost, is not."""
        point = self.checkpoint(received, question)
        passed = point is not None and self.engine.passes(point, self.trace(problem, received))
        answer = np.full(self.received_size, NOTHING, np.int64)
        answer[:2] = int(passed), question
        return answer

    def holds(self, view: NDArray[np.float32], received: NDArray[np.int64], part: int) -> bool:
        """Whether a checkpoint arrived at all: without looking there is no more to be seen of it."""
        return bool(received[self.point_at(part) + 1] > 0)

    def settles(self, view: NDArray[np.float32], received: NDArray[np.int64], part: int) -> bool:
        """Whether a checkpoint, if it holds, is the claim itself come true in time."""
        begin = self.point_at(part)
        kind, item, deadline = received[:HEAD].tolist()
        cell, tick, shown = received[begin : begin + POINT].tolist()
        if shown != item or not 0 < tick <= (deadline + 1) * BUCKET:
            return False
        is_dish = bool(item >= len(self.engine.kinds))
        if KINDS[kind] == "served":
            return is_dish
        here = int(view[VERIFIER_SEAT - self.kitchen.chefs])
        return item > 0 and not is_dish and cell in self.engine.reach_from(here)

    def fits(self, protocol: Protocol) -> bool:
        """One prover, as in every solution game; looks are what this one has."""
        return len(protocol.provers) == 1

    def point_at(self, checkpoint: int) -> int:
        """Where a checkpoint's numbers begin in a message."""
        return len(self.message_choices) - POINT * (self.checkpoints - checkpoint)

    def checkpoint(self, message: NDArray[np.int64], place: int) -> Checkpoint | None:
        """A checkpoint of a message, sent or received, by its place; None if there is none."""
        begin = self.point_at(place)
        cell, tick, item = message[begin : begin + POINT].tolist()
        return Checkpoint(cell, tick, self.items[item]) if tick > 0 else None

    def encode(self, claim: Claim) -> Message:
        """A claim as a message; its words are lost.

        Raises:
            BrigadeError: it has more checkpoints than claims have here, or a plan that is too long.
        """
        given = len(claim.checkpoints)
        if given > self.checkpoints:
            raise BrigadeError(f"kitchen: the claim has {given} checkpoints, expected at most {self.checkpoints}")
        longest = max(map(len, claim.plan))
        if longest > PLAN:
            raise BrigadeError(f"kitchen: the plan has {longest} macro actions for a chef, expected at most {PLAN}")
        numbers = [KINDS.index(claim.kind), self.items.index(claim.item), claim.by // BUCKET - 1]
        for part in claim.plan:
            steps = [(self.words.index(step.macro) + 1, step.start) for step in part]
            numbers += chain.from_iterable(steps + [(0, 0)] * (PLAN - len(steps)))
        points = [(point.cell, point.tick, self.items.index(point.item)) for point in claim.checkpoints]
        numbers += chain.from_iterable(points + [(0, 0, 0)] * (self.checkpoints - len(points)))
        return np.array(numbers, np.int64)

    def decode(self, message: Message) -> Claim:
        """The claim that a message says; of its checkpoints those that are given, without the places between them."""
        numbers = message.tolist()
        size = 2 * PLAN
        plan = []
        for seat in range(self.kitchen.chefs):
            part = numbers[HEAD + seat * size : HEAD + (seat + 1) * size]
            steps = zip(part[::2], part[1::2], strict=True)
            plan.append(tuple(Planned(self.words[word - 1], start) for word, start in steps if word > 0))
        points = (self.checkpoint(message, place) for place in range(self.checkpoints))
        given = tuple(point for point in points if point is not None)
        by = (numbers[2] + 1) * BUCKET
        return Claim(KINDS[numbers[0]], self.items[numbers[1]], by, tuple(plan), given)

    def _view(self, problem: Moment, around: int | None) -> NDArray[np.float32]:
        items, width = problem.state.item[0].astype(np.float32), self.kitchen.width
        if around is not None:
            cells = np.arange(self.cells)
            away = np.maximum(abs(cells % width - around % width), abs(cells // width - around // width))
            items[away > self.radius] = NOTHING
        orders = np.full(2 * self.order_room, NOTHING, np.float32)
        for i, order in enumerate(problem.seen["orders"]):
            orders[2 * i : 2 * i + 2] = self.items.index(order["dish"]), order["ticks_left"]
        return np.concatenate([items, orders, problem.state.pos[0].astype(np.float32)])
