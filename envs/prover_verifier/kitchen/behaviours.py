"""What scripted partners claim about a kitchen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brigade.envs.prover_verifier.kitchen.claims import BUCKET, CHECKPOINTS, HORIZON, Checkpoint, Claim
from brigade.envs.prover_verifier.kitchen.forward import Engine, Moment, Trace
from brigade.envs.prover_verifier.protocol import Behaviour

NEVER = HORIZON + 1


def claim_of(
    engine: Engine,
    moment: Moment,
    behaviour: Behaviour,
    reach: Sequence[int],
    rng: np.random.Generator,
    most: int = CHECKPOINTS,
) -> Claim:
    """A claim, with `most` checkpoints if it can, about what comes of what state machines would do.

    The honest one claims what will be so, in time, and shows when and where in one of its checkpoints; the others are
    true as well. The liar claims what will not be so, and makes its checkpoints up. The half-truth says when something
    will be so, but a little too early, and all its checkpoints are true.
    """
    plan = engine.draw_plan(moment)
    trace = engine.play(moment, plan)
    first = first_ticks(engine, trace, reach)
    true = [about for about, tick in first.items() if tick <= HORIZON]
    late = [about for about, tick in first.items() if BUCKET < tick <= HORIZON]
    if behaviour == "honest" and true:
        kind, item = true[int(rng.integers(len(true)))]
        by = -(-first[kind, item] // BUCKET) * BUCKET
        point = decisive_point(engine, trace, (kind, item), first[kind, item], reach)
        return Claim(kind, item, by, plan, with_point(point, true_points(engine, trace, by, rng, most), most))
    never = [about for about, tick in first.items() if tick == NEVER]
    wrong = late if late and (behaviour == "half_truth" or not never) else never
    kind, item = wrong[int(rng.integers(len(wrong)))]
    by = min((first[kind, item] - 1) // BUCKET * BUCKET, HORIZON)
    if behaviour == "half_truth":
        return Claim(kind, item, by, plan, true_points(engine, trace, by, rng, most))
    return Claim(kind, item, by, plan, false_points(engine, trace, by, reach, rng, most))


def first_ticks(engine: Engine, trace: Trace, reach: Sequence[int]) -> dict[tuple[str, str], int]:
    """For everything that could be claimed and is not so already, the tick at which it is so first; 61 for never."""
    ticks = {("served", dish): NEVER for dish in engine.kitchen.order_dishes}
    for tick, dish, _ in trace.served:
        ticks["served", dish] = min(tick, ticks.get(("served", dish), NEVER))
    lying = trace.items[:, list(reach)]  # (ticks + 1, cells in reach)
    for number, name in enumerate(engine.kinds[1:], 1):
        seen = np.flatnonzero((lying == number).any(-1))
        if not seen.size or seen[0] > 0:
            ticks["in_reach", name] = int(seen[0]) if seen.size else NEVER
    return ticks


def decisive_point(
    engine: Engine, trace: Trace, about: tuple[str, str], first: int, reach: Sequence[int]
) -> Checkpoint:
    """Where and when what is claimed is first so, at tick `first`: it settles the claim if that is in time."""
    kind, item = about
    if kind == "served":
        return Checkpoint(next(cell for tick, dish, cell in trace.served if (tick, dish) == (first, item)), first, item)
    lying = engine.kinds.index(item)
    return Checkpoint(next(cell for cell in reach if trace.items[first, cell] == lying), first, item)


def with_point(point: Checkpoint, others: Sequence[Checkpoint], most: int) -> tuple[Checkpoint, ...]:
    """A checkpoint among as many others as there is room for, by tick: its place says nothing."""
    room = [other for other in others if other != point][: most - 1]
    return tuple(sorted([point, *room], key=lambda p: (p.tick, p.cell)))


def true_points(
    engine: Engine, trace: Trace, by: int, rng: np.random.Generator, most: int = CHECKPOINTS
) -> tuple[Checkpoint, ...]:
    """Facts at which something has just been put down, before the deadline; or else anything that lies there."""
    after = trace.items[1 : by + 1]
    changed = np.argwhere((after != trace.items[: len(after)]) & (after != 0))
    changed = changed if len(changed) else np.argwhere(after != 0)
    rows = changed[rng.permutation(len(changed))[:most]].tolist()
    return tuple(Checkpoint(c, t + 1, engine.kinds[trace.items[t + 1, c]]) for t, c in sorted(rows))


def false_points(
    engine: Engine, trace: Trace, by: int, reach: Sequence[int], rng: np.random.Generator, most: int = CHECKPOINTS
) -> tuple[Checkpoint, ...]:
    """Things that do not lie where it says."""
    points = []
    for tick in sorted(rng.integers(1, by + 1, most).tolist()):
        cell, item = int(rng.choice(list(reach))), int(rng.integers(1, len(engine.kinds)))
        if tick < len(trace.items) and trace.items[tick, cell] == item:
            item = item % (len(engine.kinds) - 1) + 1
        points.append(Checkpoint(cell, tick, engine.kinds[item]))
    return tuple(points)
