"""Everything a prover could say about some moments in a kitchen, listed, with what is true of it.

A plan that is played forward once settles every claim and every checkpoint about it, so that games can be played, and
best responses found, without the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from brigade.envs.prover_verifier.games.game import NOTHING
from brigade.envs.prover_verifier.games.kitchen_game import HEAD, POINT, VERIFIER_SEAT, KitchenGame
from brigade.envs.prover_verifier.kitchen.behaviours import (
    NEVER,
    decisive_point,
    false_points,
    first_ticks,
    true_points,
    with_point,
)
from brigade.envs.prover_verifier.kitchen.claims import BUCKET, HORIZON, KINDS, Checkpoint, Claim
from brigade.envs.prover_verifier.kitchen.forward import Engine, Moment, Trace
from brigade.envs.prover_verifier.kitchen.plans import Plan
from brigade.envs.prover_verifier.protocol import Behaviour

# How checkpoints are chosen, of which `facts`, `made_up` and `shown` are those of the scripted provers: `shown` has the
# claimed thing itself, where and when it is first so (which may be after the deadline), among facts; `forged` has that
# before the deadline, which is false.
STYLES = ("facts", "made_up", "shown", "forged")
FACTS, MADE_UP, SHOWN, FORGED = range(len(STYLES))
TOLD_EVERY = 25  # problems between two words about how far it is


@dataclass(frozen=True)
class Candidates:
    """What can be said about problems; n problems, at most c candidates each, m checkpoints.

    Attributes:
        views: (n, verifier_size) what the verifier sees.
        messages: (n, c, numbers) as the game encodes claims; 0 where there is no candidate.
        real: (n, c) whether there is a candidate.
        truth: (n, c) whether the claim is true.
        given: (n, c, m) whether there is such a checkpoint.
        passes: (n, c, m) whether it is as claimed.
        settles: (n, c, m) whether that would be enough to accept the claim, by what the verifier sees.
        plan: (n, c) which of `plans_of`.
        style: (n, c) which of `STYLES`.
        first: (n, c) ticks until it is so, 61 for never.
    """

    views: NDArray[np.float32]
    messages: NDArray[np.int16]
    real: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    given: NDArray[np.bool_]
    passes: NDArray[np.bool_]
    settles: NDArray[np.bool_]
    plan: NDArray[np.int8]
    style: NDArray[np.int8]
    first: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.views)

    @property
    def deadline(self) -> NDArray[np.int64]:
        """(n, c) ticks by which it is claimed to be so."""
        return (self.messages[..., 2].astype(np.int64) + 1) * BUCKET

    @property
    def kind(self) -> NDArray[np.int64]:
        """(n, c) which of `KINDS` is claimed."""
        return self.messages[..., 0].astype(np.int64)

    def arrived(self, kept: Sequence[bool]) -> Candidates:
        """The same as it arrives when some checkpoints are lost on the way.

        Args:
            kept: (m,) which are not.
        """
        every, messages = np.array(kept, np.bool_), self.messages.copy()
        messages[..., messages.shape[-1] - POINT * len(every) :][..., np.repeat(~every, POINT)] = NOTHING
        return replace(
            self,
            messages=messages,
            given=self.given & every,
            passes=self.passes & every,
            settles=self.settles & every,
        )


def draw_bank(
    game: KitchenGame, rng: np.random.Generator, count: int, say: Callable[[int], None] = lambda done: None
) -> tuple[list[Moment], Candidates]:
    """So many moments, with all that could be said about them.

    Args:
        game: where; what is listed is what is said, before its noise, and no checkpoint is said twice.
        rng: what moments and checkpoints are drawn from.
        count: how many moments.
        say: is told now and then how many are done.
    """
    moments, listed = [], []
    for i in range(count):
        moments.append(game.draw(rng))
        listed.append(candidates_of(game, moments[-1], rng))
        if (i + 1) % TOLD_EVERY == 0:
            say(i + 1)
    return moments, _stacked(listed)


def candidates_of(game: KitchenGame, moment: Moment, rng: np.random.Generator) -> Candidates:
    """All that could be said about one moment: every plan, everything that is not so yet, every deadline and style."""
    reach = game.engine.reach(VERIFIER_SEAT, moment)
    parts = [
        _with_plan(game, moment, plan, number, reach, rng)
        for number, plan in enumerate(plans_of(game.engine.draw_plan(moment)))
    ]
    view = game.verifier_view(moment)[None]
    joined = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts], 1)
        for field in fields(Candidates)
        if field.name != "views"
    }
    return Candidates(view, **joined)


def plans_of(plan: Plan) -> list[Plan]:
    """The plan itself, and for each chef the same with that chef staying where it is."""
    return [plan, *(tuple(() if i == seat else part for i, part in enumerate(plan)) for seat in range(len(plan)))]


def scripted(bank: Candidates, behaviour: Behaviour) -> NDArray[np.float64]:
    """(n, c) how often a scripted prover would say each candidate; see `claim_of`."""
    early = bank.first - bank.deadline  # ticks by which it comes too late
    usual = bank.real & (bank.plan == 0)
    never = usual & (bank.first == NEVER) & (bank.deadline == HORIZON)
    nearly = usual & (bank.first < NEVER) & (early >= 1) & (early <= BUCKET)
    lies = _first_choice(never & (bank.style == MADE_UP), nearly & (bank.style == MADE_UP))
    if behaviour == "liar":
        return lies
    if behaviour == "half_truth":
        facts = bank.style == FACTS
        return _first_choice(nearly & facts, never & facts)
    return _first_choice(usual & (bank.style == SHOWN) & bank.truth & (early > -BUCKET), lies > 0)


def _first_choice(wanted: NDArray[np.bool_], otherwise: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, c) equal weights over what is wanted, where there is nothing of it over the rest."""
    chosen: NDArray[np.float64] = np.where(wanted.any(-1, keepdims=True), wanted, otherwise).astype(np.float64)
    chosen /= chosen.sum(-1, keepdims=True).clip(1)
    return chosen


