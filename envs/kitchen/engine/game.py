"""A batch of kitchens as an object: reset, step, describe, snapshot. Every interface is built on this."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brigade.envs.kitchen.content.layout import ACTION_NAMES, Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine import rules
from brigade.envs.kitchen.engine import state as states
from brigade.envs.kitchen.engine.compiled import compiling
from brigade.envs.kitchen.engine.crew import Crew
from brigade.envs.registry import BrigadeError, unknown


class Game:
    """`count` kitchens with the same map, stepped together.

    Args:
        kitchen: a kitchen, or its name.
        count: how many.
        threads: how many share the work of a step; it pays from about a thousand kitchens on. The result is the same.
    """

    def __init__(self, kitchen: Kitchen | str, count: int = 1, threads: int = 1):
        if count < 1 or threads < 1:
            raise BrigadeError(f"count and threads must be at least 1, got {count} and {threads}")
        self.kitchen = load_kitchen(kitchen) if isinstance(kitchen, str) else kitchen
        self.count, self.threads = count, min(threads, count)
        self.state = states.allocate(self.kitchen, count)
        self.rewards = np.zeros(count, np.int32)  # (count,) change of each score in the last step
        self._actions = np.zeros((count, self.kitchen.chefs), np.int8)
        self._crew = Crew(self.threads)
        edges = np.linspace(0, count, self.threads + 1).astype(int).tolist()
        self._shares = list(itertools.pairwise(edges))
        self._warm = False

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
        self.state.episode[:] = episode
        self._begin(np.ones(self.count, np.bool_))

    def next_episode(self, which: NDArray[np.bool_]) -> None:
        """Begin the next episode in the kitchens that `which` (count,) marks."""
        self.state.episode[which] += 1
        self._begin(which)

    def step(self, actions: ArrayLike) -> NDArray[np.int32]:
        """One tick everywhere.

        Args:
            actions: (count, chefs) numbers 0-5: stay, left, right, down, up, interact.

        Returns:
            (count,) change of each score; the buffer is used again by the next step.

        Raises:
            BrigadeError: wrong shape, or an action out of range; nothing has moved then.
        """
        given = self.check(actions)
        self._actions[:] = given
        layout, tables = self.kitchen.layout, self.kitchen.tables
        self.spread(rules.step_range, self.state, layout, tables, self._actions, self.rewards)
        return self.rewards

    def check(self, actions: ArrayLike) -> NDArray[Any]:
        """The actions as an array (count, chefs) of whole numbers 0-5.

        Raises:
            BrigadeError: wrong shape, or an action out of range.
        """
        given = np.asarray(actions)
        if given.shape != self._actions.shape:
            raise BrigadeError(f"expected actions of shape {self._actions.shape}, got {given.shape}")
        if given.dtype.kind not in "iub":
            raise BrigadeError(f"actions must be whole numbers, got {given.dtype}")
        if given.min() < 0 or given.max() > 5:
            bad = given[(given < 0) | (given > 5)][0]
            known = ", ".join(f"{i} {name}" for i, name in enumerate(ACTION_NAMES))
            raise BrigadeError(f"action {bad} is out of range; known: {known}")
        return given

    def advance(self, actions: Sequence[int]) -> None:
        """One tick of a single kitchen; the actions, one per chef, are 0-5 and are not checked."""
        self._actions[0] = actions
        rules.step_range(self.state, self.kitchen.layout, self.kitchen.tables, self._actions, self.rewards, 0, 1)

    def spread(self, work: Callable[..., object], *args: object) -> None:
        """Call `work(*args, lo, hi)` for each thread's share of the kitchens, side by side, and wait for all."""
        if self.threads == 1:
            work(*args, 0, self.count)
        else:
            self._crew.do([(work, *args, lo, hi) for lo, hi in self._shares])

    @property
    def done(self) -> NDArray[np.bool_]:
        """(count,) whether each kitchen has played its ticks."""
        return np.asarray(self.state.tick >= self.kitchen.horizon)

    def describe(self, k: int = 0) -> dict[str, Any]:
        """Kitchen k in words; see `state.describe`."""
        return states.describe(self.kitchen, self.state, k)

    def snapshot(self) -> states.State:
        """A copy of the whole state."""
        return states.snapshot(self.state)

    def restore(self, saved: states.State) -> None:
        """Go back to a snapshot of this game.

        Raises:
            BrigadeError: it is a snapshot of another number of kitchens, or of another kitchen.
        """
        state = self.state
        if state.script.shape != saved.script.shape:  # a reset since then came with a script of another length
            state = state._replace(script=np.empty_like(saved.script))
        states.restore(state, saved)
        self.state = state

    def close(self) -> None:
        """Stop the threads, if any were started."""
        self._crew.dismiss()

    def _begin(self, which: NDArray[np.bool_]) -> None:
        if self._warm:
            rules.reset_where(self.state, self.kitchen.layout, self.kitchen.tables, which)
            return
        with compiling():  # the first call compiles, or loads what was compiled before
            rules.reset_where(self.state, self.kitchen.layout, self.kitchen.tables, which)
            nobody = (self.state, self.kitchen.layout, self.kitchen.tables, self._actions, self.rewards, 0, 0)
            rules.step_range(*nobody)
        self._warm = True

    def _set_scripts(self, scripts: Sequence[Sequence[str]] | None) -> None:
        if scripts is None:
            self.state.script_length[:] = 0
            return
        if self.kitchen.layout.standing:
            raise BrigadeError(f"kitchen '{self.kitchen.name}' has standing orders; an order script has no effect here")
        if len(scripts) == 1:
            scripts = list(scripts) * self.count
        if len(scripts) != self.count:
            raise BrigadeError(f"expected {self.count} order scripts, or one for all, got {len(scripts)}")
        ordered, orderable = self.kitchen.order_dishes, self.kitchen.cookbook.orderable
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
