"""Observations: that they show what is there, from each chef's own point of view, and are labelled right."""

from __future__ import annotations

import re
from collections import deque

import numpy as np
import pytest

from brigade.envs import kitchen_v0
from brigade.envs.kitchen.content.cookbook import FLOOR
from brigade.envs.kitchen.content.layout import ACTION_NAMES, INTERACT, Kitchen, parse_kitchen
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.content.tables import component_names
from brigade.envs.kitchen.engine.compiled import COMPILED
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.interfaces.parallel import KitchenParallelEnv
from brigade.envs.kitchen.interfaces.solo import KitchenSoloEnv
from brigade.envs.kitchen.interfaces.vector import KitchenVectorEnv
from brigade.envs.kitchen.observations.observe import FULL, Observer, make_observer, observers
from brigade.envs.registry import BrigadeError

KITCHENS = list_kitchens()
ARRAYS = ("planes", "features")
TICKS = 300 if COMPILED else 20  # plain Python is a hundred times slower


def played(kitchen: str, ticks: int, count: int = 1, seed: int = 3) -> Game:
    """Kitchens after random play that interacts often, so that things lie about and cook."""
    game = Game(kitchen, count)
    game.reset(seed)
    draw = np.random.default_rng(seed)
    weights = np.array([1, 2, 2, 2, 2, 5]) / 14
    for _ in range(ticks):
        game.step(draw.choice(6, (count, game.kitchen.chefs), p=weights))
    return game


def seen(name: str, game: Game) -> tuple[Observer, np.ndarray]:
    observer = make_observer(name, game.kitchen)
    buffer = observer.buffer(game.count)
    observer.write(game.state, buffer, 0, game.count)
    return observer, buffer


def steps_beside(kitchen: Kitchen, start: int) -> dict[int, int]:
    """Steps from a floor cell to stand beside each cell, found another way than by the code under test."""
    floor = {n for n, tile in enumerate(kitchen.layout.tile.tolist()) if tile == FLOOR}
    walked, queue = {start: 0}, deque([start])
    while queue:
        here = queue.popleft()
        for step in (-1, 1, -kitchen.width, kitchen.width):
            if here + step in floor and here + step not in walked:
                walked[here + step] = walked[here] + 1
                queue.append(here + step)
    beside: dict[int, int] = {}
    for here, steps in walked.items():
        for step in (-1, 1, -kitchen.width, kitchen.width):
            beside[here + step] = min(steps, beside.get(here + step, steps))
    return beside


