"""The rules of the kitchen: one tick of one kitchen, over integer arrays, reading only tables.

The same source runs as plain Python, compiled by Numba on the CPU, and compiled for a GPU, so it keeps to a small
language: scalars, arrays, loops. Order of events within a tick: see `step_one`.

Sources: `challenge` is the game of arXiv 2502.11882, `classic` is Overcooked-AI (arXiv 1910.05789).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.cookbook import COUNTER, FLOOR, NOTHING
from brigade.envs.kitchen.content.layout import INTERACT, LEFT, STAY, UP, Layout
from brigade.envs.kitchen.content.tables import (
    CREDIT,
    EVENT,
    FLOW,
    FLOW_FRESH,
    FLOW_LOST,
    FLOW_TO_HELD,
    FLOW_TO_TARGET,
    FROM_HELD,
    FROM_TARGET,
    HELD_FROM,
    LIMIT,
    NEW_HELD,
    NEW_TARGET,
    NO_EVENT,
    SERVE,
    SHAPED,
    SHAPED_PLATE,
    SPRAY,
    TARGET_FROM,
    Tables,
)  # fmt: skip
from brigade.envs.kitchen.engine.compiled import kernel
from brigade.envs.kitchen.engine.state import FIRES, GAINED, MISSED, SERVED, SPRAYED, WRONG, State

MASK_32 = 0xFFFFFFFF


@kernel
def mix_bits(x: int) -> int:
    """Scramble 32 bits (the finalizer of splitmix32), in arithmetic that is the same compiled and plain."""
    x = int(x) & MASK_32
    x = ((x ^ (x >> 16)) * 0x21F0AAAD) & MASK_32
    x = ((x ^ (x >> 15)) * 0x735A2D97) & MASK_32
    return x ^ (x >> 15)


@kernel
def draw(s: State, k: int, n: int) -> int:
    """A number in 0..n-1 from kitchen k's own generator (splitmix32)."""
    s.random[k] = (int(s.random[k]) + 0x9E3779B9) & MASK_32
    return (mix_bits(int(s.random[k])) * int(n)) >> 32


@kernel
def add_order(s: State, k: int, layout: Layout, tables: Tables) -> None:
    """Append the next order: from the script while it lasts, then drawn uniformly."""
    seen, last = s.orders_seen[k], s.orders_open[k]
    if seen < s.script_length[k]:
        dish = s.script[k, seen]
    else:
        dish = layout.dishes[draw(s, k, layout.dishes.shape[0])]
    s.order_dish[k, last] = dish
    s.order_left[k, last] = tables.lifetime[dish]
    s.orders_open[k] = last + 1
    s.orders_seen[k] = seen + 1


@kernel
def remove_order(s: State, k: int, i: int) -> None:
    """Take order i off the list; later ones move up."""
    last = s.orders_open[k] - 1
    for j in range(i, last):
        s.order_dish[k, j] = s.order_dish[k, j + 1]
        s.order_left[k, j] = s.order_left[k, j + 1]
    s.order_dish[k, last] = 0
    s.order_left[k, last] = 0
    s.orders_open[k] = last


@kernel
def reset_one(s: State, k: int, layout: Layout, tables: Tables) -> None:
    """Begin an episode of kitchen k. Its seed, episode number and script are read, not set."""
    chefs, cells = s.pos.shape[1], s.item.shape[1]
    s.tick[k] = 0
    s.score[k] = 0
    s.random[k] = mix_bits(mix_bits(s.seed[k]) + 0x9E3779B9 * (int(s.episode[k]) & 0xFFFF) + int(s.episode[k]))
    for c in range(chefs):
        s.pos[k, c] = layout.start[c]
        s.facing[k, c] = layout.start_facing
        s.held[k, c] = NOTHING
        s.held_progress[k, c] = 0
        s.contribution[k, c] = 0
        s.event[k, c] = NO_EVENT
        s.event_kind[k, c] = NOTHING
        s.shaped[k, c] = 0
        for d in range(chefs):
            s.held_work[k, c, d] = 0
    for cell in range(cells):
        s.item[k, cell] = layout.start_item[cell]
        s.progress[k, cell] = 0
        for c in range(chefs):
            s.work[k, cell, c] = 0
    for i in range(s.stats.shape[1]):
        s.stats[k, i] = 0
    for i in range(s.order_dish.shape[1]):
        s.order_dish[k, i] = 0
        s.order_left[k, i] = 0
    s.orders_open[k] = 0
    s.orders_seen[k] = 0
    if layout.standing:
        for i in range(layout.dishes.shape[0]):
            s.order_dish[k, i] = layout.dishes[i]
        s.orders_open[k] = layout.dishes.shape[0]
    else:
        add_order(s, k, layout, tables)


@kernel
def target_of(s: State, k: int, c: int, layout: Layout, action: int) -> int:
    """The cell chef c would stand on after this action, were nobody in the way."""
    here = s.pos[k, c]
    if LEFT <= action <= UP:
        there = here + layout.step[action]
        if layout.tile[there] == FLOOR:
            return int(there)
    return int(here)