def _with_plan(
    game: KitchenGame, moment: Moment, plan: Plan, number: int, reach: Sequence[int], rng: np.random.Generator
) -> Candidates:
    """All that could be said with one plan."""
    trace = game.engine.play(moment, plan)
    head = game.encode(Claim(KINDS[0], game.items[0], BUCKET, plan))
    begin = game.point_at(0)
    rows, styles, firsts = [], [], []
    for claim, style, first in _listed(game, trace, plan, reach, rng):
        row = head.copy()
        row[:HEAD] = KINDS.index(claim.kind), game.items.index(claim.item), claim.by // BUCKET - 1
        for place, point in enumerate(claim.checkpoints):
            here = begin + POINT * place
            row[here : here + POINT] = point.cell, point.tick, game.items.index(point.item)
        rows.append(row)
        styles.append(style)
        firsts.append(first)
    messages, ticks = np.array(rows, np.int16)[None], np.array(firsts, np.int16)[None]
    given, passes = _checked(game, messages[..., begin:].reshape(1, -1, game.checkpoints, POINT), trace)
    view = game.verifier_view(moment)
    settles = [[game.settles(view, row, part) for part in range(game.checkpoints)] for row in rows]
    return Candidates(
        views=view[None],
        messages=messages,
        real=np.ones(ticks.shape, np.bool_),
        truth=ticks <= (messages[..., 2] + 1) * BUCKET,
        given=given,
        passes=passes,
        settles=np.array(settles, np.bool_)[None],
        plan=np.full(ticks.shape, number, np.int8),
        style=np.array(styles, np.int8)[None],
        first=ticks,
    )


def _listed(
    game: KitchenGame, trace: Trace, plan: Plan, reach: Sequence[int], rng: np.random.Generator
) -> Iterator[tuple[Claim, int, int]]:
    """Every claim about a plan, with its style and the tick at which it is so first."""
    engine, most = game.engine, game.checkpoints
    about = first_ticks(engine, trace, reach)
    shown = {key: decisive_point(engine, trace, key, tick, reach) for key, tick in about.items() if tick != NEVER}
    for by in range(BUCKET, HORIZON + 1, BUCKET):
        facts, lies = true_points(engine, trace, by, rng, most), false_points(engine, trace, by, reach, rng, most)
        for (kind, item), first in about.items():
            options = {FACTS: facts, MADE_UP: lies}
            point = shown.get((kind, item))
            if point is not None:
                options[SHOWN] = with_point(point, facts, most)
            if first > by:
                cell = point.cell if point is not None else _anywhere(engine, kind, reach, rng)
                options[FORGED] = with_point(Checkpoint(cell, int(rng.integers(1, by + 1)), item), facts, most)
            for style, points in options.items():
                yield Claim(kind, item, by, plan, points), style, first


def _checked(game: KitchenGame, points: NDArray[np.int16], trace: Trace) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of some checkpoints (..., 3) are given, and which of them are as claimed."""
    cell, tick, item = np.moveaxis(points.astype(np.int64), -1, 0)
    given, last = tick > 0, len(trace.items) - 1
    passes = (tick <= last) & (trace.items[tick.clip(0, last), cell] == item)
    for served, dish, window in trace.served:
        passes |= (tick == served) & (item == game.items.index(dish)) & (cell == window)
    return given, given & passes


def _anywhere(engine: Engine, kind: str, reach: Sequence[int], rng: np.random.Generator) -> int:
    """A cell at which a claim of a kind could come true."""
    return int(rng.choice(engine.windows() if kind == "served" else list(reach)))


def _stacked(listed: Sequence[Candidates]) -> Candidates:
    """One after the other, filled up to the longest."""
    most = max(each.real.shape[1] for each in listed)

    def filled(name: str) -> NDArray[np.generic]:
        parts = [getattr(each, name) for each in listed]
        if name == "views":
            return np.concatenate(parts)
        room = [[(0, 0), (0, most - p.shape[1]), *[(0, 0)] * (p.ndim - 2)] for p in parts]
        return np.concatenate([np.pad(p, r) for p, r in zip(parts, room, strict=True)])

    return Candidates(**{field.name: filled(field.name) for field in fields(Candidates)})  # type: ignore[arg-type]
