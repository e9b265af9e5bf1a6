"""Kitchens on a GPU: the very same rules, compiled a second time, one thread per kitchen.

State, rewards and observations stay on the device. Learners share them through `__cuda_array_interface__`, as in
`torch.as_tensor(game.observations)`, so that a rollout never crosses the bus. Results are those of the CPU, bit for
bit. With `NUMBA_ENABLE_CUDASIM=1` in the environment everything runs in Numba's simulator, without a GPU.

A step is one kernel, since handing over its many arrays takes longer than a tick of some thousand kitchens. Older
drivers take `LARGEST_KERNEL` bytes of arguments, `argument_bytes` says how many there are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import cuda
from numba.core import config
from numba.core.errors import NumbaPerformanceWarning
from numpy.typing import ArrayLike, NDArray

from brigade.envs.kitchen.content.layout import Kitchen, Layout
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.content.tables import Tables
from brigade.envs.kitchen.engine import rules
from brigade.envs.kitchen.engine.compiled import COMPILED
from brigade.envs.kitchen.engine.room_list import RoomList
from brigade.envs.kitchen.engine.rooms import RoomArrays, choose_room, room_of
from brigade.envs.kitchen.engine.state import State, allocate, check_fits
from brigade.envs.kitchen.engine.tick import (
    BEGIN,
    BEGINNING,
    DONE,
    LOOKING,
    SAME_STEP,
    Joint,
    do,
    new_joint,
    stage_of,
)
from brigade.envs.kitchen.observations import features, planes
from brigade.envs.kitchen.observations.compiled_observer import CompiledObserver
from brigade.envs.kitchen.observations.observe import Known, facts_of, make_observer
from brigade.envs.registry import BrigadeError

ON_DEVICE = ("features", "planes")  # observations that are made there
THREADS = 128  # in a block
WORD = 8  # bytes
LARGEST_KERNEL = 4096  # bytes; drivers since 530 take eight times as many on cards since Volta
SIMULATED = bool(config.ENABLE_CUDASIM)

DeviceArray = Any  # numba.cuda's; a NumPy array in the simulator


class Shown(NamedTuple):
    """Observations, on the device.

    Arrays are handed to kernels inside of tuples only: those the simulator leaves alone, which lets the compiled rules
    take them.
    """

    rows: NDArray[Any]  # (2 * N, C, size) what the chefs see now, then the last of episodes that ended


def called_from_kernels(function: Any) -> Any:
    """A compiled function that kernels call by themselves: in the simulator plain, since it makes tuples of arrays."""
    return getattr(function, "py_func", function) if SIMULATED else function


room_on_device, facts_on_device = called_from_kernels(room_of), called_from_kernels(facts_of)


def device_kernel(function: Callable[..., None]) -> Any:
    """Compile `function` for the device when it is first launched: `function[blocks, threads](...)`."""
    return cuda.jit(function)


@device_kernel
def unseen_kernel(s: State, layout: Layout, tables: Tables, joint: Joint, mode: int) -> None:
    """What `tick.unseen` does: kitchens of one room, without observations."""
    k = cuda.grid(1)
    if k < joint.over.shape[0]:
        for turn in range(2):
            stage = stage_of(joint, mode, k, turn > 0)
            if stage != DONE:
                do(s, k, layout, tables, joint, mode, stage)


@device_kernel
def unseen_rooms_kernel(s: State, rooms: RoomArrays, tables: Tables, joint: Joint, mode: int) -> None:
    """The same, for kitchens of several rooms."""
    k = cuda.grid(1)
    if k < joint.over.shape[0]:
        for turn in range(2):
            stage = stage_of(joint, mode, k, turn > 0)
            if stage == BEGIN:
                choose_room(rooms, s, k)
            if stage != DONE:
                do(s, k, room_on_device(rooms, rooms.room[k]), tables, joint, mode, stage)


def observing(show: Callable[..., None], map_of: Callable[..., Any]) -> tuple[Any, Any]:
    """The kernels of an observation, for kitchens of one room and of several.

    Args:
        show: writes what the chefs of a kitchen see.
        map_of: what it looks up about one of several rooms.
    """

    @device_kernel
    def seen_kernel(
        s: State, layout: Layout, tables: Tables, joint: Joint, mode: int, known: Known, plan: Any, room: Any,
        shown: Shown,
    ) -> None:  # fmt: skip
        k = cuda.grid(1)
        if k < joint.over.shape[0]:
            facts = facts_on_device(known, layout, tables)
            for turn in range(2):
                stage = stage_of(joint, mode, k, turn > 0)
                if stage != DONE:
                    row = do(s, k, layout, tables, joint, mode, stage)
                    show(s, k, facts, plan, room, shown.rows[row])

    @device_kernel
    def seen_rooms_kernel(
        s: State, rooms: RoomArrays, tables: Tables, joint: Joint, mode: int, known: Known, plan: Any, maps: Any,
        shown: Shown,
    ) -> None:  # fmt: skip
        k = cuda.grid(1)
        if k < joint.over.shape[0]:
            for turn in range(2):
                stage = stage_of(joint, mode, k, turn > 0)
                if stage == BEGIN:
                    choose_room(rooms, s, k)
                if stage != DONE:
                    layout = room_on_device(rooms, rooms.room[k])
                    row = do(s, k, layout, tables, joint, mode, stage)
                    facts = facts_on_device(known, layout, tables)
                    show(s, k, facts, plan, map_of(maps, rooms.room[k]), shown.rows[row])

    return seen_kernel, seen_rooms_kernel


KERNELS: dict[str, tuple[Any, Any]] = {
    "features": observing(features.show_features, called_from_kernels(features.map_of)),
    "planes": observing(planes.show_planes, called_from_kernels(planes.map_of)),
}


class CudaGame:
    """`count` kitchens, stepped together on a GPU: all of one room, or each of one of several.

    Like `KitchenVectorEnv` it begins the next episode in the step in which one ends.

    Args:
        kitchen: a kitchen, or its name; None with `rooms`.
        count: how many.
        observation: `features`, `planes`, or None.
        rooms: the rooms that the kitchens are in. They are taken over as they are now.

    Attributes:
        actions: (count, chefs) int8 what the next step does, on the device; write here to keep actions there.
        rewards: (count,) int32 change of each score in the last step, on the device like all that follow.
        shaped: (count, chefs) int16 shaped rewards in it.
        over: (count,) bool whether an episode ended with it.
        results: (3, count) int32 `rewards`; points, and dishes served, of the episodes that they belong to.
        observations: (count, chefs, size) what the chefs see now, flattened; None without.
        final: (count, chefs, size) what they saw last, where `over`; elsewhere meaningless.

    Raises:
        BrigadeError: there is no GPU that Numba can use, or the observation cannot be made there.
    """

    def __init__(
        self, kitchen: Kitchen | str | None, count: int, observation: str | None = "features",
        rooms: RoomList | None = None,
    ):  # fmt: skip
        if not available():
            raise BrigadeError("no GPU that Numba can use; NUMBA_ENABLE_CUDASIM=1 simulates one, slowly")
        if not COMPILED:
            raise BrigadeError("kitchens on a GPU need compiled rules; unset NUMBA_DISABLE_JIT")
        if count < 1:
            raise BrigadeError(f"count must be at least 1, got {count}")
        if (kitchen is None) == (rooms is None):
            raise BrigadeError("expected a kitchen, or rooms; not both")
        given = kitchen if rooms is None else rooms.standard
        assert given is not None
        self.kitchen = load_kitchen(given) if isinstance(given, str) else given
        self.count, self.rooms, chefs = count, rooms, self.kitchen.chefs
        self._grid = -(-count // THREADS), min(count, THREADS)  # blocks, threads
        if rooms is not None:
            rooms.seat(count)
        self._where = _moved(self.kitchen.layout if rooms is None else rooms.arrays)
        self._tables = _moved(self.kitchen.tables)
        self._state = _moved(allocate(self.kitchen, count, None if rooms is None else rooms.max_open))
        self._joint = _moved(new_joint(count, chefs))
        self.actions, self.results, self.shaped, self.over = self._joint
        self.rewards = self.results[0]
        self.observations: DeviceArray = None
        self.final: DeviceArray = None
        self._seeing: tuple[Any, ...] = ()  # plan of the observations, and where they go
        kernel = (unseen_kernel, unseen_rooms_kernel)[rooms is not None]
        if observation is not None:
            kernel = self._prepare(observation)
        self._kernel = self._launched(kernel)

    def reset(self, seeds: ArrayLike) -> None:
        """Begin the first episode of each kitchen, from (count,) seeds."""
        given = np.asarray(seeds, np.int64)
        if given.shape != (self.count,):
            raise BrigadeError(f"expected {self.count} seeds, got an array of shape {given.shape}")
        _fill(self._state.seed, given & rules.MASK_32)
        _fill(self._state.episode, np.full(self.count, -1, np.int64))
        _fill(self._state.script_length, np.zeros(self.count, np.int32))
        self.next_episode(np.ones(self.count, np.bool_))

    def next_episode(self, which: NDArray[np.bool_]) -> None:
        """Begin the next episode in the kitchens that `which` (count,) marks."""
        _fill(self.over, which)
        self._kernel(*self.arguments(BEGINNING))

    def step(self, actions: ArrayLike | None = None) -> None:
        """One tick everywhere.

        Args:
            actions: (count, chefs) numbers 0-5; None for those that are in `self.actions`. They are not looked at: a
                number out of range makes a chef stay.
        """
        if actions is not None:
            _fill(self.actions, np.asarray(actions, np.int8))
        self._kernel(*self.arguments(SAME_STEP))

    @property
    def state(self) -> State:
        """A copy of the whole state, off the device."""
        return State(*map(fetched, self._state))

    @property
    def room(self) -> NDArray[np.int32]:
        """(count,) the room that each kitchen is in, off the device."""
        return np.zeros(self.count, np.int32) if self.rooms is None else fetched(self._where.room)

    @property
    def ticks(self) -> DeviceArray:
        """(count,) int32 ticks played in the episodes under way, on the device; to be read only."""
        return self._state.tick

    def restore(self, saved: State, room: NDArray[np.int32] | None = None) -> None:
        """Go back to a copy of the state, this game's or a `Game`'s, with its order scripts; and to its rooms.

        Raises:
            BrigadeError: it is of another number of kitchens, or of another kitchen; or the rooms are not said.
        """
        if self._state.script.shape != saved.script.shape and len(saved.script) == self.count:
            self._state = self._state._replace(script=_on_device(saved.script))
        check_fits(self._state, saved)
        if self.rooms is not None:
            self.rooms.be_in(room)
            _fill(self._where.room, self.rooms.arrays.room)
        for name in State._fields:
            _fill(getattr(self._state, name), getattr(saved, name))
        self._kernel(*self.arguments(LOOKING))

    def arguments(self, mode: int) -> tuple[Any, ...]:
        """What the kernel is handed."""
        return self._state, self._where, self._tables, self._joint, mode, *self._seeing

    def _prepare(self, name: str) -> Any:
        """Make room for an observation. Returns its kernel."""
        observer = make_observer(name, self.kitchen)
        if name not in KERNELS or not isinstance(observer, CompiledObserver):
            raise BrigadeError(f"the observation '{name}' cannot be made on a GPU; known: {', '.join(ON_DEVICE)}")
        shown = _moved(Shown(observer.rows(self.count)))
        self.observations, self.final = shown.rows[: self.count], shown.rows[self.count :]
        where = observer.own_map if self.rooms is None else self.rooms.maps_for(observer)
        self._seeing = _moved(observer.known), _moved(observer.plan), _moved(where), shown
        return KERNELS[name][self.rooms is not None]

    def _launched(self, kernel: Any) -> Any:
        """The kernel with a thread for each kitchen."""
        with warnings.catch_warnings():  # that so few kitchens leave some of the GPU idle
            warnings.simplefilter("ignore", NumbaPerformanceWarning)
            return kernel[self._grid]


def available() -> bool:
    """Whether there is a GPU, or the simulator of one."""
    return bool(cuda.is_available())


def wait() -> None:
    """Wait until the device has done all that it was asked to."""
    cuda.synchronize()


def fetched(array: DeviceArray) -> NDArray[Any]:
    """A copy of an array, off the device."""
    return np.array(array) if SIMULATED else array.copy_to_host()


def argument_bytes(arguments: Sequence[Any]) -> int:
    """Bytes that a kernel is handed: a word for each number, and for an array 5 and 2 for each axis."""
    words = 0
    for value in arguments:
        if isinstance(value, tuple):
            words += argument_bytes(value) // WORD
        else:
            words += 5 + 2 * value.ndim if hasattr(value, "ndim") else 1
    return words * WORD


def _moved(arrays: Any) -> Any:
    """The same named tuple with its arrays on the device."""
    return arrays._replace(
        **{name: _on_device(value) for name, value in arrays._asdict().items() if isinstance(value, np.ndarray)}
    )


def _on_device(array: NDArray[Any]) -> DeviceArray:
    """A copy of an array, on the device."""
    return np.array(array) if SIMULATED else cuda.to_device(np.ascontiguousarray(array))


def _fill(array: DeviceArray, values: NDArray[Any]) -> None:
    """Copy values of the same shape to the device."""
    if SIMULATED:
        array[...] = values
    else:
        array.copy_to_device(np.ascontiguousarray(values, array.dtype))
