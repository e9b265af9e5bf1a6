"""Observers whose kernels play the tick as well: a call of a game plays, begins and shows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from numpy.typing import NDArray

from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine.compiled import compiling, kernel
from brigade.envs.kitchen.engine.handle import Handle, Reader
from brigade.envs.kitchen.engine.room_list import stacked
from brigade.envs.kitchen.engine.rooms import choose_room, room_of
from brigade.envs.kitchen.engine.state import State
from brigade.envs.kitchen.engine.tick import (
    BEGIN,
    DONE,
    HOST,
    JOINT,
    LAYOUT,
    LOOKING,
    ROOMS,
    STATE,
    TABLES,
    do,
    host_at,
    joint_at,
    keep,
    layout_at,
    new_host,
    new_joint,
    read_host,
    read_joint,
    read_layout,
    read_state,
    read_tables,
    rooms_at,
    stage_of,
    state_at,
    tables_at,
    take,
    tell,
)
from brigade.envs.kitchen.observations.observe import Known, Observer, facts_of, what_is_known
from brigade.envs.registry import BrigadeError

KNOWN, PLAN, MAP, SEEN = range(4)  # parts of an observer's handle
KEPT = 4  # how many pairs of state and buffer an observer remembers the handles of
read_known = Reader(Known, {"status": 2, "limit": 2})
known_at = read_known.read


def playing(
    name: str,
    show: Callable[..., None],
    map_of: Callable[..., Any],
    readers: tuple[Reader, Reader, Reader, Reader],
    fetch_ahead: Callable[..., None],
) -> tuple[Callable[..., int], Callable[..., int]]:
    """The kernels of an observation, for kitchens of one room and of several; as `tick.unseen`.

    Args:
        name: of the observation.
        show: writes what the chefs of a kitchen see.
        map_of: what it looks up about one of several rooms.
        readers: of the plan, the map of a room, maps of several, and of where it is shown.
        fetch_ahead: begins to fetch from memory what is looked up about the kitchens after one.
    """
    plan_at, map_at, maps_at, seen_at = (reader.read for reader in readers)

    def one_room(game: int, eye: int, mode: int, checked: bool, lo: int, hi: int) -> int:
        s, layout, tables = state_at(game, STATE), layout_at(game, LAYOUT), tables_at(game, TABLES)
        joint, host = joint_at(game, JOINT), host_at(game, HOST)
        plan, room, rows = plan_at(eye, PLAN), map_at(eye, MAP), seen_at(eye, SEEN).rows
        facts = facts_of(known_at(eye, KNOWN), layout, tables)
        if checked:
            bad = take(joint, host, lo, hi)
            if bad >= 0:
                return bad
        ended, turns, turn = 0, 1, 0
        while turn < turns:
            for k in range(lo, hi):
                stage = stage_of(joint, mode, k, turn > 0)
                if stage != DONE:
                    row = do(s, k, layout, tables, joint, mode, stage)
                    show(s, k, facts, plan, room, rows[row])
                    ended += keep(s, joint, host, k, row, stage)
                    turns = turns if row == k else 2
            turn += 1
        tell(s, joint, host, mode)
        return -1 - ended

    def several_rooms(game: int, eye: int, mode: int, checked: bool, lo: int, hi: int) -> int:
        s, rooms, tables = state_at(game, STATE), rooms_at(game, ROOMS), tables_at(game, TABLES)
        joint, host = joint_at(game, JOINT), host_at(game, HOST)
        known, plan, maps, rows = known_at(eye, KNOWN), plan_at(eye, PLAN), maps_at(eye, MAP), seen_at(eye, SEEN).rows
        if checked:
            bad = take(joint, host, lo, hi)
            if bad >= 0:
                return bad
        ended, turns, turn = 0, 1, 0
        while turn < turns:
            for k in range(lo, hi):
                if turn == 0:
                    fetch_ahead(s, k, hi, rooms, maps)
                stage = stage_of(joint, mode, k, turn > 0)
                if stage == BEGIN:
                    choose_room(rooms, s, k)
                if stage != DONE:
                    layout = room_of(rooms, rooms.room[k])
                    row = do(s, k, layout, tables, joint, mode, stage)
                    show(s, k, facts_of(known, layout, tables), plan, map_of(maps, rooms.room[k]), rows[row])
                    ended += keep(s, joint, host, k, row, stage)
                    turns = turns if row == k else 2
            turn += 1
        tell(s, joint, host, mode)
        return -1 - ended

    one_room.__qualname__, several_rooms.__qualname__ = f"{name}_one_room", f"{name}_several_rooms"  # to be kept under
    return kernel(one_room), kernel(several_rooms)


class CompiledObserver(Observer):
    """Shows kitchens by kernels that are given handles.

    Attributes:
        kernels: for kitchens of one room, and of several; as `tick.unseen`.
        readers: of the plan, the map of a room, maps of several, and of where it is shown.
        known: what is going on with kinds on tiles.
        plan: what the kernels look up about every room of the cookbook.
    """

    kernels: ClassVar[tuple[Callable[..., int], Callable[..., int]]]
    readers: ClassVar[tuple[Reader, Reader, Reader, Reader]]
    plan: Any

    def __init__(self, kitchen: Kitchen):
        super().__init__(kitchen)
        self.known = what_is_known(kitchen)
        self._own: Any = None
        self._handles: tuple[tuple[State, NDArray[Any], Handle, Handle], ...] = ()

    @abstractmethod
    def map_of(self, kitchen: Kitchen) -> Any:
        """What the kernels look up about one room, as a named tuple."""

    @property
    def own_map(self) -> Any:
        """The map of the kitchen that is observed."""
        if self._own is None:
            self._own = self.map_of(self.kitchen)
        return self._own

    def rows(self, count: int) -> NDArray[Any]:
        """(2 * count, chefs, size) zeros: what so many kitchens show, and the last of episodes that ended."""
        return self.buffer(2 * count).reshape(2 * count, self.kitchen.chefs, -1)

    def eye(self, rows: NDArray[Any], maps: Any = None) -> Handle:
        """The handle with which the kernels write into `rows`, of this kitchen or of rooms with these maps."""
        plan, one, several, seen = self.readers
        where = (one, self.own_map) if maps is None else (several, maps)
        return Handle((read_known, self.known), (plan, self.plan), where, (seen, seen.kind(rows)))

    def stacked(self, maps: Sequence[Any]) -> Any:
        """The maps of several rooms as one; lists that are shorter than others go on with -1."""
        kind = self.readers[2].kind
        return kind(*map(stacked, zip(*maps, strict=True)))

    def write(self, state: State, buffer: NDArray[Any], lo: int, hi: int) -> None:
        """Write what the chefs of kitchens lo..hi-1 see into their rows of a `buffer`."""
        game, eye = self._handles_of(state, buffer)
        if self._warm:
            self.kernels[0](game.ref, eye.ref, LOOKING, False, lo, hi)
            return
        with compiling("the rules and the observations"):
            self.kernels[0](game.ref, eye.ref, LOOKING, False, lo, hi)
        self._warm = True

    def _handles_of(self, state: State, buffer: NDArray[Any]) -> tuple[Handle, Handle]:
        for held_state, held_buffer, game, eye in self._handles:
            if held_state is state and held_buffer is buffer:
                return game, eye
        count, chefs = state.pos.shape
        if len(buffer) != count:
            raise BrigadeError(f"expected a buffer of {count} kitchens, as the state has, got one of {len(buffer)}")
        game = Handle(
            (read_state, state), (read_layout, self.kitchen.layout), (read_tables, self.kitchen.tables),
            (read_joint, new_joint(0, chefs)), (read_host, new_host(0, chefs)),
        )  # fmt: skip
        eye = self.eye(buffer.reshape(count, chefs, -1))
        self._handles = (*self._handles[1 - KEPT :], (state, buffer, game, eye))
        return game, eye

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles lead to arrays of their own."""
        return {**self.__dict__, "_handles": ()}
