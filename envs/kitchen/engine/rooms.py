"""Rooms of one cookbook side by side: layouts with one axis more, and which of them each kitchen has.

All are written into cells of the same number of columns, so that a step in a direction is the same everywhere; cells
beyond a room are counters that nobody can reach.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.layout import Layout
from brigade.envs.kitchen.engine.compiled import kernel
from brigade.envs.kitchen.engine.handle import Reader
from brigade.envs.kitchen.engine.rules import mix_bits
from brigade.envs.kitchen.engine.state import State

# Columns of `RoomArrays.numbers`.
FACING, CLASSIC, STANDING, OPEN, SPACING, MISSED, WRONG, HORIZON, STOVES, WORK_CELLS, DISHES = range(11)
NUMBER_COUNT = 11


class RoomArrays(NamedTuple):
    """R rooms, and which of them N kitchens have."""

    room: NDArray[np.int32]  # (N,) the room of each kitchen
    fixed: NDArray[np.int8]  # (N,) 1 where the next episode is in the room that is there, whatever would be drawn
    pool: NDArray[np.int32]  # (R,) rooms that are drawn from when an episode begins
    drawn: NDArray[np.int32]  # (1,) how many of those there are; 0 where kitchens keep their rooms
    step: NDArray[np.int16]  # (6,) as in `Layout`, like all that follows
    tile: NDArray[np.int16]  # (R, cells)
    start: NDArray[np.int16]  # (R, C)
    start_item: NDArray[np.int16]  # (R, cells)
    stoves: NDArray[np.int16]  # (R, most)
    work_cells: NDArray[np.int16]  # (R, most)
    dishes: NDArray[np.int16]  # (R, most)
    shaped: NDArray[np.int16]  # (R, 4)
    numbers: NDArray[np.int32]  # (R, 11) the numbers of the layout, and the lengths of its lists; columns above


read_rooms = Reader(
    RoomArrays,
    {
        **dict.fromkeys(("tile", "start", "start_item", "stoves", "work_cells", "dishes", "shaped", "numbers"), 2),
    },
)


@kernel
def room_of(rooms: RoomArrays, r: int) -> Layout:
    """Room r as the rules read it."""
    numbers = rooms.numbers
    return Layout(
        rooms.tile[r], rooms.step, rooms.start[r], int(numbers[r, FACING]), rooms.start_item[r],
        rooms.stoves[r, : numbers[r, STOVES]], rooms.work_cells[r, : numbers[r, WORK_CELLS]],
        rooms.dishes[r, : numbers[r, DISHES]], rooms.shaped[r], numbers[r, CLASSIC] != 0, numbers[r, STANDING] != 0,
        int(numbers[r, OPEN]), int(numbers[r, SPACING]), int(numbers[r, MISSED]), int(numbers[r, WRONG]),
        int(numbers[r, HORIZON]),
    )  # fmt: skip


@kernel
def choose_room(rooms: RoomArrays, s: State, k: int) -> None:
    """Draw the room of the episode that kitchen k begins next, from its seed and the episode's number alone."""
    if rooms.fixed[k] != 0:
        rooms.fixed[k] = 0
    elif rooms.drawn[0] > 0:
        episode = int(s.episode[k]) + 1
        mixed = mix_bits(int(s.seed[k]) + 0x51ED270B)
        mixed = mix_bits(mixed + 0x9E3779B9 * (episode & 0xFFFF) + episode)
        rooms.room[k] = rooms.pool[(mixed * int(rooms.drawn[0])) >> 32]