@kernel
def plate_is_useful(s: State, k: int, layout: Layout, tables: Tables, at_work: int) -> bool:
    """Whether fetching an empty plate helps: none lies about, and fewer are held than tiles have something at work.

    Overcooked-AI's rule for its shaped reward, which keeps plates from being picked up and dropped for it.
    """
    held = 0
    for c in range(s.pos.shape[1]):
        if s.held[k, c] == tables.empty_plate:
            held += 1
    if held >= at_work:
        return False
    for cell in range(s.item.shape[1]):
        if s.item[k, cell] == tables.empty_plate and layout.tile[cell] == COUNTER:
            return False
    return True


@kernel
def interact(s: State, k: int, c: int, layout: Layout, tables: Tables, at_work: int) -> None:
    """Chef c interacts with the cell it faces: one row of the table says everything that happens."""
    cell = s.pos[k, c] + layout.step[s.facing[k, c]]
    held, target = s.held[k, c], s.item[k, cell]
    number = tables.rule[layout.tile[cell], held, target]
    if number == 0:
        return
    rows = tables.rows
    shaped = rows[number, SHAPED]
    if shaped == SHAPED_PLATE and not plate_is_useful(s, k, layout, tables, at_work):
        shaped = 0
    s.shaped[k, c] = layout.shaped[shaped]
    s.event[k, c] = rows[number, EVENT]
    if rows[number, LIMIT] > 0:  # chopping, mixing, spraying: the kind changes with the last interaction
        s.event_kind[k, c] = target
        s.progress[k, cell] += 1
        if rows[number, CREDIT] == 1:
            s.work[k, cell, c] += 1
        if s.progress[k, cell] >= rows[number, LIMIT]:
            s.progress[k, cell] = 0
            s.item[k, cell] = rows[number, NEW_TARGET]
            if rows[number, EVENT] == SPRAY:
                s.stats[k, SPRAYED] += 1
        return
    held_progress, target_progress = s.held_progress[k, c], s.progress[k, cell]
    s.held[k, c] = rows[number, NEW_HELD]
    s.item[k, cell] = rows[number, NEW_TARGET]
    s.held_progress[k, c] = moved(rows[number, HELD_FROM], held_progress, target_progress)
    s.progress[k, cell] = moved(rows[number, TARGET_FROM], held_progress, target_progress)
    s.event_kind[k, c] = pass_credit(s, k, c, cell, tables.rows, number, held)


@kernel
def moved(source: int, held_progress: int, target_progress: int) -> int:
    """The progress count that goes along with an item."""
    if source == FROM_HELD:
        return held_progress
    if source == FROM_TARGET:
        return target_progress
    return 0


@kernel
def pass_credit(s: State, k: int, c: int, cell: int, rows: NDArray[np.int16], number: int, held: int) -> int:
    """Let the count of who worked on an item go where the item goes. Returns the kind the event was about."""
    chefs, flow, credit = s.pos.shape[1], rows[number, FLOW], rows[number, CREDIT]
    if flow == FLOW_TO_TARGET:
        for d in range(chefs):
            s.work[k, cell, d] += s.held_work[k, c, d]
            s.held_work[k, c, d] = 0
        s.work[k, cell, c] += credit
        return int(rows[number, NEW_TARGET])
    if flow == FLOW_TO_HELD:
        for d in range(chefs):
            s.held_work[k, c, d] += s.work[k, cell, d]
            s.work[k, cell, d] = 0
        s.held_work[k, c, c] += credit
        return int(rows[number, NEW_HELD])
    if flow == FLOW_FRESH:
        s.held_work[k, c, c] = credit
        return int(rows[number, NEW_HELD])
    if flow == FLOW_LOST:
        for d in range(chefs):
            s.held_work[k, c, d] = 0
    else:
        s.held_work[k, c, c] += credit  # served: judged at the end of the tick
    return int(held)


@kernel
def move_in_turn(s: State, k: int, layout: Layout, tables: Tables, actions: NDArray[np.int8], at_work: int) -> None:
    """Challenge: everyone turns, moves are cancelled on where everyone stood, then chefs act one after another."""
    chefs = s.pos.shape[1]
    for c in range(chefs):
        if LEFT <= actions[k, c] <= UP:
            s.facing[k, c] = actions[k, c]
    moves = 0
    for c in range(chefs):
        target = target_of(s, k, c, layout, actions[k, c])
        if target != s.pos[k, c]:
            free = True
            for d in range(chefs):
                if d != c and s.pos[k, d] == target:
                    free = False
                if d < c and target_of(s, k, d, layout, actions[k, d]) == target:
                    free = False
            if free:
                moves |= 1 << c
    for c in range(chefs):
        if moves >> c & 1:
            s.pos[k, c] += layout.step[actions[k, c]]
        elif actions[k, c] == INTERACT:
            interact(s, k, c, layout, tables, at_work)


