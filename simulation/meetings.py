"""What chefs lose to meeting each other, counted from a played episode.

Lost are the ticks of macro actions that ended because the way was blocked, or because there was no way past others, and
those of a chef that moves to and fro: that is back on the cell it left two ticks before, with nothing done between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from brigade.agents.planning.paths import Grid, grid_of
from brigade.agents.planning.player import BLOCKED, NO_ROOM
from brigade.envs.kitchen.content.layout import INTERACT, Kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.simulation.played import Played


@dataclass(frozen=True)
class Meetings:
    """What one chef lost to meetings in an episode.

    Attributes:
        lost: ticks.
        longest: the most of them in a row during which there was room to pass: it could have come past the others to
            what it wanted, and with their cells taken the rest of the floor still hung together.
        back_and_forth: how often it was back on the cell that it had left two ticks before, nothing done between.
    """

    lost: int
    longest: int
    back_and_forth: int


def meetings(kitchen: Kitchen, played: Played, seed: int, script: Sequence[str] | None = None) -> list[Meetings]:
    """What each chef lost.

    Args:
        kitchen: where it was played.
        played: the episode.
        seed: of the episode.
        script: the dishes that were ordered, if they were given.
    """
    stood, grid = _positions(kitchen, played, seed, script), grid_of(kitchen)
    return [_of_chef(seat, stood, played, grid) for seat in range(kitchen.chefs)]


def _of_chef(seat: int, stood: list[list[int]], played: Played, grid: Grid) -> Meetings:
    lost, shut = [False] * played.ticks, [False] * played.ticks
    for record in played.macros[seat]:
        if record.reason in (BLOCKED, NO_ROOM):
            lost[record.start : record.end] = [True] * (record.end - record.start)
            shut[record.start : record.end] = [record.reason == NO_ROOM] * (record.end - record.start)
    turns, actions = 0, played.actions[seat]
    for tick in range(2, len(stood)):
        before, between, now = (stood[tick - back][seat] for back in (2, 1, 0))
        if before == now != between and str(INTERACT) not in actions[tick - 2 : tick]:
            turns += 1
            lost[tick - 2 : tick], shut[tick - 2 : tick] = [True, True], [False, False]
    longest = in_a_row = 0
    for tick, is_lost in enumerate(lost):
        in_a_row = in_a_row + 1 if is_lost and not shut[tick] and _room_to_pass(seat, stood[tick], grid) else 0
        longest = max(longest, in_a_row)
    return Meetings(sum(lost), longest, turns)


def _positions(kitchen: Kitchen, played: Played, seed: int, script: Sequence[str] | None) -> list[list[int]]:
    """Where each chef stood before every tick, and after the last."""
    game = Game(kitchen)
    game.reset([seed], [script] if script is not None else None)
    stood = [game.state.pos[0].tolist()]
    for actions in zip(*played.actions, strict=True):
        game.step([[int(action) for action in actions]])
        stood.append(game.state.pos[0].tolist())
    return stood


def _room_to_pass(seat: int, cells: list[int], grid: Grid) -> bool:
    """Whether a chef meets anyone at all, and could come to wherever nobody stands."""
    region = grid.region[cells[seat]]
    others = {cell for other, cell in enumerate(cells) if other != seat and grid.region[cell] == region}
    reached, queue = {cells[seat]}, [cells[seat]]
    while queue:
        for _, there in grid.neighbours(queue.pop(), others):
            if there not in reached:
                reached.add(there)
                queue.append(there)
    return bool(others) and len(reached | others) == sum(number == region for number in grid.region)
