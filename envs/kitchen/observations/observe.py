"""Observations: what each chef is shown of a kitchen, written by compiled kernels into arrays that are used again.

Three sorts, chosen by name: `planes` (an image-like stack for convolutions), `features` (a short vector for small
networks) and `symbolic` (the dictionary of `state.describe`, for planners and language models). Every chef sees
everything that the rules depend on, from its own point of view: itself first, then the others in seat order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.layout import ACTION_NAMES, LEFT, UP, Kitchen, Layout
from brigade.envs.kitchen.content.tables import COLLECT, EVENT, LIMIT, Tables
from brigade.envs.kitchen.engine.compiled import compiling, kernel
from brigade.envs.kitchen.engine.state import State, allocate, describe
from brigade.envs.registry import Registry

FULL = 255  # a plane's 1.0
COOKING, COLLECTABLE, WILL_BURN, BURNING = 1, 2, 4, 8  # bits of `status`
SYMBOLIC = "symbolic"  # the one observation that is no array
FACING_NAMES = ACTION_NAMES[LEFT : UP + 1]


class Facts(NamedTuple):
    """What both kernels look up about kinds on tiles. T tile types, K kinds, F components, D orderable dishes."""

    status: NDArray[np.uint8]  # (T, K) bits: cooking, a plate can take it, will burn, burning
    limit: NDArray[np.int16]  # (T, K) progress at which the kind changes there, 0 for never
    lifetime: NDArray[np.int16]  # (D,) ticks, 0 for never
    tile: NDArray[np.int16]  # (cells,) tile type
    step: NDArray[np.int16]  # (6,) what each action adds to a cell's number
    rule: NDArray[np.int16]  # (T, K, K) as in `Tables`
    max_open: int
    horizon: int  # ticks
    standing: bool


class Known(NamedTuple):
    """What `Facts` holds beyond the layout and the tables."""

    status: NDArray[np.uint8]  # (T, K)
    limit: NDArray[np.int16]  # (T, K)


class Part(NamedTuple):
    """One stretch of an observation: channels or features `first` to `first + len(labels) - 1`."""

    name: str
    first: int
    labels: tuple[str, ...]
    about: str


@kernel
def facts_of(known: Known, layout: Layout, tables: Tables) -> Facts:
    """What observations look up, put together from where it is."""
    return Facts(
        known.status, known.limit, tables.lifetime, layout.tile, layout.step, tables.rule, layout.max_open,
        layout.horizon, layout.standing,
    )  # fmt: skip


@kernel
def share_of(part: int, whole: int) -> int:
    """`part` of `whole` in 0..255; 0 when there is no whole."""
    if whole <= 0 or part <= 0:
        return 0
    if part >= whole:  # Numba's compiler for GPUs knows no min and max
        return FULL
    return part * FULL // whole


@kernel
def count_orders(s: State, k: int, dish: int) -> int:
    """How many open orders there are for a dish."""
    count = 0
    for i in range(s.orders_open[k]):
        if s.order_dish[k, i] == dish:
            count += 1
    return count


@kernel
def least_left(s: State, k: int, dish: int) -> int:
    """Ticks until the first open order for a dish expires, 0 for none."""
    least = 0
    for i in range(s.orders_open[k]):
        if s.order_dish[k, i] == dish:
            left = int(s.order_left[k, i])
            if least == 0 or left < least:
                least = left
    return least


@kernel
def urgency_of(status: int, progress: int, limit: int) -> int:
    """How near something is to burning, 0..255; 255 while it burns."""
    if status & BURNING:
        return FULL
    return share_of(progress, limit) if status & WILL_BURN else 0


@lru_cache(maxsize=64)
def what_is_known(kitchen: Kitchen) -> Known:
    """The tables that say what is going on with a kind on a tile."""
    tables = kitchen.tables
    limit = np.where(tables.cook_ticks > 0, tables.cook_ticks, tables.rows[tables.rule, LIMIT].max(axis=1))
    limit = np.where(limit > 0, limit, limit.max(axis=0))  # off its tile, or in a hand: as where it is worked on
    burns = (tables.cook_ticks > 0) & tables.burning[tables.cook_next]
    collectable = tables.rows[tables.rule[:, tables.empty_plate, :], EVENT] == COLLECT
    status = COOKING * (tables.cook_ticks > 0) + COLLECTABLE * collectable + WILL_BURN * burns
    return Known((status + BURNING * tables.burning).astype(np.uint8), limit.astype(np.int16))


class Parts:
    """Collects the parts of an observation, one after another."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.size = 0

    def add(self, name: str, about: str, labels: Iterable[str] = ()) -> int:
        """Add a part, labelled `name` or `name.label`, unless it is empty. Returns its first index."""
        first, named = self.size, tuple(f"{name}.{label}" if label else name for label in labels)
        if named:
            self.parts.append(Part(name, first, named, about))
        self.size += len(named)
        return first


