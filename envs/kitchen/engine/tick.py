"""What one call into compiled code does with a kitchen: a tick, and whatever comes with it.

Kernels that also write observations are with those; the ones here write none. All go through `stage_of` and `do`, and
so do those on a GPU: a kitchen plays a tick, shows it, begins its next episode if that is due, shows that, or only some
of this, as the mode of the call says. What is shown goes into one array, twice as long as there are kitchens: what they
see now, then the last that they saw of an episode that ended.

Kitchens take a turn each, and those that begin anew a second one. A loop over what each does in its turn would be
easier to read, and take half as long again: compilers prepare for it kitchen by kitchen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.layout import Layout
from brigade.envs.kitchen.content.tables import NO_EVENT, Tables
from brigade.envs.kitchen.engine.compiled import kernel
from brigade.envs.kitchen.engine.handle import Reader
from brigade.envs.kitchen.engine.rooms import choose_room, read_rooms, room_of
from brigade.envs.kitchen.engine.rules import reset_one, step_one
from brigade.envs.kitchen.engine.state import AXES, SERVED, STAT_NAMES, State

# Modes of a call. What a kitchen does whose episode has ended is Gymnasium's autoreset mode.
LOOKING, BEGINNING, DISABLED, SAME_STEP, NEXT_STEP = range(5)
DONE, SHOW, BEGIN, TICK = range(4)  # stages of a kitchen in a call
ACTIONS = 6


class Joint(NamedTuple):
    """What comes into a tick of N kitchens and what comes out of it.

    `results`, `shaped` and `over` tell of the tick played last, whatever has begun since. In the modes BEGINNING and
    NEXT_STEP `over` is also what says where the next episode is to begin.
    """

    actions: NDArray[np.int8]  # (N, C)
    results: NDArray[np.int32]  # (3, N) change of each score; points, and dishes served, of the episode it belongs to
    shaped: NDArray[np.int16]  # (N, C) shaped rewards
    over: NDArray[np.bool_]  # (N,) whether an episode ended with it


class Host(NamedTuple):
    """The same, of what only kitchens on the CPU have."""

    given: NDArray[np.int64]  # (N, C) actions that are to be checked
    totals: NDArray[np.int32]  # (N, 6) `stats` of the episodes that ended with the last tick; elsewhere meaningless
    events: NDArray[np.int64]  # (N, C, 2) `event` and `event_kind`, -1 for none, of their last tick; likewise
    told: NDArray[np.int64]  # (1, 3 + C) of a single kitchen: results 0 and 1, `over`, `shaped`; (0, 3 + C) of several


def new_host(count: int, chefs: int) -> Host:
    """Zeroed arrays for so many kitchens."""
    return Host(
        np.zeros((count, chefs), np.int64), np.zeros((count, len(STAT_NAMES)), np.int32),
        np.zeros((count, chefs, 2), np.int64), np.zeros((1 if count == 1 else 0, 3 + chefs), np.int64),
    )  # fmt: skip


def new_joint(count: int, chefs: int) -> Joint:
    """Zeroed arrays for so many kitchens."""
    return Joint(
        np.zeros((count, chefs), np.int8), np.zeros((3, count), np.int32), np.zeros((count, chefs), np.int16),
        np.zeros(count, np.bool_),
    )  # fmt: skip


@kernel
def stage_of(joint: Joint, mode: int, k: int, again: bool) -> int:
    """What kitchen k does when its turn comes, or comes again: it begins anew if its episode has made way."""
    if again:
        return BEGIN if mode == SAME_STEP and joint.over[k] else DONE
    if mode == LOOKING:
        return SHOW
    if mode == BEGINNING:
        return BEGIN if joint.over[k] else DONE
    return BEGIN if mode == NEXT_STEP and joint.over[k] else TICK


@kernel
def do(s: State, k: int, layout: Layout, tables: Tables, joint: Joint, mode: int, stage: int) -> int:
    """Do what the stage says.

    Returns:
        The row of what is seen then: k, or N + k for the last of an episode that makes way for the next.
    """
    count = joint.over.shape[0]
    if stage == BEGIN:
        s.episode[k] += 1
        reset_one(s, k, layout, tables)
        if mode == NEXT_STEP:  # in the place of a tick
            joint.results[0, k] = 0
            joint.results[1, k] = s.score[k]
            joint.results[2, k] = 0
            joint.over[k] = False
            for c in range(s.pos.shape[1]):
                joint.shaped[k, c] = 0
    elif stage == TICK:
        joint.results[0, k] = step_one(s, k, layout, tables, joint.actions)
        joint.results[1, k] = s.score[k]
        joint.results[2, k] = s.stats[k, SERVED]
        joint.over[k] = s.tick[k] >= layout.horizon
        for c in range(s.pos.shape[1]):
            joint.shaped[k, c] = s.shaped[k, c]
        if mode == SAME_STEP and joint.over[k]:
            return int(count + k)
    return k


@kernel
def keep(s: State, joint: Joint, host: Host, k: int, row: int, stage: int) -> int:
    """Keep what an episode has come to, if it makes way for the next. Returns 1 if one has ended, otherwise 0."""
    if row != k:
        for i in range(s.stats.shape[1]):
            host.totals[k, i] = s.stats[k, i]
        keep_events(s, host, k)
    return 1 if stage == TICK and joint.over[k] else 0


@kernel
def keep_events(s: State, host: Host, k: int) -> None:
    """Write down what the chefs' actions have come to."""
    for c in range(s.pos.shape[1]):
        host.events[k, c, 0] = s.event[k, c]
        host.events[k, c, 1] = s.event_kind[k, c] if s.event[k, c] != NO_EVENT else -1


