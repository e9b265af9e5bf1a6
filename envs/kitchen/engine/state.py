"""The state of one or many kitchens as integer arrays, one leading axis over kitchens."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.cookbook import FLOOR, NOTHING
from brigade.envs.kitchen.content.layout import ACTION_NAMES, FACINGS, Kitchen
from brigade.envs.registry import BrigadeError

# Columns of `stats`.
GAINED, SERVED, MISSED, WRONG, FIRES, SPRAYED = range(6)
WORD = 8  # bytes; where arrays share memory, each begins at a whole number of words
STAT_NAMES = ("gained", "served", "missed", "wrong", "fires", "put_out")


class State(NamedTuple):
    """N kitchens with C chefs, `cells` cells and room for M orders.

    `event`, `event_kind` and `shaped` tell of the last tick; everything else is what the next tick depends on, and
    the counts that reports are made from.
    """

    tick: NDArray[np.int32]  # (N,) ticks played
    score: NDArray[np.int32]  # (N,) points
    seed: NDArray[np.int64]  # (N,) what the kitchen's random draws come from
    episode: NDArray[np.int64]  # (N,) episodes begun since the seed was set
    random: NDArray[np.int64]  # (N,) state of the generator, below 2**32
    pos: NDArray[np.int16]  # (N, C) cell
    facing: NDArray[np.int16]  # (N, C) 1 left, 2 right, 3 down, 4 up
    held: NDArray[np.int16]  # (N, C) item kind in hand, 0 for nothing
    held_progress: NDArray[np.int16]  # (N, C) interactions or ticks done to it
    item: NDArray[np.int16]  # (N, cells) item kind on the cell, 0 for nothing
    progress: NDArray[np.int16]  # (N, cells) interactions or ticks done to it
    order_dish: NDArray[np.int16]  # (N, M) dish of each open order, oldest first
    order_left: NDArray[np.int16]  # (N, M) ticks until it expires, 0 for never
    orders_open: NDArray[np.int16]  # (N,) how many orders are open
    orders_seen: NDArray[np.int32]  # (N,) orders that have appeared since reset
    script: NDArray[np.int16]  # (N, S) dishes in the order they will appear, if scripted
    script_length: NDArray[np.int32]  # (N,) scripted orders; beyond them orders are drawn
    work: NDArray[np.int16]  # (N, cells, C) interactions of each chef that are in the item on the cell
    held_work: NDArray[np.int16]  # (N, C, C) the same for what chef [1] holds, by chef [2]
    contribution: NDArray[np.int32]  # (N, C) interactions of each chef in dishes that were served and paid
    stats: NDArray[np.int32]  # (N, 6) totals: points gained, served, missed, wrong, fires, fires put out
    event: NDArray[np.int16]  # (N, C) what each chef's last action came to (tables.EVENT_NAMES)
    event_kind: NDArray[np.int16]  # (N, C) the item kind it was about
    shaped: NDArray[np.int16]  # (N, C) shaped reward of the last tick


def scalar_type(kind: Any) -> type[np.generic] | None:
    """What an annotated array is of. NumPy has written its `NDArray` in more than one way."""
    for each in get_args(kind):
        found = each if isinstance(each, type) and issubclass(each, np.generic) else scalar_type(each)
        if found is not None:
            return found
    return None


DTYPES: dict[str, Any] = {name: scalar_type(kind) for name, kind in get_type_hints(State).items()}
assert None not in DTYPES.values()


def _shapes(chefs: int, cells: int, orders: int) -> dict[str, tuple[int, ...]]:
    """What follows the axis over kitchens, where something does."""
    return {
        **dict.fromkeys(("pos", "facing", "held", "held_progress", "contribution"), (chefs,)),
        **dict.fromkeys(("event", "event_kind", "shaped"), (chefs,)),
        **dict.fromkeys(("item", "progress"), (cells,)),
        **dict.fromkeys(("order_dish", "order_left"), (orders,)),
        "script": (1,), "work": (cells, chefs), "held_work": (chefs, chefs), "stats": (len(STAT_NAMES),),
    }  # fmt: skip


AXES = {name: 1 + len(shape) for name, shape in _shapes(1, 1, 1).items()}  # of the arrays that have more than one


def allocate(kitchen: Kitchen, count: int, max_open: int | None = None) -> State:
    """Zeroed arrays for `count` kitchens, with room for one scripted order each.

    Args:
        kitchen: one of them.
        count: how many.
        max_open: room for so many open orders, if it is not as many as the kitchen has.
    """
    cells, orders = kitchen.width * kitchen.height, kitchen.layout.max_open if max_open is None else max_open
    shapes = _shapes(kitchen.chefs, cells, orders)
    return State(**{name: np.zeros((count, *shapes.get(name, ())), dtype) for name, dtype in DTYPES.items()})


def snapshot(state: State) -> State:
    """A copy that later steps do not touch."""
    return State(*(getattr(state, name).copy() for name in State._fields))


class Packed:
    """Arrays as one piece of memory, which is faster to copy and to pickle than they are one by one."""

    def __init__(self, arrays: Sequence[NDArray[Any]]):
        self.shapes = tuple(array.shape for array in arrays)
        self.data = b"".join(part for array in arrays for part in (array.tobytes(), bytes(-array.nbytes % WORD)))

    def __deepcopy__(self, memo: object) -> Self:
        """Itself: nothing in it is ever changed."""
        return self

    def unpacked(self, dtypes: Iterable[Any]) -> list[NDArray[Any]]:
        """The arrays again, in memory of their own."""
        memory, at = bytearray(self.data), 0
        arrays: list[NDArray[Any]] = []
        for dtype, shape in zip(dtypes, self.shapes, strict=True):
            arrays.append(np.ndarray(shape, dtype, memory, at))
            at += arrays[-1].nbytes + -arrays[-1].nbytes % WORD
        return arrays


def check_fits(state: State, saved: State) -> None:
    """Raise a BrigadeError unless a snapshot has the shapes of `state`."""
    for name in State._fields:
        array, old = getattr(state, name), getattr(saved, name)
        if array.shape != old.shape:
            raise BrigadeError(f"snapshot does not fit: {name} has shape {old.shape}, expected {array.shape}")


def check_possible(kitchen: Kitchen, saved: State) -> None:
    """Refuse a snapshot from elsewhere with a number in it that cannot be there.

    Compiled rules go by these numbers without asking: one beyond what there is would read beyond their tables.

    Raises:
        BrigadeError: there is such a number; the message says of what.
    """
    layout, tables = kitchen.layout, kitchen.tables
    kinds, dishes = len(tables.dish), len(tables.points)
    floor = np.flatnonzero(layout.tile == FLOOR)
    horizon = kitchen.horizon
    possible = {
        "tick": _within(saved.tick, 0, horizon),
        "pos": np.isin(saved.pos, floor), "facing": _within(saved.facing, 1, 4),
        "held": _within(saved.held, 0, kinds - 1), "item": _within(saved.item, 0, kinds - 1),
        "order_dish": _within(saved.order_dish, 0, dishes - 1), "script": _within(saved.script, 0, dishes - 1),
        "orders_open": _within(saved.orders_open, 0, layout.max_open),
        "orders_seen": _within(saved.orders_seen, 0, horizon + layout.max_open),
        "script_length": _within(saved.script_length, 0, saved.script.shape[1]),
        "random": _within(saved.random, 0, 2**32 - 1),
    }  # fmt: skip
    for name, good in possible.items():
        if not good.all():
            raise BrigadeError(f"snapshot does not fit: {name} holds what '{kitchen.name}' does not have")


def _within(numbers: NDArray[Any], low: int, high: int) -> NDArray[np.bool_]:
    return (numbers >= low) & (numbers <= high)


def restore(state: State, saved: State) -> None:
    """Set `state` back to a snapshot of the same kitchens.

    Raises:
        BrigadeError: the snapshot has other shapes.
    """
    check_fits(state, saved)
    for name in State._fields:
        np.copyto(getattr(state, name), getattr(saved, name))


def differences(first: State, second: State) -> list[str]:
    """Names of the fields in which two states differ."""
    return [name for name in State._fields if not np.array_equal(getattr(first, name), getattr(second, name))]


def describe(kitchen: Kitchen, state: State, k: int = 0) -> dict[str, Any]:
    """Kitchen `k` in words: what agents, prompts, recordings and tests all read.

    Returns:
        `tick`, `ticks_left`, `score`; `chefs`: `at` (x, y), `facing`, `holding` (None or an item); `items`: `at` and
        an item; `orders`: `dish`, `ticks_left` (None where orders stand). An item is `item` (the kind's name) and
        `progress` (interactions or ticks done to it so far).
    """
    kinds, width = kitchen.cookbook.kinds, kitchen.width
    # As short as it can be: whoever plays beside agents waits for it at every tick.
    item, progress = state.item[k], state.progress[k]
    items = [
        {"at": (n % width, n // width), "item": kinds[item.item(n)].name, "progress": progress.item(n)}
        for n in item.nonzero()[0].tolist()  # most cells are empty
    ]
    facing, held, done = state.facing[k].tolist(), state.held[k].tolist(), state.held_progress[k].tolist()
    chefs = [
        {
            "at": (pos % width, pos // width),
            "facing": ACTION_NAMES[facing[c]],
            "holding": {"item": kinds[held[c]].name, "progress": done[c]} if held[c] != NOTHING else None,
        }
        for c, pos in enumerate(state.pos[k].tolist())
    ]
    count = int(state.orders_open[k])
    dishes, left = state.order_dish[k, :count].tolist(), state.order_left[k, :count].tolist()
    orderable, standing = kitchen.cookbook.orderable, kitchen.layout.standing
    tick = int(state.tick[k])
    return {
        "tick": tick,
        "ticks_left": kitchen.horizon - tick,
        "score": int(state.score[k]),
        "chefs": chefs,
        "items": items,
        "orders": [
            {"dish": orderable[dish], "ticks_left": None if standing else left[i]} for i, dish in enumerate(dishes)
        ],
    }


def read_described(kitchen: Kitchen, state: State, described: dict[str, Any], k: int = 0) -> None:
    """The reverse of `describe`: set kitchen `k` of `state` to what the words say.

    What words do not tell (seeds, totals, who worked on what) is left as it is; observations do not depend on it.
    """
    kind, width = kitchen.cookbook.kind, kitchen.width
    state.tick[k], state.score[k] = described["tick"], described["score"]
    state.item[k], state.progress[k] = NOTHING, 0
    for item in described["items"]:
        x, y = item["at"]
        state.item[k, y * width + x] = kind(item["item"]).index
        state.progress[k, y * width + x] = item["progress"]
    for c, chef in enumerate(described["chefs"]):
        (x, y), holding = chef["at"], chef["holding"]
        state.pos[k, c] = y * width + x
        state.facing[k, c] = FACINGS[chef["facing"]]
        state.held[k, c] = kind(holding["item"]).index if holding else NOTHING
        state.held_progress[k, c] = holding["progress"] if holding else 0
    orders, orderable = described["orders"], kitchen.cookbook.orderable
    state.orders_open[k] = len(orders)
    state.order_dish[k], state.order_left[k] = 0, 0
    for i, order in enumerate(orders):
        state.order_dish[k, i] = orderable.index(order["dish"])
        state.order_left[k, i] = order["ticks_left"] or 0


FINGERPRINTED = {
    "chefs": ("pos", "facing", "held", "held_progress"),
    "items": ("item", "progress"),
    "orders": ("orders_open", "order_dish", "order_left"),
    "score": ("score",),
}


def fingerprint(state: State, k: int = 0) -> str:
    """Sixteen hexadecimal digits that change when kitchen k's chefs, items, orders or score do: four for each."""
    digits = []
    for fields in FINGERPRINTED.values():
        check = 0
        for name in fields:
            check = zlib.crc32(np.ascontiguousarray(getattr(state, name)[k]).tobytes(), check)
        digits.append(f"{check & 0xFFFF:04x}")
    return "".join(digits)


def fingerprint_differences(first: str, second: str) -> list[str]:
    """Which of `FINGERPRINTED` two fingerprints differ in."""
    parts = enumerate(FINGERPRINTED)
    return [name for i, name in parts if first[4 * i : 4 * i + 4] != second[4 * i : 4 * i + 4]]
