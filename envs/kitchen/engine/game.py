"""A batch of kitchens as an object: reset, step, describe, snapshot. Every interface is built on this."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brigade.envs.kitchen.content.layout import ACTION_NAMES, Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine import rules, tick
from brigade.envs.kitchen.engine import state as states
from brigade.envs.kitchen.engine.compiled import compiling
from brigade.envs.kitchen.engine.crew import Crew
from brigade.envs.kitchen.engine.handle import Handle, Part
from brigade.envs.kitchen.engine.rooms import read_rooms
from brigade.envs.registry import BrigadeError, unknown

if TYPE_CHECKING:
    from brigade.envs.kitchen.engine.eye import Eye
    from brigade.envs.kitchen.engine.room_list import RoomList

ARRAYS = "arrays"  # of the state and of the joint, packed
DTYPES = (*states.DTYPES.values(), *tick.read_joint.dtypes)
WHOLE = "iub"  # kinds of NumPy's types whose numbers are whole
# What a copy makes for itself: where arrays lie, views of them, and what is read right after a call alone.
MADE_ANEW = ("_state", "joint", "host", "_handles", "_refs", "_kernel", "rewards", "seen", "final", "seats")


class Game:
    """`count` kitchens, stepped together: all of one room, or each of one of several.

    Args:
        kitchen: a kitchen, or its name; with `rooms`, what they have in common.
        count: how many.
        threads: how many share the work of a step; it pays from about a thousand kitchens on. The result is the same.
        observer: writes what the chefs see into `seen` whenever something happens, in the same call.
        rooms: the rooms that the kitchens are in.

    Attributes:
        rewards: (count,) change of each score in the last step.
        joint, host: what else came of it; see `tick.Joint` and `tick.Host`.
        seen, final: (count, chefs, *shape) what the chefs see now, and the last of episodes that ended with the last
            step and made way for the next; None without an observer.
        seats: of a single kitchen, for each chef its rows of `host.events` and of `seen`.
    """

    rewards: NDArray[np.int32]
    seats: list[tuple[NDArray[np.int64], NDArray[Any] | None]]
    seen: NDArray[Any] | None
    final: NDArray[Any] | None

    def __init__(
        self, kitchen: Kitchen | str, count: int = 1, threads: int = 1, observer: Eye | None = None,
        rooms: RoomList | None = None,
    ):  # fmt: skip
        if count < 1 or threads < 1:
            raise BrigadeError(f"count and threads must be at least 1, got {count} and {threads}")
        self.kitchen = load_kitchen(kitchen) if isinstance(kitchen, str) else kitchen
        self.count, self.threads, self.rooms, self.observer = count, min(threads, count), rooms, observer
        chefs = self.kitchen.chefs
        self._state = states.allocate(self.kitchen, count, None if rooms is None else rooms.max_open)
        self.joint = tick.new_joint(count, chefs)
        self.host = tick.new_host(count, chefs)
        self._rows = None if observer is None else observer.rows(count)
        self.ended = 0  # of how many kitchens an episode ended with the last step
        self._crew = Crew(self.threads)
        edges = np.linspace(0, count, self.threads + 1).astype(int).tolist()
        self._shares = list(itertools.pairwise(edges))
        if rooms is not None:
            rooms.seat(count)
        self.bind()

    @property
    def state(self) -> states.State:
        """The state of all kitchens. Write into its arrays, or put another in its place."""
        return self._state

    @state.setter
    def state(self, state: states.State) -> None:
        self._state = state
        self.bind()

    def bind(self) -> None:
        """Find out anew where all arrays lie: whoever puts another one in the place of one of them calls this."""
        self._handles: tuple[Handle, Handle] | None = None  # they are made when they are needed
        self._refs: tuple[Any, Any] | None = None
        rows, chefs = self._rows, self.kitchen.chefs
        self.seen = self.final = None
        if self.observer is not None and rows is not None:
            self.seen, self.final = rows.reshape(2, self.count, chefs, *self.observer.shape)
        self.rewards = self.joint.results[0]
        seen = [None] * chefs if self.seen is None else list(self.seen[0])
        self.seats = list(zip(self.host.events[0], seen, strict=True)) if self.count == 1 else []

    def _prepare(self) -> tuple[Any, Any]:
        """Make the handles, and compile the kernel, or load what was compiled before."""
        observer, rooms = self.observer, self.rooms
        parts: list[Any] = [
            (tick.read_state, self._state), *_fixed_parts(self.kitchen),
            (tick.read_joint, self.joint), (tick.read_host, self.host),
        ]  # fmt: skip
        if rooms is not None:
            parts.append((read_rooms, rooms.arrays))
        game = eye = Handle(*parts)
        self._kernel: Callable[..., int] = tick.unseen if rooms is None else tick.unseen_rooms
        if observer is not None and self._rows is not None:
            eye = observer.eye(self._rows, None if rooms is None else rooms.maps_for(observer))
            self._kernel = observer.kernels[rooms is not None]
        self._handles, self._refs = (game, eye), (refs := (game.ref, eye.ref))
        with compiling():
            self._kernel(game.ref, eye.ref, tick.LOOKING, False, 0, 0)
        return refs

    def reset(self, seeds: ArrayLike, scripts: Sequence[Sequence[str]] | None = None, episode: ArrayLike = 0) -> None:
        """Begin an episode in every kitchen.

        Args:
            seeds: (count,) one seed per kitchen, or one number: kitchen k then gets a seed derived from it and k.
            scripts: dishes in the order they will be ordered, one list per kitchen or one for all.
            episode: which episode of the runs that the seeds stand for, from 0; one number, or (count,).

        Raises:
            BrigadeError: a script names a dish that cannot be ordered here, or there are too many or few of them.
        """
        seeds = np.asarray(seeds, np.int64)
        if seeds.ndim == 0:
            children = np.random.SeedSequence(int(seeds)).generate_state(self.count, np.uint32)
            seeds = children.astype(np.int64)
        if seeds.shape != (self.count,):
            raise BrigadeError(f"expected {self.count} seeds, got an array of shape {seeds.shape}")
        self._set_scripts(scripts)
        self.state.seed[:] = seeds & rules.MASK_32
        self.state.episode[:] = np.asarray(episode) - 1  # and the next one begins
        self.next_episode(np.ones(self.count, np.bool_))

    def next_episode(self, which: NDArray[np.bool_]) -> None:
        """Begin the next episode in the kitchens that `which` (count,) marks."""
        self.joint.over[:] = which
        self.call(tick.BEGINNING)

    def step(self, actions: ArrayLike, mode: int = tick.DISABLED) -> NDArray[np.int32]:
        """One tick everywhere.

        Args:
            actions: (count, chefs) numbers 0-5: stay, left, right, down, up, interact.
            mode: what becomes of episodes that end with it; `tick.SAME_STEP` and `tick.NEXT_STEP` are Gymnasium's.

        Returns:
            (count,) change of each score; the buffer is used again by the next step.

        Raises:
            BrigadeError: wrong shape, or an action out of range; nothing has moved then.
        """
        given, host = np.asarray(actions), self.host
        if given.shape != host.given.shape or given.dtype.kind not in WHOLE or self.threads > 1:
            self.check(given)  # also where several threads would not wait for what another finds wrong
        host.given[...] = given
        self.ended = -1 - self.call(mode, True)
        if self.ended < 0:
            self.check(given)
        return self.rewards

    def check(self, actions: ArrayLike) -> NDArray[Any]:
        """The actions as an array (count, chefs) of whole numbers 0-5.

        Raises:
            BrigadeError: wrong shape, or an action out of range.
        """
        given = np.asarray(actions)
        if given.shape != self.joint.actions.shape:
            raise BrigadeError(f"expected actions of shape {self.joint.actions.shape}, got {given.shape}")
        if given.dtype.kind not in WHOLE:
            raise BrigadeError(f"actions must be whole numbers, got {given.dtype}")
        if given.min() < 0 or given.max() > 5:
            bad = given[(given < 0) | (given > 5)][0]
            known = ", ".join(f"{i} {name}" for i, name in enumerate(ACTION_NAMES))
            raise BrigadeError(f"action {bad} is out of range; known: {known}")
        return given

    def advance(self, actions: Sequence[int]) -> None:
        """One tick of a single kitchen; the actions, one per chef, are 0-5 and are not checked."""
        self.joint.actions[0] = actions
        self.call(tick.DISABLED)

    def call(self, mode: int, checked: bool = False) -> int:
        """Call the kernel for all kitchens; see `tick.unseen`. Actions are those in `joint`, unless they are checked.

        Returns:
            What the kernel returns.
        """
        game, eye = self._refs or self._prepare()
        if self.threads == 1:
            return self._kernel(game, eye, mode, checked, 0, self.count)
        self.spread(self._kernel, game, eye, mode, checked)
        return -1 - int(self.joint.over.sum())

    def spread(self, work: Callable[..., object], *args: object) -> None:
        """Call `work(*args, lo, hi)` for each thread's share of the kitchens, side by side, and wait for all."""
        if self.threads == 1:
            work(*args, 0, self.count)
        else:
            self._crew.do([(work, *args, lo, hi) for lo, hi in self._shares])

    @property
    def done(self) -> NDArray[np.bool_]:
        """(count,) whether each kitchen has played its ticks."""
        horizon = self.kitchen.horizon if self.rooms is None else self.rooms.horizons
        return np.asarray(self.state.tick >= horizon)

    def kitchen_of(self, k: int) -> Kitchen:
        """The room that kitchen k is in, as its file has it."""
        return self.kitchen if self.rooms is None else self.rooms.kitchen_of(k)

    @property
    def room(self) -> NDArray[np.int32]:
        """(count,) the room that each kitchen is in."""
        return np.zeros(self.count, np.int32) if self.rooms is None else self.rooms.arrays.room.copy()

    def describe(self, k: int = 0) -> dict[str, Any]:
        """Kitchen k in words; see `state.describe`."""
        return states.describe(self.kitchen if self.rooms is None else self.rooms.enlarged_of(k), self.state, k)

    def snapshot(self) -> states.State:
        """A copy of the whole state; with rooms, which of them each kitchen is in is apart, in `room`."""
        return states.snapshot(self.state)

    def restore(self, saved: states.State, room: NDArray[np.int32] | None = None) -> None:
        """Go back to a snapshot of this game.

        Args:
            saved: the snapshot.
            room: with rooms, what `room` was then.

        Raises:
            BrigadeError: it is a snapshot of another number of kitchens, or of another kitchen; or the rooms are not
                said.
        """
        state = self.state
        if self.rooms is not None:
            states.check_fits(state._replace(script=saved.script), saved)  # before anybody moves into another room
            self.rooms.be_in(room)
        if state.script.shape != saved.script.shape:  # a reset since then came with a script of another length
            state = state._replace(script=np.empty_like(saved.script))
        states.restore(state, saved)
        if state is not self.state:
            self.state = state

    def close(self) -> None:
        """Stop the threads, if any were started."""
        self._crew.dismiss()

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles lead to arrays of their own."""
        own = {name: value for name, value in self.__dict__.items() if name not in MADE_ANEW}
        return own | {ARRAYS: states.Packed([*self._state, *self.joint])}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        *state, actions, results, shaped, over = saved.pop(ARRAYS).unpacked(DTYPES)
        self.__dict__.update(saved)
        self._state, self.joint = states.State(*state), tick.Joint(actions, results, shaped, over)
        self._rows = None if self._rows is None else self._rows.copy()  # not the memory of what this is a copy of
        self.host = tick.new_host(self.count, self.kitchen.chefs)
        self.bind()

    def _set_scripts(self, scripts: Sequence[Sequence[str]] | None) -> None:
        if scripts is None:
            self.state.script_length[:] = 0
            return
        kitchens = [self.kitchen] if self.rooms is None else self.rooms.kitchens
        for kitchen in kitchens:
            if kitchen.layout.standing:
                raise BrigadeError(f"kitchen '{kitchen.name}' has standing orders; an order script has no effect here")
        if len(scripts) == 1:
            scripts = list(scripts) * self.count
        if len(scripts) != self.count:
            raise BrigadeError(f"expected {self.count} order scripts, or one for all, got {len(scripts)}")
        orderable = self.kitchen.cookbook.orderable
        everywhere = set.intersection(*(set(kitchen.order_dishes) for kitchen in kitchens))
        ordered = [name for name in kitchens[0].order_dishes if name in everywhere]
        for script in scripts:
            for i, name in enumerate(script):
                if name not in ordered:
                    raise unknown("dish", name, ordered, f"order script, entry {i}")
        room = max(1, *(len(script) for script in scripts))
        numbers = np.zeros((self.count, room), np.int16)
        for k, script in enumerate(scripts):
            numbers[k, : len(script)] = [orderable.index(name) for name in script]
        lengths = np.array([len(script) for script in scripts], np.int32)
        self.state = self.state._replace(script=numbers, script_length=lengths)


@lru_cache(maxsize=64)
def _fixed_parts(kitchen: Kitchen) -> tuple[Part, Part]:
    """What handles say of a kitchen."""
    return Part(tick.read_layout, kitchen.layout), Part(tick.read_tables, kitchen.tables)