@kernel
def tell(s: State, joint: Joint, host: Host, mode: int) -> None:
    """Of a single kitchen that goes on, put all that its caller asks for into one place."""
    if mode == DISABLED and host.told.shape[0] == 1:
        keep_events(s, host, 0)
        host.told[0, 0] = joint.results[0, 0]
        host.told[0, 1] = joint.results[1, 0]
        host.told[0, 2] = joint.over[0]
        for c in range(s.pos.shape[1]):
            host.told[0, 3 + c] = joint.shaped[0, c]


@kernel
def take(joint: Joint, host: Host, lo: int, hi: int) -> int:
    """Take the actions of kitchens lo..hi-1 that are given. Returns the number of one with an action that is none."""
    chefs, wrong = joint.actions.shape[1], 0
    for k in range(lo, hi):
        for c in range(chefs):
            action = host.given[k, c]
            wrong |= (action < 0) | (action >= ACTIONS)
            joint.actions[k, c] = action & 7  # none of which is out of reach of the rules' tables
    if wrong != 0:
        for k in range(lo, hi):
            for c in range(chefs):
                if host.given[k, c] < 0 or host.given[k, c] >= ACTIONS:
                    return int(k)
    return -1


STATE, LAYOUT, TABLES, JOINT, HOST, ROOMS = range(6)  # parts of a game's handle
read_state = Reader(State, AXES)
read_layout = Reader(Layout, {})
read_tables = Reader(
    Tables, {"rule": 3, "rows": 2, "cook_ticks": 2, "cook_next": 2, "components": 2}
)  # fmt: skip
read_joint = Reader(Joint, {"actions": 2, "results": 2, "shaped": 2})
read_host = Reader(Host, {"given": 2, "totals": 2, "events": 3, "told": 2})

state_at, layout_at, tables_at = read_state.read, read_layout.read, read_tables.read
joint_at, host_at, rooms_at = read_joint.read, read_host.read, read_rooms.read


@kernel
def unseen(game: int, eye: int, mode: int, checked: bool, lo: int, hi: int) -> int:
    """A call for kitchens lo..hi-1 of one room, without observations.

    Args:
        game: the handle of the game: STATE, LAYOUT, TABLES, JOINT and HOST.
        eye: nothing; other kernels are given the handle of their observer.
        mode: LOOKING, BEGINNING, DISABLED, SAME_STEP or NEXT_STEP.
        checked: whether the actions are taken from `host.given`, once they are known to be some.
        lo: which kitchens: from this one on,
        hi: up to this one, which is not among them.

    Returns:
        The number of a kitchen with an action that is none, and nothing is done then; otherwise -1, less the number of
        kitchens of which an episode has ended.
    """
    s, layout, tables, joint = (
        state_at(game, STATE),
        layout_at(game, LAYOUT),
        tables_at(game, TABLES),
        joint_at(game, JOINT),
    )
    host = host_at(game, HOST)
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
                ended += keep(s, joint, host, k, row, stage)
                turns = turns if row == k else 2
        turn += 1
    tell(s, joint, host, mode)
    return -1 - ended


@kernel
def unseen_rooms(game: int, eye: int, mode: int, checked: bool, lo: int, hi: int) -> int:
    """As `unseen`, for kitchens of several rooms; the handle has ROOMS besides."""
    s, tables, joint, host = state_at(game, STATE), tables_at(game, TABLES), joint_at(game, JOINT), host_at(game, HOST)
    rooms = rooms_at(game, ROOMS)
    if checked:
        bad = take(joint, host, lo, hi)
        if bad >= 0:
            return bad
    ended, turns, turn = 0, 1, 0
    while turn < turns:
        for k in range(lo, hi):
            stage = stage_of(joint, mode, k, turn > 0)
            if stage == BEGIN:
                choose_room(rooms, s, k)
            if stage != DONE:
                row = do(s, k, room_of(rooms, rooms.room[k]), tables, joint, mode, stage)
                ended += keep(s, joint, host, k, row, stage)
                turns = turns if row == k else 2
        turn += 1
    tell(s, joint, host, mode)
    return -1 - ended