def _object_array(things: Sequence[Any]) -> NDArray[np.object_]:
    array = np.empty(len(things), object)
    array[:] = things
    return array


class Described(gymnasium.Space[Any]):
    """The space of symbolic observations: dictionaries as `state.describe` makes them, with `you`, the seat.

    Args:
        kitchen: whose.
        shape: of the object array that holds them; empty for a dictionary by itself.
    """

    def __init__(self, kitchen: Kitchen, shape: tuple[int, ...] = ()):
        super().__init__(shape, np.dtype(object))
        self.kitchen = kitchen

    @property
    def is_np_flattenable(self) -> bool:
        """No: the number of items and orders varies."""
        return False

    def contains(self, x: Any) -> bool:
        """Whether `x` is such a dictionary, or an array of them."""
        if self.shape:
            return isinstance(x, np.ndarray) and x.shape == self.shape and all(map(self._fits, x.flat))
        return self._fits(x)

    def sample(self, mask: Any = None, probability: Any = None) -> Any:
        """The kitchen before anything has happened, seen from the first seat."""
        count = math.prod(self.shape or ())
        empty = [describe(self.kitchen, allocate(self.kitchen, 1)) | {"you": 0} for _ in range(count)]
        return _object_array(empty).reshape(self.shape) if self.shape else empty[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Described) and (self.kitchen.name, self.shape) == (other.kitchen.name, other.shape)

    def __repr__(self) -> str:
        return f"Described({self.kitchen.name!r}, {self.shape})"

    def _fits(self, x: Any) -> bool:
        keys = {"tick", "ticks_left", "score", "chefs", "items", "orders", "you"}
        return isinstance(x, dict) and set(x) == keys and len(x["chefs"]) == self.kitchen.chefs > x["you"] >= 0


class Observer:
    """Shows kitchens to chefs. Make one with `make_observer`.

    An observation of your own is registered with `observers`: a subclass of `NamedNumbers`, or one of this that sets
    `shape` and `parts` and has either `_run` or `write`. What is relied on: it depends on the state alone and changes
    nothing; rows of kitchens that were not asked for stay as they are; several threads write at once, into kitchens of
    their own; whatever is not written is what was there. A policy that was trained with it is refused when `shape` or
    `labels` have changed, so let the labels say what there is. The standard networks read vectors of float32,
    (features,), and planes of uint8, (channels, height, width) with 255 for 1; other shapes and types need a network
    of your own. On a GPU only Brigade's own are made: with another one the kitchens stay on the CPU.

    Attributes:
        name: as it is registered.
        dtype: of the array.
        low, high: the least and the greatest number in it.
        kitchen: what is observed.
        shape: of one chef's observation.
        parts: what stands where in it, in order; together the parts cover the first axis.
    """

    name: str
    dtype: type
    low: float = 0.0
    high: float = 1.0
    parts: tuple[Part, ...] = ()

    def __init__(self, kitchen: Kitchen):
        self.kitchen = kitchen
        self.shape: tuple[int, ...] = ()
        self._warm = False

    @cached_property
    def space(self) -> gymnasium.Space[Any]:
        """The space of one chef's observation."""
        return self.make_space()

    def make_space(self, *leading: int) -> gymnasium.Space[Any]:
        """A new space of arrays (*leading, *shape)."""
        return gymnasium.spaces.Box(self.low, self.high, (*leading, *self.shape), self.dtype)

    def make_state_space(self) -> gymnasium.Space[Any]:
        """A new space of what `joined` returns."""
        return gymnasium.spaces.Box(
            self.low, self.high, (self.kitchen.chefs * self.shape[0], *self.shape[1:]), self.dtype
        )

    def joined(self, seen: NDArray[Any]) -> Any:
        """What all chefs see, (chefs, *shape), along the first axis: (chefs * shape[0], ...), a copy."""
        return np.concatenate(seen)

    @property
    def labels(self) -> tuple[str, ...]:
        """What each channel or feature is, by index."""
        return tuple(label for part in self.parts for label in part.labels)

    def buffer(self, count: int) -> NDArray[Any]:
        """(count, chefs, *shape) zeros, to be written into."""
        return np.zeros((count, self.kitchen.chefs, *self.shape), self.dtype)

    def write(self, state: State, buffer: NDArray[Any], lo: int, hi: int) -> None:
        """Write what the chefs of kitchens lo..hi-1 see into their rows of a `buffer`. Allocates nothing."""
        flat = buffer.reshape(buffer.shape[0], buffer.shape[1], -1)
        if self._warm:
            self._run(state, flat, lo, hi)
            return
        with compiling("the observations"):
            self._run(state, flat, lo, hi)
        self._warm = True

    def _run(self, state: State, flat: NDArray[Any], lo: int, hi: int) -> None:
        """Write into (kitchens, chefs, size) what is seen in kitchens lo..hi-1."""
        raise NotImplementedError


