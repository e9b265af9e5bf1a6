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
from brigade.envs.kitchen.engine.state import SERVED, State, allocate, check_fits
from brigade.envs.kitchen.observations.features import Features, features_range
from brigade.envs.kitchen.observations.observe import Facts, Observer, known_facts, make_observer
from brigade.envs.kitchen.observations.planes import Planes, planes_range
from brigade.envs.registry import BrigadeError

ON_DEVICE = ("features", "planes")  # observations that are made there
THREADS = 128  # in a block
WORD = 8  # bytes
LARGEST_KERNEL = 4096  # bytes; drivers since 530 take eight times as many on cards since Volta
SIMULATED = bool(config.ENABLE_CUDASIM)

DeviceArray = Any  # numba.cuda's; a NumPy array in the simulator


class Joint(NamedTuple):
    """What comes into a step and what comes out of it, on the device.

    Arrays are handed to kernels inside of tuples only: those the simulator leaves alone, which lets the compiled rules
    take them.
    """

    actions: NDArray[np.int8]  # (N, C)
    results: NDArray[np.int32]  # (3, N) change of each score; points, and dishes served, of the episode it belongs to
    shaped: NDArray[np.int16]  # (N, C) shaped rewards
    over: NDArray[np.bool_]  # (N,) whether an episode ended with this step; for `begin_kernel`, where one is to begin


class Known(NamedTuple):
    """What `Facts` holds beyond the layout and the tables."""

    status: NDArray[np.uint8]  # (T, K)
    limit: NDArray[np.int16]  # (T, K)
    horizon: int  # ticks


class Shown(NamedTuple):
    """Observations, on the device."""

    now: NDArray[Any]  # (N, C, size) what the chefs see
    final: NDArray[Any]  # (N, C, size) last observations of the episodes that ended with the last step


def device_function(function: Callable[..., object]) -> Any:
    """Make `function` callable from kernels."""
    return function if SIMULATED else cuda.jit(device=True)(function)


def device_kernel(function: Callable[..., None]) -> Any:
    """Compile `function` for the device when it is first launched: `function[blocks, threads](...)`."""
    return cuda.jit(function)


@device_function
def begin_one(s: State, k: int, layout: Layout, tables: Tables) -> None:
    """Begin the next episode of kitchen k."""
    s.episode[k] += 1
    rules.reset_one(s, k, layout, tables)


@device_function
def tick_one(s: State, k: int, layout: Layout, tables: Tables, joint: Joint, known: Known) -> None:
    """One tick of kitchen k, and what came of it into `joint`."""
    joint.results[0, k] = rules.step_one(s, k, layout, tables, joint.actions)
    joint.results[1, k] = s.score[k]
    joint.results[2, k] = s.stats[k, SERVED]
    joint.over[k] = s.tick[k] >= known.horizon
    for c in range(s.pos.shape[1]):
        joint.shaped[k, c] = s.shaped[k, c]


@device_function
def facts_of(known: Known, layout: Layout, tables: Tables) -> Facts:
    """What the observations look up, put together again from arrays that are handed over only once."""
    return Facts(
        known.status, known.limit, tables.lifetime, layout.tile, layout.step, tables.rule, layout.max_open,
        known.horizon, layout.standing,
    )  # fmt: skip


@device_kernel
def begin_kernel(s: State, layout: Layout, tables: Tables, joint: Joint) -> None:
    """Begin the next episode in the kitchens marked in `joint.over`."""
    k = cuda.grid(1)
    if k < joint.over.shape[0] and joint.over[k]:
        begin_one(s, k, layout, tables)


@device_kernel
def step_kernel(s: State, layout: Layout, tables: Tables, joint: Joint, known: Known) -> None:
    """One tick everywhere, without observations."""
    k = cuda.grid(1)
    if k < joint.over.shape[0]:
        tick_one(s, k, layout, tables, joint, known)
        if joint.over[k]:
            begin_one(s, k, layout, tables)


def observing(write: Callable[..., None]) -> tuple[Any, Any]:
    """The kernels of an observation, which `write` writes: to show it, and to step and show it."""

    @device_kernel
    def show_kernel(s: State, layout: Layout, tables: Tables, known: Known, plan: Any, shown: Shown) -> None:
        """What the chefs see."""
        k = cuda.grid(1)
        if k < shown.now.shape[0]:
            write(s, facts_of(known, layout, tables), plan, shown.now, k, k + 1)

    @device_kernel
    def step_and_show_kernel(
        s: State, layout: Layout, tables: Tables, joint: Joint, known: Known, plan: Any, shown: Shown
    ) -> None:
        """One tick everywhere, and what the chefs see."""
        k = cuda.grid(1)
        if k < joint.over.shape[0]:
            tick_one(s, k, layout, tables, joint, known)
            facts = facts_of(known, layout, tables)
            if joint.over[k]:
                write(s, facts, plan, shown.final, k, k + 1)
                begin_one(s, k, layout, tables)
            write(s, facts, plan, shown.now, k, k + 1)

    return show_kernel, step_and_show_kernel


