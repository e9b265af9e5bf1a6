"""What all batches of kitchens share: seeds, episodes that end and begin, pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import ArrayLike, NDArray

from brigade.envs.episodes import check_seed
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine import tick
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.room_list import RoomList
from brigade.envs.kitchen.engine.state import STAT_NAMES
from brigade.envs.kitchen.interfaces.arguments import (
    DEFAULT,
    TICKS_PER_SECOND,
    check_render_mode,
    check_whole,
    events_of,
    find_kitchen,
    order_script,
    ticks_of,
)
from brigade.envs.kitchen.interfaces.room_choice import Rooms, make_rooms
from brigade.envs.kitchen.observations.compiled_observer import CompiledObserver
from brigade.envs.kitchen.observations.observe import Observer, make_observer
from brigade.envs.registry import BrigadeError, unknown

Info = dict[str, Any]
OPTIONS = ("order_script", "reset_mask", "kitchen")
RENDER_MODES = ("rgb_array",)


class KitchenBatch(VectorEnv[NDArray[Any], NDArray[Any], NDArray[Any]]):
    """`num_envs` kitchens in a handful of calls into compiled code per step.

    A subclass says what it shows of them, and sets its spaces.

    Args:
        kitchen: by name, or loaded.
        num_envs: how many.
        observation: its name, `none` for none.
        threads: how many share the work.
        horizon, max_cycles: ticks in an episode; one of them.
        old_dynamics: instead of the kitchen's own setting.
        autoreset_mode: Gymnasium's, or its name.
        render_mode: `rgb_array` or None.
        kitchens: rooms to be in, instead of `kitchen`; see `make_rooms`.
        size: columns and rows of the maps that those are written into.
    """

    def __init__(
        self,
        kitchen: str | Kitchen | None,
        num_envs: int,
        observation: str | None,
        threads: int,
        horizon: int | None,
        max_cycles: int | None,
        old_dynamics: bool | None,
        autoreset_mode: AutoresetMode | str,
        render_mode: str | None,
        kitchens: Rooms | None = None,
        size: Sequence[int] | None = None,
    ):
        self.closed = True  # there is nothing to close before the game is made
        if render_mode == "human":
            raise BrigadeError("a batch has no window; expected render_mode 'rgb_array' or None")
        check_render_mode(render_mode, RENDER_MODES)
        self.render_mode, self.autoreset_mode = render_mode, _mode(autoreset_mode)
        self.metadata = {
            "render_modes": list(RENDER_MODES),
            "render_fps": TICKS_PER_SECOND,
            "autoreset_mode": self.autoreset_mode,
        }
        for name, value in (("num_envs", num_envs), ("threads", threads)):
            check_whole(value, name)
        self.kitchen, rooms = _where(kitchen, kitchens, size, horizon, old_dynamics, max_cycles)
        self.num_envs = num_envs
        self.observer = None if observation in (None, "none") else make_observer(str(observation), self.kitchen)
        self._observation = str(observation)
        compiled = self.observer if isinstance(self.observer, CompiledObserver) else None
        self.game = Game(self.kitchen, num_envs, threads, compiled, rooms)
        self._observers: dict[int, Observer] = {}  # by room, where observers are not compiled
        self.closed = False
        # Of observers that are not compiled, what they show: now, and last in episodes that ended.
        self._buffers = None if compiled else (self._new_buffer(), self._new_buffer())
        # Where the observations of ended episodes are still to be made, nothing may begin in the same call.
        late = self._buffers is not None and self.autoreset_mode is AutoresetMode.SAME_STEP
        self._mode = tick.DISABLED if late else MODES[self.autoreset_mode]
        self._seeds: NDArray[np.int64] | None = None
        self._ended = np.zeros(num_envs, np.bool_)  # and has not begun anew

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[Any], Info]:
        """Begin an episode everywhere, or where `options["reset_mask"]` says.

        Raises:
            BrigadeError: an unknown option, or one of the wrong shape; seeds that are not one per kitchen.
        """
        script = order_script(options, OPTIONS)
        mask = None if options is None else options.get("reset_mask")
        asked = None if options is None else options.get("kitchen")
        which = np.ones(self.num_envs, np.bool_) if mask is None else self._checked_mask(mask)
        rooms = self._chosen_rooms(asked)
        with self._unless_refused(rooms, which):
            if mask is None:
                self._reset_all(seed, script)
            else:
                self._reset_some(which, seed, script)
        self._observe()
        return self._shown(self._observations), self._reset_info()

    def check_running(self) -> None:
        """Raise a BrigadeError unless every kitchen can be stepped."""
        if self._seeds is None:
            raise BrigadeError("the episodes have not begun; call reset() before step()")
        if self.autoreset_mode is AutoresetMode.DISABLED and self._ended.any():
            which = np.flatnonzero(self._ended).tolist()
            raise BrigadeError(f"the episodes of kitchens {which} have ended; reset them with options reset_mask first")

    def render(  # type: ignore[override, unused-ignore]  # as Gymnasium 1.2 types it
        self,
    ) -> tuple[NDArray[np.uint8], ...] | None:
        """Each kitchen as an array (height, width, 3)."""
        if self.render_mode is None:
            return None
        from brigade.envs.kitchen.pictures import render  # here, because it loads pygame

        pictures = (render.render(self.game.kitchen_of(k), self.game.describe(k)) for k in range(self.num_envs))
        return tuple(render.to_array(picture) for picture in pictures)

    def close_extras(self, **kwargs: Any) -> None:
        """Stop the threads, and what makes new rooms."""
        self.game.close()
        if self.game.rooms is not None:
            self.game.rooms.close()

    @property
    def rooms(self) -> list[Kitchen]:
        """The kitchens that the batch may be in, by the number that infos call `room`."""
        return [self.kitchen] if self.game.rooms is None else list(self.game.rooms.kitchens)

    def _advance(
        self, actions: ArrayLike
    ) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], Info]:
        """One tick everywhere, actions (num_envs, chefs); then episodes begin as the mode says."""
        # As short as it can be: with a few kitchens nothing else takes so long as what is done here.
        mode, game = self.autoreset_mode, self.game
        if self._seeds is None or mode is AutoresetMode.DISABLED:
            self.check_running()
        if mode is AutoresetMode.NEXT_STEP:
            game.joint.over[:] = self._ended  # they have ended in the step before: whatever they do now is undone
        rewards = self._rewards(game.step(actions, self._mode).astype(np.float32))
        over, info = game.joint.over.copy(), self._tick_info()
        if mode is not AutoresetMode.SAME_STEP:
            if mode is AutoresetMode.NEXT_STEP and self._ended.any():
                self._begun(self._ended)
            self._ended = over.copy()
        elif game.ended:
            self._finish(over, info)
        if game.rooms is not None and game.rooms.refill is not None and game.rooms.turn_over():
            game.bind()
        if self._buffers is not None:
            self._observe()
        info.update(self._shown_info())
        return self._shown(self._observations), rewards, np.zeros(self.num_envs, np.bool_), over, info

    @property
    def _observations(self) -> NDArray[Any]:
        """(num_envs, chefs, ...) what is shown now."""
        seen = self.game.seen if self._buffers is None else self._buffers[0]
        assert seen is not None
        return seen

    def _begun(self, which: NDArray[np.bool_]) -> None:
        """The next episodes have begun in the kitchens that are marked."""

    def _shown(self, observations: NDArray[Any]) -> NDArray[Any]:
        """What is shown of (num_envs, chefs, ...)."""
        return observations

    def _rewards(self, changes: NDArray[np.float32]) -> NDArray[np.float32]:
        """The rewards, by what the scores have changed by."""
        return changes

    def _tick_info(self) -> Info:
        """What infos say of the tick that was played, before next episodes begin."""
        return {}

    def _shown_info(self) -> Info:
        """What infos say of the episodes that are shown."""
        score, rooms = self.game.state.score.copy(), self.game.rooms
        return {"score": score} if rooms is None else {"score": score, "room": rooms.arrays.room.copy()}

    def _reset_info(self) -> Info:
        return self._shown_info()

    def _new_buffer(self) -> NDArray[Any]:
        if self.observer is None:
            return np.zeros((self.num_envs, self.kitchen.chefs, 0), np.float32)
        return self.observer.buffer(self.num_envs)

    def _reset_all(self, seed: int | Sequence[int | None] | None, script: Any) -> None:
        scripts = [script] if script and isinstance(script[0], str) else script
        if seed is None and self._seeds is not None:
            self.game.reset(self._seeds, scripts, self.game.state.episode + 1)
        else:
            seeds = self._new_seeds(seed)
            self.game.reset(seeds, scripts)
            self._seeds = seeds  # only now: a script may have been refused
        self._ended = np.zeros(self.num_envs, np.bool_)

    def _reset_some(self, which: NDArray[np.bool_], seed: int | Sequence[int | None] | None, script: object) -> None:
        if script is not None:
            raise BrigadeError("an order_script is for all kitchens; give it without a reset_mask")
        if self._seeds is None:
            if not which.all():
                raise BrigadeError("reset_mask begins next episodes; reset all kitchens first")
            self._reset_all(seed, None)
            return
        if seed is not None:
            self._reseed(which, seed)
        self.game.state.script_length[which] = 0  # a script is of the episodes that begin with it
        self.game.next_episode(which)
        self._begun(which)
        self._ended = self._ended & ~which

    def _checked_mask(self, mask: ArrayLike) -> NDArray[np.bool_]:
        which = np.asarray(mask)
        if which.shape != (self.num_envs,) or which.dtype != np.bool_:
            raise BrigadeError(f"reset_mask must be {self.num_envs} booleans, got shape {which.shape}, {which.dtype}")
        return which

    def _chosen_rooms(self, asked: object) -> NDArray[np.int64] | None:
        """(num_envs,) the rooms that are asked for, one for all or one for each kitchen; None if none are.

        Raises:
            BrigadeError: the batch cannot hold such a room.
        """
        rooms = self.game.rooms
        if asked is None:
            return None
        if rooms is None:
            raise BrigadeError(
                f"options: this batch is of '{self.kitchen.name}' alone; one that is made with kitchens=[...] can be "
                "reset to another kitchen"
            )
        wanted = [asked] * self.num_envs if isinstance(asked, str | Kitchen) else asked
        if not isinstance(wanted, list | tuple) or len(wanted) != self.num_envs:
            raise BrigadeError(f"options: kitchen must be one, or a list of {self.num_envs}, got {asked!r}"[:200])
        held, numbers = len(rooms), {}
        try:
            for each in wanted:
                if not isinstance(each, str | Kitchen):
                    raise BrigadeError(f"options: kitchen must be a name, or a kitchen, got {each!r}"[:200])
                if each not in numbers:
                    numbers[each] = rooms.find(each)
        finally:
            if len(rooms) > held:
                self.game.bind()
        return np.array([numbers[each] for each in wanted])

    @contextmanager
    def _unless_refused(self, chosen: NDArray[np.int64] | None, which: NDArray[np.bool_]) -> Iterator[None]:
        """Let the episodes that begin meanwhile be in these rooms, where `which` says; or else all is as it was."""
        rooms = self.game.rooms
        if rooms is None:
            yield
            return
        before = rooms.arrays.room.copy()
        rooms.keep_only(which & (chosen is not None), 0 if chosen is None else chosen)
        try:
            yield
        except BaseException:
            rooms.keep_only(np.ones(self.num_envs, np.bool_), before)
            rooms.arrays.fixed[:] = 0
            raise

    def _reseed(self, which: NDArray[np.bool_], seed: int | Sequence[int | None]) -> None:
        """Give new seeds to the kitchens that are marked; their next episode is the first of them."""
        given, state = [check_seed(one) for one in self._each(seed)], self.game.state
        for k in np.flatnonzero(which).tolist():
            one = given[k]
            if one is not None and self._seeds is not None:
                self._seeds[k] = state.seed[k] = one & 0xFFFFFFFF
                state.episode[k] = -1

    def _new_seeds(self, seed: int | Sequence[int | None] | None) -> NDArray[np.int64]:
        """(num_envs,) seeds below 2**32."""
        drawn = np.random.SeedSequence().generate_state(1).tolist()[0] if seed is None else seed
        given = [check_seed(one) for one in self._each(drawn)]
        if None in given:
            raise BrigadeError(f"expected a seed, or a list of {self.num_envs} seeds, got {seed}")
        return np.array([int(one or 0) & 0xFFFFFFFF for one in given], np.int64)

    def _each(self, seed: Any) -> list[Any]:
        """A seed for each kitchen, of one for all or of a list."""
        if isinstance(seed, list | tuple) or (isinstance(seed, np.ndarray) and seed.ndim == 1):
            given = list(seed)
        else:
            first = check_seed(seed) or 0
            given = [first + k for k in range(self.num_envs)]
        if len(given) != self.num_envs:
            raise BrigadeError(f"expected a seed, or a list of {self.num_envs} seeds, got {seed}")
        return given

    def _finish(self, over: NDArray[np.bool_], info: Info) -> None:
        """Put the last observations and totals of the kitchens that are over into `info`; the next episodes begin."""
        game, final = self.game, self.game.final
        if self._buffers is not None:  # nothing has begun yet
            final = self._buffers[1]
            game.host.totals[:] = game.state.stats
            game.host.events[:] = events_of(game.state, ...)
            for k in np.flatnonzero(over).tolist():
                self._write(final, k, k + 1)
        assert final is not None
        totals = dict(zip(STAT_NAMES, game.host.totals.T.copy(), strict=True))
        info["final_obs"], info["_final_obs"] = self._shown(final), over.copy()
        info["final_info"], info["_final_info"] = {**self._last_info(), **totals}, over.copy()
        if self._buffers is not None:
            game.next_episode(over)
        self._begun(over)

    def _last_info(self) -> Info:
        """What infos say of the episodes that ended with the last tick."""
        return {"score": self.game.joint.results[1].copy()}

    def _observe(self) -> None:
        """Show what is there now, unless the game has done it."""
        if self._buffers is not None:
            self.game.spread(self._write, self._buffers[0])

    def _write(self, buffer: NDArray[Any], lo: int, hi: int) -> None:
        """Let observers that are not compiled write what is seen in kitchens lo..hi-1."""
        rooms, state = self.game.rooms, self.game.state
        if self.observer is None:
            return
        if rooms is None:
            self.observer.write(state, buffer, lo, hi)
            return
        for k in range(lo, hi):
            r = int(rooms.arrays.room[k])
            if r not in self._observers or self._observers[r].kitchen is not rooms.enlarged[r]:
                made = make_observer(self._observation, rooms.enlarged[r])
                if (made.shape, made.labels) != (self.observer.shape, self.observer.labels):
                    raise BrigadeError(
                        f"the observation '{self._observation}' has another form in '{rooms.kitchens[r].name}' than in "
                        f"'{rooms.kitchens[0].name}': shape {made.shape}, not {self.observer.shape}"
                    )
                self._observers[r] = made
            self._observers[r].write(state, buffer, k, k + 1)


# What a game makes of an episode that ends with a step, by Gymnasium's mode.
MODES = {
    AutoresetMode.DISABLED: tick.DISABLED,
    AutoresetMode.SAME_STEP: tick.SAME_STEP,
    AutoresetMode.NEXT_STEP: tick.NEXT_STEP,
}


def _where(
    kitchen: str | Kitchen | None,
    kitchens: Rooms | None,
    size: Sequence[int] | None,
    horizon: int | None,
    old_dynamics: bool | None,
    max_cycles: int | None,
) -> tuple[Kitchen, RoomList | None]:
    """What the kitchens have in common, and the rooms that they are in, if there are several."""
    if kitchens is not None and kitchen is not None:
        raise BrigadeError("expected a kitchen, or kitchens; not both")
    if kitchens is None:
        one = find_kitchen(kitchen or DEFAULT, horizon, old_dynamics, max_cycles)
        if size is None:
            return one, None
        rooms = make_rooms([one], size=size)
    else:
        rooms = make_rooms(kitchens, ticks_of(horizon, max_cycles), old_dynamics, size)
    return rooms.standard, rooms


def _mode(mode: AutoresetMode | str) -> AutoresetMode:
    """Gymnasium's mode, or the one of a name: `SameStep` or `SAME_STEP`."""
    if isinstance(mode, AutoresetMode):
        return mode
    for known in AutoresetMode:
        if mode in (known.value, known.name):
            return known
    raise unknown("autoreset_mode", str(mode), [known.value for known in AutoresetMode])
