"""Kitchens on a GPU: the very same rules, compiled a second time, one thread per kitchen.

State, rewards and observations stay on the device. Learners share them through `__cuda_array_interface__`, as in
`torch.as_tensor(game.observations)`, so that a rollout never crosses the bus. Results are those of the CPU, bit for
bit. With `NUMBA_ENABLE_CUDASIM=1` in the environment everything runs in Numba's simulator, without a GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import cuda
from numba.core import config
from numpy.typing import ArrayLike, NDArray

from brigade.envs.kitchen import rules
from brigade.envs.kitchen.features import Features, FeaturesPlan, features_range
from brigade.envs.kitchen.layout import Kitchen, Layout, load_kitchen
from brigade.envs.kitchen.observe import Facts, make_observer
from brigade.envs.kitchen.planes import Planes, PlanesPlan, planes_range
from brigade.envs.kitchen.state import State, allocate
from brigade.envs.kitchen.tables import Tables
from brigade.envs.registry import BrigadeError

THREADS = 128  # in a block
SIMULATED = bool(config.ENABLE_CUDASIM)

DeviceArray = Any  # numba.cuda's; a NumPy array in the simulator


def device_kernel(function: Callable[..., None]) -> Any:
    """Compile `function` for the device when it is first launched: `function[blocks, threads](...)`."""
    return cuda.jit(function)


class Joint(NamedTuple):
    """What comes into a step and what comes out of it, on the device.

    Arrays are handed to kernels inside of tuples only: those the simulator leaves alone, which lets the compiled rules
    take them.
    """

    actions: NDArray[np.int8]  # (N, C)
    rewards: NDArray[np.int32]  # (N,) change of each score
    over: NDArray[np.bool_]  # (N,) whether the episode ended with this step
    which: NDArray[np.bool_]  # (N,) kitchens to be reset


class Shown(NamedTuple):
    """Observations, on the device."""

    now: NDArray[Any]  # (N, C, size) what the chefs see
    final: NDArray[Any]  # (N, C, size) last observations of the episodes that ended with the last step


@device_kernel
def reset_kernel(s: State, layout: Layout, tables: Tables, joint: Joint) -> None:
    """Begin an episode in the kitchens marked in `joint.which`."""
    k = cuda.grid(1)
    if k < joint.which.shape[0] and joint.which[k]:
        rules.reset_one(s, k, layout, tables)


@device_kernel
def step_kernel(s: State, layout: Layout, tables: Tables, joint: Joint, horizon: int) -> None:
    """One tick everywhere."""
    k = cuda.grid(1)
    if k < joint.rewards.shape[0]:
        joint.rewards[k] = rules.step_one(s, k, layout, tables, joint.actions)
        joint.over[k] = s.tick[k] >= horizon


@device_kernel
def begin_kernel(s: State, layout: Layout, tables: Tables, joint: Joint) -> None:
    """Begin the next episode where one is over."""
    k = cuda.grid(1)
    if k < joint.over.shape[0] and joint.over[k]:
        s.episode[k] += 1
        rules.reset_one(s, k, layout, tables)


@device_kernel
def features_kernel(s: State, facts: Facts, plan: FeaturesPlan, joint: Joint, shown: Shown, final: bool) -> None:
    """What the chefs see, or saw last where an episode is over."""
    k = cuda.grid(1)
    if k < joint.over.shape[0]:
        if not final:
            features_range(s, facts, plan, shown.now, k, k + 1)
        elif joint.over[k]:
            features_range(s, facts, plan, shown.final, k, k + 1)


@device_kernel
def planes_kernel(s: State, facts: Facts, plan: PlanesPlan, joint: Joint, shown: Shown, final: bool) -> None:
    """What the chefs see, or saw last where an episode is over."""
    k = cuda.grid(1)
    if k < joint.over.shape[0]:
        if not final:
            planes_range(s, facts, plan, shown.now, k, k + 1)
        elif joint.over[k]:
            planes_range(s, facts, plan, shown.final, k, k + 1)


KERNELS = {Features: features_kernel, Planes: planes_kernel}


class CudaGame:
    """`count` kitchens with the same map, stepped together on a GPU.

    Like `KitchenVectorEnv` it begins the next episode in the step in which one ends.

    Args:
        kitchen: a kitchen, or its name.
        count: how many.
        observation: `features`, `planes`, or None.

    Attributes:
        rewards: (count,) int32 change of each score in the last step, on the device.
        over: (count,) bool whether an episode ended with it.
        observations: (count, chefs, size) what the chefs see now, flattened; None without.
        final: (count, chefs, size) what they saw last, where `over`; elsewhere meaningless.

    Raises:
        BrigadeError: there is no GPU that Numba can use, or the observation cannot be made there.
    """

    def __init__(self, kitchen: Kitchen | str, count: int, observation: str | None = "features"):
        if not available():
            raise BrigadeError("no GPU that Numba can use; NUMBA_ENABLE_CUDASIM=1 simulates one, slowly")
        self.kitchen = load_kitchen(kitchen) if isinstance(kitchen, str) else kitchen
        self.count, chefs = count, self.kitchen.chefs
        self._shape = -(-count // THREADS), min(count, THREADS)  # blocks, threads
        self._layout, self._tables = _moved(self.kitchen.layout), _moved(self.kitchen.tables)
        self._state = _moved(allocate(self.kitchen, count))
        flags = np.zeros(count, np.bool_)
        joint = Joint(np.zeros((count, chefs), np.int8), np.zeros(count, np.int32), flags, flags)
        self._joint = _moved(joint)
        self.rewards: DeviceArray = self._joint.rewards
        self.over: DeviceArray = self._joint.over
        self.observations: DeviceArray = None
        self.final: DeviceArray = None
        observer = None if observation is None else make_observer(observation, self.kitchen)
        self._show = None
        if observer is not None:
            if not isinstance(observer, Features | Planes):
                raise BrigadeError(f"the observation '{observation}' cannot be made on a GPU; known: features, planes")
            flat = observer.buffer(count).reshape(count, chefs, -1)
            self._shown = _moved(Shown(flat, flat))
            self.observations, self.final = self._shown
            self._facts, self._plan = _moved(observer.facts), _moved(observer.plan)
            self._show = KERNELS[type(observer)][self._shape]

    def reset(self, seeds: ArrayLike) -> None:
        """Begin the first episode of each kitchen, from (count,) seeds."""
        given = np.asarray(seeds, np.int64)
        if given.shape != (self.count,):
            raise BrigadeError(f"expected {self.count} seeds, got an array of shape {given.shape}")
        _fill(self._state.seed, given & rules.MASK_32)
        _fill(self._state.episode, np.zeros(self.count, np.int64))
        _fill(self._joint.which, np.ones(self.count, np.bool_))
        reset_kernel[self._shape](self._state, self._layout, self._tables, self._joint)
        self._observe(final=False)

    def step(self, actions: Any) -> None:
        """One tick everywhere.

        Args:
            actions: (count, chefs) int8 numbers 0-5, on the device or not. They are not looked at: a number out of
                range makes a chef stay.
        """
        _fill(self._joint.actions, actions)
        step_kernel[self._shape](self._state, self._layout, self._tables, self._joint, self.kitchen.horizon)
        self._observe(final=True)
        begin_kernel[self._shape](self._state, self._layout, self._tables, self._joint)
        self._observe(final=False)

    def state(self) -> State:
        """A copy of the whole state, off the device."""
        return State(*map(fetched, self._state))

    def _observe(self, final: bool) -> None:
        if self._show is not None:
            self._show(self._state, self._facts, self._plan, self._joint, self._shown, final)


def available() -> bool:
    """Whether there is a GPU, or the simulator of one."""
    return bool(cuda.is_available())


def fetched(array: DeviceArray) -> NDArray[Any]:
    """A copy of an array, off the device."""
    return np.array(array) if SIMULATED else array.copy_to_host()


def _moved(arrays: Any) -> Any:
    """The same named tuple with its arrays on the device."""
    move = np.array if SIMULATED else cuda.to_device
    return arrays._replace(
        **{name: move(value) for name, value in arrays._asdict().items() if isinstance(value, np.ndarray)}
    )


def _fill(array: DeviceArray, values: Any) -> None:
    if SIMULATED:
        array[...] = values
    else:
        array.copy_to_device(np.ascontiguousarray(values, array.dtype) if isinstance(values, np.ndarray) else values)