KERNELS = {Features: observing(features_range), Planes: observing(planes_range)}


class CudaGame:
    """`count` kitchens with the same map, stepped together on a GPU.

    Like `KitchenVectorEnv` it begins the next episode in the step in which one ends.

    Args:
        kitchen: a kitchen, or its name.
        count: how many.
        observation: `features`, `planes`, or None.

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

    def __init__(self, kitchen: Kitchen | str, count: int, observation: str | None = "features"):
        if not available():
            raise BrigadeError("no GPU that Numba can use; NUMBA_ENABLE_CUDASIM=1 simulates one, slowly")
        if not COMPILED:
            raise BrigadeError("kitchens on a GPU need compiled rules; unset NUMBA_DISABLE_JIT")
        if count < 1:
            raise BrigadeError(f"count must be at least 1, got {count}")
        self.kitchen = load_kitchen(kitchen) if isinstance(kitchen, str) else kitchen
        self.count, chefs = count, self.kitchen.chefs
        self._grid = -(-count // THREADS), min(count, THREADS)  # blocks, threads
        self._rules = _moved(self.kitchen.layout), _moved(self.kitchen.tables)
        self._state = _moved(allocate(self.kitchen, count))
        each = np.zeros((count, chefs), np.int16)
        self._joint = _moved(
            Joint(each.astype(np.int8), np.zeros((3, count), np.int32), each, np.zeros(count, np.bool_))
        )
        self.actions, self.results, self.shaped, self.over = self._joint
        self.rewards = self.results[0]
        self.observations: DeviceArray = None
        self.final: DeviceArray = None
        facts = known_facts(self.kitchen)
        self._known = _moved(Known(facts.status, facts.limit, facts.horizon))
        self._seeing: tuple[Any, ...] = ()  # plan of the observations, and where they go
        self._begin, self._show, self._step = self._launched(begin_kernel), None, self._launched(step_kernel)
        if observation is not None:
            self._prepare(make_observer(observation, self.kitchen))

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
        self._begin(self._state, *self._rules, self._joint)
        self._observe()

    def step(self, actions: ArrayLike | None = None) -> None:
        """One tick everywhere.

        Args:
            actions: (count, chefs) numbers 0-5; None for those that are in `self.actions`. They are not looked at: a
                number out of range makes a chef stay.
        """
        if actions is not None:
            _fill(self.actions, np.asarray(actions, np.int8))
        self._step(*self.arguments)

    @property
    def state(self) -> State:
        """A copy of the whole state, off the device."""
        return State(*map(fetched, self._state))

    @property
    def ticks(self) -> DeviceArray:
        """(count,) int32 ticks played in the episodes under way, on the device; to be read only."""
        return self._state.tick

    def restore(self, saved: State) -> None:
        """Go back to a copy of the state, this game's or a `Game`'s, with its order scripts.

        Raises:
            BrigadeError: it is of another number of kitchens, or of another kitchen.
        """
        if self._state.script.shape != saved.script.shape and len(saved.script) == self.count:
            self._state = self._state._replace(script=_on_device(saved.script))
        check_fits(self._state, saved)
        for name in State._fields:
            _fill(getattr(self._state, name), getattr(saved, name))
        self._observe()

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What the kernel of a step is handed."""
        return self._state, *self._rules, self._joint, self._known, *self._seeing

    def _prepare(self, observer: Observer) -> None:
        if not isinstance(observer, Features | Planes):
            raise BrigadeError(
                f"the observation '{observer.name}' cannot be made on a GPU; known: {', '.join(ON_DEVICE)}"
            )
        flat = observer.buffer(self.count).reshape(self.count, self.kitchen.chefs, -1)
        shown = _moved(Shown(flat, flat))
        self.observations, self.final = shown
        self._seeing = _moved(observer.plan), shown
        self._show, self._step = map(self._launched, KERNELS[type(observer)])

    def _launched(self, kernel: Any) -> Any:
        """The kernel with a thread for each kitchen."""
        with warnings.catch_warnings():  # that so few kitchens leave some of the GPU idle
            warnings.simplefilter("ignore", NumbaPerformanceWarning)
            return kernel[self._grid]

    def _observe(self) -> None:
        if self._show is not None:
            self._show(self._state, *self._rules, self._known, *self._seeing)


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