@kernel
def move_at_once(s: State, k: int, layout: Layout, tables: Tables, actions: NDArray[np.int8], at_work: int) -> None:
    """Classic: interactions first, then all moves at once; chefs who would share or swap cells stay."""
    chefs = s.pos.shape[1]
    for c in range(chefs):
        if actions[k, c] == INTERACT:
            interact(s, k, c, layout, tables, at_work)
    moves = 0
    for c in range(chefs):
        if LEFT <= actions[k, c] <= UP:
            s.facing[k, c] = actions[k, c]
            if target_of(s, k, c, layout, actions[k, c]) != s.pos[k, c]:
                moves |= 1 << c
    changed = True
    while changed:  # who is stopped may stop others
        changed = False
        for c in range(chefs):
            for d in range(chefs):
                if c != d and moves >> c & 1:
                    target = target_of(s, k, c, layout, actions[k, c])
                    other = target_of(s, k, d, layout, actions[k, d]) if moves >> d & 1 else int(s.pos[k, d])
                    swap = moves >> d & 1 == 1 and target == s.pos[k, d] and other == s.pos[k, c]
                    if target == other or swap:
                        moves &= ~(1 << c) & ~(1 << d)
                        changed = True
    for c in range(chefs):
        if moves >> c & 1:
            s.pos[k, c] += layout.step[actions[k, c]]


@kernel
def cook(s: State, k: int, layout: Layout, tables: Tables) -> None:
    """Everything on a stove advances by a tick."""
    for i in range(layout.stoves.shape[0]):
        cell = layout.stoves[i]
        kind = s.item[k, cell]
        ticks = tables.cook_ticks[layout.tile[cell], kind]
        if ticks > 0:
            s.progress[k, cell] += 1
            if s.progress[k, cell] >= ticks:
                after = tables.cook_next[layout.tile[cell], kind]
                s.item[k, cell] = after
                s.progress[k, cell] = 0
                if tables.burning[after]:
                    s.stats[k, FIRES] += 1


@kernel
def age_orders(s: State, k: int, layout: Layout) -> None:
    """Open orders lose a tick; at 0 they are removed and cost points.

    As in the published game, the order right after a removed one is skipped by this tick's ageing.
    """
    i = 0
    while i < s.orders_open[k]:
        s.order_left[k, i] -= 1
        if s.order_left[k, i] <= 0:
            remove_order(s, k, i)
            s.score[k] -= layout.missed_penalty
            s.stats[k, MISSED] += 1
        i += 1


@kernel
def judge(s: State, k: int, c: int, layout: Layout, tables: Tables) -> None:
    """Pay what chef c delivered in this tick, if an open order wants it."""
    dish = tables.dish[s.event_kind[k, c]]
    found = -1
    for i in range(s.orders_open[k]):
        if found < 0 and dish >= 0 and s.order_dish[k, i] == dish:
            found = i
    if found >= 0:
        s.score[k] += tables.points[dish]
        s.stats[k, GAINED] += tables.points[dish]
        s.stats[k, SERVED] += 1
        if not layout.standing:
            remove_order(s, k, found)
    else:
        s.score[k] -= layout.wrong_penalty
        s.stats[k, WRONG] += 1
    for d in range(s.pos.shape[1]):
        if found >= 0:
            s.contribution[k, d] += s.held_work[k, c, d]
        s.held_work[k, c, d] = 0


@kernel
def step_one(s: State, k: int, layout: Layout, tables: Tables, actions: NDArray[np.int8]) -> int:
    """One tick of kitchen k: chefs act, stoves cook, orders age and arrive, deliveries are judged.

    Returns:
        The change of the score.
    """
    before = s.score[k]
    at_work, interacting = 0, False
    for c in range(s.pos.shape[1]):
        s.event[k, c] = NO_EVENT
        s.event_kind[k, c] = NOTHING
        s.shaped[k, c] = 0
        interacting = interacting or actions[k, c] == INTERACT
    if interacting:
        for i in range(layout.work_cells.shape[0]):
            if tables.wants_plate[s.item[k, layout.work_cells[i]]]:
                at_work += 1
    if layout.classic:
        move_at_once(s, k, layout, tables, actions, at_work)
    else:
        move_in_turn(s, k, layout, tables, actions, at_work)
    cook(s, k, layout, tables)
    s.tick[k] += 1
    if not layout.standing:
        age_orders(s, k, layout)
        while s.orders_open[k] < layout.max_open and s.tick[k] >= layout.spacing * int(s.orders_open[k]):
            add_order(s, k, layout, tables)
    for c in range(s.pos.shape[1]):
        if s.event[k, c] == SERVE:
            judge(s, k, c, layout, tables)
    return int(s.score[k] - before)


assert STAY == 0  # a zeroed action array means that everyone stays
