"""Recorded episodes played again: how the score went, and when what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.run.episodes import Episode

EVENTS = ("served", "missed", "wrong", "fires")  # totals of the kitchen whose rises are noted
LONGEST_REPLAY = 100_000  # ticks; an episode has hundreds


@dataclass(frozen=True)
class Replay:
    """What became of an episode, tick by tick.

    Attributes:
        score: points after each tick; the first entry is before the first.
        marks: for each of `EVENTS`, the ticks at which its count rose.
        gained: points for dishes, penalties left out, after each tick, as `score`.
    """

    score: list[int]
    marks: dict[str, list[int]] = field(default_factory=dict)
    gained: list[int] = field(default_factory=lambda: [0])


def typical(episodes: Sequence[Episode]) -> Episode | None:
    """The episode with the median score (the lower of two, the first seed of several)."""
    ranked = sorted(episodes, key=lambda episode: (episode.result.score, episode.seed, episode.key))
    return ranked[(len(ranked) - 1) // 2] if ranked else None


def replay(episode: Episode) -> Replay | str:
    """Play the recorded actions again.

    Returns:
        How the score went, or why that cannot be told.
    """
    from brigade.envs.kitchen.content.layout import kitchen_digest
    from brigade.envs.kitchen.engine.game import Game
    from brigade.envs.kitchen.engine.state import STAT_NAMES

    try:
        kitchen = episode.kitchen.load()
        if kitchen_digest(kitchen) != episode.kitchen_digest:
            return "the kitchen has been changed since this was played"
        ticks = min(kitchen.horizon, LONGEST_REPLAY)
        joint = list(zip(*episode.actions, strict=False))[:ticks]
        if len(episode.actions) != kitchen.chefs or not all(digit in "012345" for row in joint for digit in row):
            return "the recorded actions are damaged"
        game = Game(kitchen)
        game.reset([episode.seed], [episode.order_script] if episode.order_script is not None else None)
        found = Replay([0], {name: [] for name in EVENTS})
        before = dict.fromkeys(STAT_NAMES, 0)
        for tick, row in enumerate(joint, 1):
            game.step([[int(digit) for digit in row]])
            found.score.append(int(game.state.score[0]))
            now = dict(zip(STAT_NAMES, game.state.stats[0].tolist(), strict=True))
            found.gained.append(now["gained"])
            for name, ticks_at in found.marks.items():
                ticks_at += [tick] * (now[name] - before[name])
            before = now
    except BrigadeError as error:
        return f"it cannot be played again here ({error})"
    if found.score[-1] != episode.result.score:
        return f"played again it ends with {found.score[-1]} points instead of {episode.result.score:.0f}"
    return found
