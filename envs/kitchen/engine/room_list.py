"""The rooms that the kitchens of a batch are in: of one cookbook, written into maps of one size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.layout import Kitchen, Layout, enlarge
from brigade.envs.kitchen.engine.rooms import HORIZON, NUMBER_COUNT, RoomArrays
from brigade.envs.registry import BrigadeError

if TYPE_CHECKING:
    from brigade.envs.kitchen.engine.eye import Eye


class RoomList:
    """R rooms of one cookbook.

    Args:
        kitchens: the rooms.
        size: columns and rows of the maps; by default as many as the largest room has.
        drawn: whether each episode is in a room drawn from all of them; otherwise kitchen k keeps room k modulo R.

    Attributes:
        kitchens: the rooms, as their files have them.
        enlarged: the same, on maps of `size`.
        standard: the first of those, which has in common with the others whatever they have in common.
        arrays: what kernels read.

    Raises:
        BrigadeError: there is no room, they do not go together, or one is too large.
    """

    def __init__(self, kitchens: Sequence[Kitchen], size: tuple[int, int] | None = None, drawn: bool = False):
        if not kitchens:
            raise BrigadeError("no rooms; expected at least one")
        self.size = size or tuple(max(kitchen.room[axis] for kitchen in kitchens) for axis in (0, 1))
        self.kitchens, self.drawn = list(kitchens), drawn
        self.first = kitchens[0]
        self.enlarged = [self.fitted(kitchen) for kitchen in kitchens]
        self.standard = self.enlarged[0]
        self.max_open = max(kitchen.layout.max_open for kitchen in kitchens)
        self.arrays = _arrays([kitchen.layout for kitchen in self.enlarged], drawn)
        self._maps: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.kitchens)

    def fitted(self, kitchen: Kitchen) -> Kitchen:
        """A room, on a map of the size of all.

        Raises:
            BrigadeError: it cannot be in a batch with the others; the message says why.
        """
        first = self.first
        for what, here, there in (
            ("cookbook", kitchen.cookbook.name, first.cookbook.name),
            ("number of chefs", kitchen.chefs, first.chefs),
            ("old_dynamics", kitchen.spec.old_dynamics, first.spec.old_dynamics),
        ):
            if here != there:
                raise BrigadeError(
                    f"kitchens '{first.name}' and '{kitchen.name}' cannot be in one batch: their {what} "
                    f"differs ({there}, {here})"
                )
        if kitchen.cookbook is not first.cookbook and kitchen.cookbook.spec != first.cookbook.spec:
            raise BrigadeError(
                f"kitchens '{first.name}' and '{kitchen.name}' cannot be in one batch: "
                f"their cookbooks are both called '{first.cookbook.name}', and differ"
            )
        return enlarge(kitchen, *self.size)

    def seat(self, count: int) -> None:
        """Give so many kitchens a room each."""
        self.arrays = self.arrays._replace(room=(np.arange(count) % len(self)).astype(np.int32))

    def maps_for(self, observer: Eye) -> Any:
        """What an observer looks up about the rooms."""
        if observer.name not in self._maps:
            self._maps[observer.name] = observer.stacked([observer.map_of(kitchen) for kitchen in self.enlarged])
        return self._maps[observer.name]

    @property
    def horizons(self) -> NDArray[np.int32]:
        """(count,) ticks in an episode of each kitchen."""
        return np.asarray(self.arrays.numbers[self.arrays.room, HORIZON])

    def kitchen_of(self, k: int) -> Kitchen:
        """The room that kitchen k is in, as its file has it."""
        return self.kitchens[int(self.arrays.room[k])]

    def enlarged_of(self, k: int) -> Kitchen:
        """The room that kitchen k is in, on a map of the size of all."""
        return self.enlarged[int(self.arrays.room[k])]


def _arrays(layouts: Sequence[Layout], drawn: bool) -> RoomArrays:
    """Layouts side by side, no kitchen in any of them yet."""
    count = len(layouts)
    numbers = np.zeros((count, NUMBER_COUNT), np.int32)
    for row, layout in zip(numbers, layouts, strict=True):
        row[:] = _numbers(layout)
    return RoomArrays(
        room=np.zeros(0, np.int32),
        pool=np.arange(count, dtype=np.int32),
        drawn=np.array([count if drawn else 0], np.int32),
        step=layouts[0].step,
        tile=np.stack([layout.tile for layout in layouts]),
        start=np.stack([layout.start for layout in layouts]),
        start_item=np.stack([layout.start_item for layout in layouts]),
        stoves=_lists([layout.stoves for layout in layouts]),
        work_cells=_lists([layout.work_cells for layout in layouts]),
        dishes=_lists([layout.dishes for layout in layouts]),
        shaped=np.stack([layout.shaped for layout in layouts]),
        numbers=numbers,
    )


def _numbers(layout: Layout) -> tuple[int, ...]:
    """A row of `RoomArrays.numbers`."""
    return (
        layout.start_facing, layout.classic, layout.standing, layout.max_open, layout.spacing, layout.missed_penalty,
        layout.wrong_penalty, layout.horizon, len(layout.stoves), len(layout.work_cells), len(layout.dishes),
    )  # fmt: skip


def _lists(lists: Sequence[NDArray[np.int16]]) -> NDArray[np.int16]:
    """Lists as rows of one length; how long each is stands elsewhere."""
    table = np.zeros((len(lists), max(map(len, lists))), np.int16)
    for row, numbers in zip(table, lists, strict=True):
        row[: len(numbers)] = numbers
    return table