@pytest.mark.parametrize("kitchen", KITCHENS)
@pytest.mark.parametrize("name", observers.names)
def test_what_is_written_is_in_the_space(name: str, kitchen: str) -> None:
    game = played(kitchen, 0, count=2)
    observer = make_observer(name, game.kitchen)
    buffer = observer.buffer(2)
    draw = np.random.default_rng(0)
    for _ in range(TICKS // 4):
        game.step(draw.integers(0, 6, (2, game.kitchen.chefs)))
        observer.write(game.state, buffer, 0, 2)
        assert all(observer.space.contains(one) for row in buffer for one in row)
    assert observer.space.contains(observer.space.sample())


@pytest.mark.parametrize("kitchen", KITCHENS)
@pytest.mark.parametrize("name", ARRAYS)
def test_labels_cover_the_observation(name: str, kitchen: str) -> None:
    observer = make_observer(name, load_kitchen(kitchen))
    assert len(observer.labels) == observer.shape[0] == len(set(observer.labels))
    next_first = 0
    for part in observer.parts:
        assert part.first == next_first
        assert part.about
        next_first += len(part.labels)
    assert next_first == observer.shape[0]


@pytest.mark.parametrize("kitchen", KITCHENS)
@pytest.mark.parametrize("name", ARRAYS)
def test_a_used_buffer_and_a_split_range_show_the_same(name: str, kitchen: str) -> None:
    before, game = played(kitchen, TICKS // 2, count=5), played(kitchen, TICKS // 3, count=5, seed=8)
    observer, fresh = seen(name, game)
    used = observer.buffer(5)
    observer.write(before.state, used, 0, 5)
    for lo, hi in ((3, 5), (0, 3)):
        observer.write(game.state, used, lo, hi)
    np.testing.assert_array_equal(used, fresh)


@pytest.mark.parametrize("kitchen", [name for name in KITCHENS if load_kitchen(name).chefs > 1])
@pytest.mark.parametrize("name", ARRAYS)
def test_swapping_the_chefs_swaps_what_they_see(name: str, kitchen: str) -> None:
    game = played(kitchen, TICKS)
    observer, before = seen(name, game)
    for array in (game.state.pos, game.state.facing, game.state.held, game.state.held_progress):
        array[:] = array[:, ::-1].copy()
    after = observer.buffer(1)
    observer.write(game.state, after, 0, 1)
    np.testing.assert_array_equal(after[0], before[0, ::-1])


@pytest.mark.parametrize("kitchen", KITCHENS)
def test_planes_show_the_whole_state(kitchen: str) -> None:
    game = played(kitchen, TICKS)
    observer, buffer = seen("planes", game)
    here, state = game.kitchen, game.state
    names, cells = component_names(here.cookbook), here.width * here.height
    most = int(here.tables.components.max())
    there = state.item[0].copy()
    for c in range(here.chefs):
        there[state.pos[0, c]] = state.held[0, c]  # nothing lies on the floor, so hands and cells share planes
    for c in range(here.chefs):
        plane = dict(zip(observer.labels, buffer[0, c].reshape(-1, cells).astype(int), strict=True))
        tiles = np.stack([plane[f"tile.{tile}"] for tile in here.cookbook.tiles])
        np.testing.assert_array_equal(tiles.argmax(axis=0), here.layout.tile)
        assert tiles.sum() == cells * FULL
        for more in range(here.chefs):
            d, prefix = (c + more) % here.chefs, f"other_{more}" if more else "own"
            assert np.flatnonzero(plane[f"{prefix}.at"]).tolist() == [state.pos[0, d]]
            facing = [f for f in range(1, 5) if plane[f"{prefix}.facing_{ACTION_NAMES[f]}"].any()]
            assert facing == [state.facing[0, d]]
        for column, name in enumerate(names):
            expected = here.tables.components[there, column].astype(int) * (FULL // most)
            np.testing.assert_array_equal(plane[f"item.{name}"], expected)
        under_way = np.flatnonzero(plane["work.progress"])
        assert set(under_way) <= set(np.flatnonzero(state.progress[0])) | set(state.pos[0].tolist())
        left = (here.horizon - int(state.tick[0])) * FULL // here.horizon
        assert set(plane["ticks_left"]) == {left}


@pytest.mark.parametrize("name", ARRAYS)
def test_orders_are_counted(name: str) -> None:
    game = Game("new_counter_circuit")
    game.reset([1], [["BeefBurger", "LettuceBurger", "BeefBurger"]])
    for _ in range(60):
        game.step([[0, 0]])
    observer, buffer = seen(name, game)
    one = FULL if name == "planes" else 1
    entry = dict(zip(observer.labels, buffer[0, 0].reshape(len(observer.labels), -1)[:, 0], strict=True))
    first_left = next(order["ticks_left"] for order in game.describe()["orders"] if order["dish"] == "BeefBurger")
    assert entry["order_BeefBurger.count"] == pytest.approx(2 / 4 * one, abs=one / 256)
    assert entry["order_BeefBurger.left"] == pytest.approx(first_left / 250 * one, abs=one / 256)
    assert entry["order_BeefLettuceBurger.count"] == entry["order_BeefLettuceBurger.left"] == 0
    assert entry["ticks_left"] == pytest.approx(440 / 500 * one, abs=one / 256)


@pytest.mark.parametrize("kitchen", KITCHENS)
def test_features_tell_of_the_chef_and_what_it_faces(kitchen: str) -> None:
    game = played(kitchen, TICKS)
    observer, buffer = seen("features", game)
    here, state = game.kitchen, game.state
    for c in range(here.chefs):
        entry = dict(zip(observer.labels, buffer[0, c].tolist(), strict=True))
        x, y = here.cell(int(state.pos[0, c]))
        assert entry["own.x"] == pytest.approx(x / here.width)
        assert entry["own.y"] == pytest.approx(y / here.height)
        assert entry[f"own.facing_{ACTION_NAMES[state.facing[0, c]]}"] == 1
        cell = int(state.pos[0, c] + here.layout.step[state.facing[0, c]])
        taken = cell in state.pos[0].tolist()
        assert entry["faced.occupied"] == (state.item[0, cell] != 0)
        assert entry["faced.chef"] == taken
        before = game.snapshot()
        alone = np.zeros((1, here.chefs), int)
        alone[0, c] = INTERACT
        game.step(alone)
        assert entry["faced.usable"] == (state.event[0, c] != 0)
        game.restore(before)


@pytest.mark.parametrize("kitchen", KITCHENS)
def test_features_find_the_nearest(kitchen: str) -> None:
    game = played(kitchen, TICKS)
    observer, buffer = seen("features", game)
    here, state = game.kitchen, game.state
    kinds, columns = here.cookbook.kinds, component_names(here.cookbook)
    for c in range(here.chefs):
        entry = dict(zip(observer.labels, buffer[0, c].tolist(), strict=True))
        beside = steps_beside(here, int(state.pos[0, c]))
        for tile, name in enumerate(here.cookbook.tiles[2:], 2):
            steps = sorted(beside[n] for n in np.flatnonzero(here.layout.tile == tile).tolist() if n in beside)
            if f"{name}.nearness" in entry:
                assert entry[f"{name}.nearness"] == pytest.approx(1 / (1 + steps[0]) if steps else 0)
            else:
                for slot, want in zip((1, 2), [*steps, None, None], strict=False):
                    nearness = 0 if want is None else 1 / (1 + want)
                    assert entry[f"{name}_{slot}.nearness"] == pytest.approx(nearness)
        for column, name in enumerate(columns):
            cells = [n for n, kind in enumerate(state.item[0].tolist())
                     if here.tables.components[kind, column] and kinds[kind].holder != "vessel"]  # fmt: skip
            steps = sorted(beside[n] for n in cells if n in beside)
            assert entry[f"item_{name}.nearness"] == pytest.approx(1 / (1 + steps[0]) if steps else 0)
            dx, dy = entry[f"item_{name}.dx"] * here.width, entry[f"item_{name}.dy"] * here.height
            cell = int(state.pos[0, c]) + round(dy) * here.width + round(dx)
            assert not steps or (cell in cells and beside[cell] == steps[0])


@pytest.mark.parametrize("name", ARRAYS)
def test_the_phases_of_a_pot_look_different(name: str) -> None:
    kitchen = load_kitchen("cramped_room", old_dynamics=False)
    game = Game(kitchen)
    game.reset([1])
    pot = int(kitchen.layout.stoves[0])
    looks = []
    for phase in ("", " cooking", " ready"):
        game.state.item[0, pot] = kitchen.cookbook.kind(f"pot[onion*3]{phase}").index
        looks.append(seen(name, game)[1].tobytes())
    assert len(set(looks)) == 3


@pytest.mark.parametrize("name", ARRAYS)
def test_danger_shows(name: str) -> None:
    game = Game("new_counter_circuit")
    game.reset([1])
    kitchen, pan = game.kitchen, int(game.kitchen.layout.stoves[0])
    urgencies = []
    for kind, progress in (("beef", 29), ("cooked_beef", 10), ("cooked_beef", 39), ("burnt_beef on fire", 0)):
        game.state.item[0, pan], game.state.progress[0, pan] = kitchen.cookbook.kind(kind).index, progress
        observer, buffer = seen(name, game)
        index = [i for i, label in enumerate(observer.labels) if re.fullmatch(r"(work|pan_[12])\.urgency", label)]
        urgencies.append(buffer[0, 0][index].max() / (FULL if name == "planes" else 1))
    assert urgencies == pytest.approx([0, 10 / 40, 39 / 40, 1], abs=1 / 250)


THREE_CHEFS = """
name: three
title: Three chefs
cookbook: salads
rules: challenge
map: |
  .GUKP..
  S1_2_3.
  ._____D
  .CCWWW.
horizon: 200
"""


@pytest.mark.parametrize("name", ARRAYS)
def test_the_others_come_in_seat_order_after_oneself(name: str) -> None:
    game = Game(parse_kitchen(THREE_CHEFS))
    game.reset([1])
    starts = [game.kitchen.number(*start) for start in game.kitchen.starts]
    observer, buffer = seen(name, game)
    for c in range(3):
        entry = dict(zip(observer.labels, buffer[0, c].reshape(len(observer.labels), -1), strict=True))
        for more in (1, 2):
            there = starts[(c + more) % 3]
            if name == "planes":
                assert np.flatnonzero(entry[f"other_{more}.at"]).tolist() == [there]
            else:
                dx = entry[f"other_{more}.dx"][0] * game.kitchen.width
                assert dx == pytest.approx(there - starts[c], abs=1e-5)


@pytest.mark.parametrize("name", ARRAYS)
def test_what_is_in_a_bowl_shows(name: str) -> None:
    game = Game(parse_kitchen(THREE_CHEFS))
    game.reset([1])
    kitchen = game.kitchen
    bowl = int(np.flatnonzero(kitchen.layout.tile == kitchen.cookbook.tiles.index("bowl"))[0])
    looks = []
    for kind in kitchen.cookbook.kinds:
        if kind.holder == "vessel":
            game.state.item[0, bowl] = kind.index
            looks.append(seen(name, game)[1].tobytes())
    assert len(set(looks)) == len(looks) > 3


def test_symbolic_tells_the_seat() -> None:
    game = played("new_counter_circuit", 10)
    _, buffer = seen("symbolic", game)
    assert [one["you"] for one in buffer[0]] == [0, 1]
    assert buffer[0, 1] == game.describe() | {"you": 1}


def test_a_mistyped_observation_is_answered_with_the_nearest() -> None:
    with pytest.raises(BrigadeError, match="unknown observation 'plane'; did you mean 'planes'"):
        make_observer("plane", load_kitchen("cramped_room"))


def test_the_card_has_the_tables_of_the_spaces() -> None:
    card = kitchen_v0.card("new_counter_circuit")
    documented = [line.strip() for line in (KitchenParallelEnv.__doc__ or "").splitlines()]
    for line in card.splitlines():
        assert line in documented, f"the card of KitchenParallelEnv lacks: {line}"


@pytest.mark.parametrize("environment", [KitchenParallelEnv, KitchenSoloEnv, KitchenVectorEnv])
def test_every_card_has_its_sections_and_the_shapes_of_the_spaces(environment: type) -> None:
    text = environment.__doc__ or ""
    for section in ("Description", "Actions", "Observation", "Reward", "End of episode", "Arguments", "History"):
        assert f"## {section}" in text
    kitchen = load_kitchen("new_counter_circuit")
    for name in ARRAYS:
        row = re.search(rf"\| `{name}` \| \(([^)]*)\) \| (\w+) \| (\S+) to (\S+) \|", text)
        assert row is not None
        shape = tuple(int(size) for size in row[1].split(",") if size.strip() not in ("", "N"))
        observer = make_observer(name, kitchen)
        leading = (kitchen.chefs,) if environment is KitchenVectorEnv else ()
        assert shape == (*leading, *observer.shape)
        assert (row[2], float(row[3]), float(row[4])) == (observer.dtype.__name__, observer.low, observer.high)


@pytest.mark.parametrize("kitchen", KITCHENS)
def test_a_card_can_be_made_for_any_kitchen(kitchen: str) -> None:
    card = kitchen_v0.card(kitchen)
    for name in ARRAYS:
        observer = make_observer(name, load_kitchen(kitchen))
        assert f"| `{name}` | {observer.shape} |" in card
        assert f"{observer.shape[0] - 1} | ticks_left |" in card