class NamedNumbers(Observer):
    """Numbers from 0 to 1 that `numbers` names: soon written, and slow to play with."""

    dtype = np.float32

    def __init__(self, kitchen: Kitchen):
        super().__init__(kitchen)
        labels = tuple(self.numbers(describe(kitchen, allocate(kitchen, 1)) | {"you": 0}))
        self.parts, self.shape = (Part("numbers", 0, labels, "what it is made of"),), (len(labels),)

    def numbers(self, seen: dict[str, Any]) -> dict[str, float]:
        """What a chef sees, always with the same names.

        Args:
            seen: the kitchen in words, with `you`, the chef's seat, as `symbolic` shows it.
        """
        raise NotImplementedError

    def write(self, state: State, buffer: NDArray[Any], lo: int, hi: int) -> None:
        """Write what the chefs of kitchens lo..hi-1 see into their rows of a `buffer`."""
        for k in range(lo, hi):
            seen = describe(self.kitchen, state, k)
            for seat in range(self.kitchen.chefs):
                numbers = self.numbers(seen | {"you": seat})
                buffer[k, seat] = [numbers[label] for label in self.labels]


observers: Registry[Observer] = Registry(
    "observation",
    "brigade.observations",
    own=("brigade.envs.kitchen.observations.planes", "brigade.envs.kitchen.observations.features"),
)


@observers.register(SYMBOLIC, "a dictionary in words, as `state.describe` makes it, with `you`: the chef's seat")
class Symbolic(Observer):
    """What planners and language models read. Chefs of one kitchen share the lists in it: read, do not write."""

    name, dtype = SYMBOLIC, object

    def make_state_space(self) -> Described:
        """The space of the first chef's dictionary, which has everything."""
        return Described(self.kitchen)

    def joined(self, seen: NDArray[Any]) -> Any:
        """The first chef's dictionary."""
        return seen[0]

    def make_space(self, *leading: int) -> Described:
        """A new space of dictionaries, or of arrays (*leading) of them."""
        return Described(self.kitchen, leading)

    def buffer(self, count: int) -> NDArray[Any]:
        """(count, chefs) of None, to be written into."""
        return np.full((count, self.kitchen.chefs), None, object)

    def write(self, state: State, buffer: NDArray[Any], lo: int, hi: int) -> None:
        """Put new dictionaries for the chefs of kitchens lo..hi-1 into a `buffer`."""
        for k in range(lo, hi):
            seen = describe(self.kitchen, state, k)
            for seat in range(self.kitchen.chefs):
                buffer[k, seat] = seen | {"you": seat}


def make_observer(name: str, kitchen: Kitchen) -> Observer:
    """An observer of a kitchen by name: planes, features or symbolic.

    Raises:
        BrigadeError: no such observation; the message suggests the nearest name.
    """
    return observers[name].make(kitchen)
