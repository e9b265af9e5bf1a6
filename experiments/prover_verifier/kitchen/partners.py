"""What the prover of the embedded kitchen game says: scripted claims, sabotage, and plans that help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from brigade.agents.plan_follower import PlanningCook
from brigade.agents.specialists import Assembler
from brigade.agents.state_machine import Weights
from brigade.envs.prover_verifier.games.game import Message
from brigade.envs.prover_verifier.games.kitchen_game import VERIFIER_SEAT, KitchenGame
from brigade.envs.prover_verifier.kitchen.behaviours import (
    NEVER,
    decisive_point,
    false_points,
    first_ticks,
    true_points,
    with_point,
)
from brigade.envs.prover_verifier.kitchen.claims import BUCKET, HORIZON, Claim, cut
from brigade.envs.prover_verifier.kitchen.forward import Engine, Moment
from brigade.envs.prover_verifier.kitchen.plans import Plan
from brigade.envs.prover_verifier.protocol import Behaviour
from brigade.experiments.prover_verifier.kitchen.live import LiveGame, LiveKitchen, Speaker


def scripted(behaviour: Behaviour) -> Speaker:
    """A scripted behaviour of the game: whatever it claims, the plan is what state machines would do."""
    return lambda game, moment, rng: game.argue(moment, behaviour, True, rng)


def sabotage(game: KitchenGame, moment: Moment, rng: np.random.Generator, forged: bool = True) -> Message:
    """Say that something will be there in a minute if both just wait, which is false: nobody moves for 60 ticks.

    Args:
        game: in which it is said.
        moment: about which.
        rng: for what is claimed.
        forged: whether the checkpoints are made up; otherwise they are true, of things that lie about.
    """
    engine, plan = game.engine, ((),) * game.kitchen.chefs
    reach = engine.reach(VERIFIER_SEAT, moment)
    trace = engine.play(moment, plan)
    never = [about for about, tick in first_ticks(engine, trace, reach).items() if tick == NEVER]
    kind, item = never[int(rng.integers(len(never)))]
    if forged:
        points = false_points(engine, trace, HORIZON, reach, rng, game.checkpoints)
    else:
        points = true_points(engine, trace, HORIZON, rng, game.checkpoints)
    return game.encode(Claim(kind, item, HORIZON, plan, points))


class WeighingCook(PlanningCook):
    """A state machine that weighs what there is to do in its own way.

    Args:
        weights: with what.
    """

    def __init__(self, weights: Weights):
        self.weights = weights


class AssemblingCook(PlanningCook, Assembler):
    """Puts together and serves, with a list of what it has done."""


@dataclass(frozen=True)
class Helper:
    """Tries ways to work on, and claims what comes of the best; says nothing if none beats cooking on unadvised.

    Each way is two cooks: state machines, one of whom may wait or only put together and serve, or who weigh what there
    is to do in ways drawn at random. What they do is drawn up as a plan; what following it earns, and what saying
    nothing does, is found out by playing on from the moment, with the orders that will come. So the helper knows the
    future as the engine does.

    Attributes:
        tries: ways drawn at random.
        ahead: ticks from now at which the points are compared; None for the end of the episode.
    """

    tries: int = 4
    ahead: int | None = 120

    def __call__(self, game: LiveGame, moment: Moment, rng: np.random.Generator) -> Message | None:
        """The message, if there is anything to be gained."""
        best, most = None, self._points(game.going.copy())
        for plan in self._plans(game.engine, moment, rng):
            claim = _true_claim(game, moment, plan, rng)
            if claim is None:
                continue
            advised = LiveKitchen(game.engine, moment)
            advised.follow(claim)
            points = self._points(advised)
            if points > most:
                best, most = claim, points
        return game.encode(best) if best is not None else None

    def _plans(self, engine: Engine, moment: Moment, rng: np.random.Generator) -> list[Plan]:
        both = _drawn_up(engine, moment, [PlanningCook(), PlanningCook()])
        pairs: list[Sequence[PlanningCook]] = [[PlanningCook(), AssemblingCook()], [AssemblingCook(), PlanningCook()]]
        pairs += [[WeighingCook(_weights(rng)), WeighingCook(_weights(rng))] for _ in range(self.tries)]
        return [both, (both[0], ()), ((), both[1]), *(_drawn_up(engine, moment, pair) for pair in pairs)]

    def _points(self, copied: LiveKitchen) -> int:
        """The score `ahead` of a copy that may be played on."""
        copied.play_until(copied.tick + self.ahead if self.ahead is not None else copied.engine.kitchen.horizon)
        return copied.score


def _weights(rng: np.random.Generator) -> Weights:
    """Weights drawn at random, from ranges in which the usual ones lie in the middle or so."""
    low, high = (30.0, 30.0, 30.0, 0.0, 0.0), (130.0, 130.0, 130.0, 60.0, 15.0)
    assemble, start, prepare, ahead, rank = rng.uniform(low, high).tolist()
    return Weights(assemble=assemble, start_cooking=start, prepare=prepare, plate_ahead=ahead, rank=rank)


def _drawn_up(engine: Engine, moment: Moment, cooks: Sequence[PlanningCook]) -> Plan:
    """What some cooks would do from a moment on."""
    ahead = LiveKitchen(engine, moment, cooks)
    now = ahead.tick
    ahead.play_until(now + HORIZON)
    return cut(tuple(cook.plan(now) for cook in cooks))


def _true_claim(game: KitchenGame, moment: Moment, plan: Plan, rng: np.random.Generator) -> Claim | None:
    """What comes last of what comes of a plan, dishes before other things; None if nothing does."""
    engine, reach = game.engine, game.engine.reach(VERIFIER_SEAT, moment)
    trace = engine.play(moment, plan)
    first = first_ticks(engine, trace, reach)
    true = {about: tick for about, tick in first.items() if tick <= HORIZON}
    if not true:
        return None
    kind, item = max(true, key=lambda about: (about[0] == "served", true[about]))
    by = -(-true[kind, item] // BUCKET) * BUCKET
    point = decisive_point(engine, trace, (kind, item), true[kind, item], reach)
    others = true_points(engine, trace, by, rng, game.checkpoints)
    return Claim(kind, item, by, plan, with_point(point, others, game.checkpoints))


PARTNERS: dict[str, Speaker] = {
    "honest": scripted("honest"),
    "helper": Helper(),
    "liar": scripted("liar"),
    "half_truth": scripted("half_truth"),
    "saboteur": sabotage,
    "true_saboteur": partial(sabotage, forged=False),
}
HELPFUL = ("honest", "helper")
