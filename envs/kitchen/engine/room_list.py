"""The rooms that the kitchens of a batch are in: of one cookbook, written into maps of one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brigade.envs.kitchen.content.layout import Kitchen, Layout, enlarge
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.rooms import HORIZON, NUMBER_COUNT, RoomArrays
from brigade.envs.registry import BrigadeError

if TYPE_CHECKING:
    from brigade.envs.kitchen.engine.eye import Eye

ROOM_FIELDS = RoomArrays._fields.index("tile")  # from here on, arrays have a row for each room


class Supply(Protocol):
    """Where new rooms come from."""

    def ask(self, number: int) -> None:
        """Begin to make room `number`."""
        ...

    def take(self, number: int) -> Kitchen:
        """Room `number`."""
        ...

    def close(self) -> None:
        """Make no more."""
        ...


class RoomList:
    """R rooms of one cookbook.

    Args:
        kitchens: the rooms.
        size: columns and rows of the maps; by default as many as the largest room has.
        drawn: whether each episode is in a room drawn from all of them; otherwise kitchen k keeps room k modulo R.
        horizon: ticks in an episode of rooms that are added by name; None for their own.

    Attributes:
        kitchens: the rooms, as their files have them.
        enlarged: the same, on maps of `size`.
        standard: the first of those, which has in common with the others whatever they have in common.
        arrays: what kernels read.

    Raises:
        BrigadeError: there is no room, they do not go together, or one is too large.
    """

    def __init__(
        self,
        kitchens: Sequence[Kitchen],
        size: tuple[int, int] | None = None,
        drawn: bool = False,
        horizon: int | None = None,
    ):
        if not kitchens:
            raise BrigadeError("no rooms; expected at least one")
        self.size = size or tuple(max(kitchen.room[axis] for kitchen in kitchens) for axis in (0, 1))
        self.kitchens, self.drawn, self.horizon = list(kitchens), drawn, horizon
        self.first = kitchens[0]
        self.enlarged = [self.fitted(kitchen) for kitchen in kitchens]
        self.standard = self.enlarged[0]
        self.max_open = max(kitchen.layout.max_open for kitchen in kitchens)
        self.arrays = _arrays([kitchen.layout for kitchen in self.enlarged], drawn)
        self._maps: dict[str, tuple[Eye, Any]] = {}  # by observer, with who makes them
        self._supply: Supply | None = None
        self.refill: int | None = None  # ticks between one new room and the next
        self._ticks, self._leaving = 0, -1
        self._numbers = list(range(len(kitchens)))  # which of all rooms that are ever made each is
        self._age = list(range(len(kitchens)))  # the rooms that are drawn from, oldest first

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
        # What is the same is there once.
        return enlarge(replace(kitchen, cookbook=first.cookbook, tables=first.tables), *self.size)

    def find(self, wanted: str | Kitchen) -> int:
        """The number of a room by name, or of a kitchen; one that is not there is added, and games are bound anew.

        Raises:
            BrigadeError: there is no such kitchen, or it cannot be in a batch with the others.
        """
        for r, kitchen in enumerate(self.kitchens):
            if kitchen is wanted or wanted in (kitchen.name, kitchen.source):
                return r
        if isinstance(wanted, Kitchen):
            return self.add(wanted)
        return self.add(load_kitchen(wanted, self.horizon, self.first.spec.old_dynamics))

    def keep_only(self, which: NDArray[np.bool_], rooms: ArrayLike) -> None:
        """The next episodes of the kitchens that are marked are in these rooms, whatever would be drawn for them."""
        self.arrays.fixed[:] = 0
        self.arrays.fixed[which] = 1
        self.arrays.room[which] = np.broadcast_to(rooms, which.shape)[which]

    def be_in(self, room: NDArray[np.int32] | None) -> None:
        """Let kitchens be in the rooms (count,) that they were in when a state was kept which is put back.

        Raises:
            BrigadeError: they are not said, or there are no such rooms.
        """
        if room is None:
            raise BrigadeError("with rooms, a state is put back together with them: restore(saved, room)")
        if room.shape != self.arrays.room.shape or not np.isin(room, range(len(self))).all():
            raise BrigadeError(f"expected {len(self.arrays.room)} rooms from 0 to {len(self) - 1}")
        self.arrays.room[:] = room

    def close(self) -> None:
        """Make no more rooms."""
        if self._supply is not None:
            self._supply.close()

    def seat(self, count: int) -> None:
        """Give so many kitchens a room each.

        Raises:
            BrigadeError: other kitchens are in these rooms already.
        """
        if len(self.arrays.room):
            raise BrigadeError("these rooms belong to another batch already; make a list of rooms for each")
        rooms = (np.arange(count) % len(self)).astype(np.int32)
        self.arrays = self.arrays._replace(room=rooms, fixed=np.zeros(count, np.int8))

    def maps_for(self, observer: Eye) -> Any:
        """What an observer looks up about the rooms."""
        if observer.name not in self._maps:
            maps = observer.stacked([observer.map_of(kitchen) for kitchen in self.enlarged])
            self._maps[observer.name] = observer, maps
        return self._maps[observer.name][1]

    def supplied(self, supply: Supply, refill: int) -> None:
        """From now on a new room takes the place of the oldest one whenever so many ticks have been played."""
        self._supply, self.refill = supply, refill
        supply.ask(self._next)

    def turn_over(self) -> bool:
        """Count a tick, and exchange a room if it is time.

        The oldest one is drawn no more, and once nobody is in it a new one takes its place. When that is depends on the
        ticks played and on where the kitchens are, and on nothing else.

        Returns:
            Whether arrays have been replaced, so that games have to be bound anew.
        """
        assert self._supply is not None
        assert self.refill is not None
        self._ticks += 1
        if self._ticks % self.refill:
            return False
        moved = False
        if self._leaving < 0:
            self._leaving = self._age.pop(0)
            self._draw_from(self._age)
        elif not (self.arrays.room == self._leaving).any():
            moved = self._renew(self._leaving, self._next)
            self._age.append(self._leaving)
            self._draw_from(self._age)
            self._leaving = -1
            self._supply.ask(self._next)
        return moved

    @property
    def _next(self) -> int:
        return max(self._numbers) + 1

    def _renew(self, r: int, number: int) -> bool:
        assert self._supply is not None
        moved = self.put(r, self._supply.take(number))
        self._numbers[r] = number
        return moved

    def kept(self, room: NDArray[np.int32]) -> dict[str, Any]:
        """What `put_back` goes on from, as plain data; `room` says which each kitchen is in."""
        return {
            "room": room.tolist(), "numbers": list(self._numbers), "age": list(self._age), "ticks": self._ticks,
            "leaving": self._leaving,
        }  # fmt: skip

    def put_back(self, kept: dict[str, Any], count: int) -> NDArray[np.int32]:
        """Be as when this was kept.

        Returns:
            (count,) which room each kitchen is in.

        Raises:
            BrigadeError: it was kept by other rooms.
        """
        numbers, age, room = kept["numbers"], kept["age"], np.array(kept["room"], np.int32)
        every = range(len(self))
        fits = len(numbers) == len(self) and set(age) <= set(every) and -1 <= kept["leaving"] < len(self)
        if not fits or room.shape != (count,) or not np.isin(room, every).all() or not age:
            raise BrigadeError("rooms: kept of others than there are here")
        for r, number in enumerate(numbers):
            if number != self._numbers[r]:
                if self._supply is None:
                    raise BrigadeError("rooms: kept of others than there are here")
                self._renew(r, number)
        self._age, self._ticks, self._leaving = list(age), kept["ticks"], kept["leaving"]
        if self.drawn:
            self._draw_from(age)
        if self._supply is not None:
            self._supply.ask(self._next)
        return room

    def put(self, r: int, kitchen: Kitchen) -> bool:
        """Let another room take the place of room r, in which nobody is.

        Returns:
            Whether arrays have been replaced, so that games have to be bound anew.

        Raises:
            BrigadeError: it cannot be in a batch with the others.
        """
        larger = self._held(kitchen)
        self.kitchens[r], self.enlarged[r] = kitchen, larger
        one, names = _arrays([larger.layout], self.drawn), RoomArrays._fields[ROOM_FIELDS:]
        rows, moved = _put(RoomArrays, self.arrays, r, {name: getattr(one, name)[0] for name in names})
        self.arrays = rows
        for name, (observer, maps) in self._maps.items():
            made, grown = _put(type(maps), maps, r, observer.map_of(larger)._asdict())
            self._maps[name], moved = (observer, made), moved or grown
        return moved

    def add(self, kitchen: Kitchen) -> int:
        """Put one more room behind the others, which is not drawn from. Games have to be bound anew.

        Raises:
            BrigadeError: it cannot be in a batch with the others.
        """
        self._held(kitchen)  # before anything is changed
        arrays = self.arrays
        grown = {name: _longer(getattr(arrays, name)) for name in RoomArrays._fields[ROOM_FIELDS:]}
        self.arrays = arrays._replace(pool=_longer(arrays.pool), **grown)
        self._maps = {
            name: (observer, type(maps)(*map(_longer, maps))) for name, (observer, maps) in self._maps.items()
        }
        self.kitchens.append(kitchen)
        self.enlarged.append(self.standard)
        self._numbers.append(0)
        self.put(len(self) - 1, kitchen)
        return len(self) - 1

    def _held(self, kitchen: Kitchen) -> Kitchen:
        """As `fitted`, of a room that comes in later."""
        larger = self.fitted(kitchen)
        if larger.layout.max_open > self.max_open:
            raise BrigadeError(
                f"kitchen '{kitchen.name}' has {larger.layout.max_open} open orders, and this batch room for "
                f"{self.max_open}"
            )
        return larger

    def _draw_from(self, rooms: Sequence[int]) -> None:
        self.arrays.pool[: len(rooms)] = rooms
        self.arrays.drawn[0] = len(rooms)

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
        fixed=np.zeros(0, np.int8),
        pool=np.arange(count, dtype=np.int32),
        drawn=np.array([count if drawn else 0], np.int32),
        step=layouts[0].step,
        tile=np.stack([layout.tile for layout in layouts]),
        start=np.stack([layout.start for layout in layouts]),
        start_item=np.stack([layout.start_item for layout in layouts]),
        stoves=stacked([layout.stoves for layout in layouts]),
        work_cells=stacked([layout.work_cells for layout in layouts]),
        dishes=stacked([layout.dishes for layout in layouts]),
        shaped=np.stack([layout.shaped for layout in layouts]),
        numbers=numbers,
    )


def _numbers(layout: Layout) -> tuple[int, ...]:
    """A row of `RoomArrays.numbers`."""
    return (
        layout.start_facing, layout.classic, layout.standing, layout.max_open, layout.spacing, layout.missed_penalty,
        layout.wrong_penalty, layout.horizon, len(layout.stoves), len(layout.work_cells), len(layout.dishes),
    )  # fmt: skip


def stacked(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Arrays as rows of one form: where one is shorter than others, whole numbers go on with -1, all else with 0."""
    rows = _blank((len(parts), *np.max([part.shape for part in parts], axis=0)), parts[0].dtype)
    for row, part in zip(rows, parts, strict=True):
        row[tuple(map(slice, part.shape))] = part
    return rows


def _blank(shape: Sequence[int], dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.full(shape, -1 if dtype.kind == "i" else 0, dtype)


def _put(kind: type[Any], arrays: Any, r: int, row: dict[str, NDArray[Any]]) -> tuple[Any, bool]:
    """Write into row r of arrays, which are replaced by larger ones if it does not fit.

    Returns:
        The arrays, and whether any has been replaced.
    """
    replaced = {}
    for name, values in row.items():
        rows = getattr(arrays, name)
        if any(new > old for new, old in zip(values.shape, rows.shape[1:], strict=True)):
            grown = _blank((len(rows), *np.maximum(values.shape, rows.shape[1:])), rows.dtype)
            grown[tuple(map(slice, rows.shape))] = rows
            replaced[name] = rows = grown
        rows[r] = _blank((), rows.dtype)
        rows[(r, *map(slice, values.shape))] = values
    return arrays._replace(**replaced), bool(replaced)


def _longer(rows: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([rows, rows[-1:]])
