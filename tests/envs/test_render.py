"""Pictures of kitchens: every kitchen at every size, without a display, the same pixels for the same state."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pygame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brigade.envs.kitchen.content.cookbook import Cookbook, parse_cookbook
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.pictures.drawing import Pen, sprite
from brigade.envs.kitchen.pictures.drawing_food import FOOD, LAYERS, painting, serving
from brigade.envs.kitchen.pictures.drawing_orders import readable
from brigade.envs.kitchen.pictures.drawing_stations import Mark, mark_of, smoke_level, station
from brigade.envs.kitchen.pictures.render import Window, default_size, render, save_png, to_array, view_of
from brigade.envs.registry import BrigadeError

SIZES = [None, (320, 240), (800, 600), (1280, 720)]
BURGERS = "new_counter_circuit"

EVERY_SHAPE = """
name: every_shape
title: Every shape
items:
  kale: {colour: "#3f9b4b", shape: leaf}
  slaw: {colour: "#e9d9a0", shape: shreds}
  steak: {colour: "#7a4526", shape: patty}
  roll: {colour: "#c98b4a", shape: bun}
  radish: {colour: "#dd4b39", shape: round}
  tofu: {colour: "#f4f0da", shape: slab}
  carrot: {colour: "#f08a2c", shape: stick}
tools:
  blanket: {colour: "#3366cc", sprays: 3}
dishes:
  Tower: {of: [kale, slaw, steak, roll, radish, tofu, carrot], points: 50, ticks: 300}
  Stew: {of: [radish, tofu, carrot], made_in: cauldron, points: 30, ticks: 200}
  Mix: {of: [kale, slaw], made_in: tub, points: 10, ticks: 100}
tiles:
  kales: {symbol: a, dispenses: kale}
  slaws: {symbol: b, dispenses: slaw}
  steaks: {symbol: c, dispenses: steak}
  rolls: {symbol: d, dispenses: roll}
  radishes: {symbol: e, dispenses: radish}
  tofus: {symbol: f, dispenses: tofu}
  carrots: {symbol: g, dispenses: carrot}
  plates: {symbol: h, dispenses: plate}
  blankets: {symbol: i, dispenses: blanket}
  cauldron: {symbol: j, vessel: {takes: [radish, tofu, carrot], capacity: 3, ticks: 30}}
  tub: {symbol: k, vessel: {takes: [kale, slaw], capacity: 2, interactions: 3}}
  shelf: {symbol: l, takes: [kale]}
  counter_out: {symbol: S, serves: true}
"""


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    yield
    pygame.display.quit()


def played(name: str, ticks: int = 120, seed: int = 0) -> tuple[Kitchen, dict[str, Any]]:
    """A kitchen after random play, so that things lie about and are at work."""
    game = Game(name)
    game.reset(seed)
    draw = np.random.default_rng(seed)
    for _ in range(ticks):
        game.step(draw.integers(0, 6, size=(1, game.kitchen.chefs)))
    return game.kitchen, game.describe()


def fresh(name: str = BURGERS) -> tuple[Kitchen, dict[str, Any]]:
    game = Game(name)
    game.reset(0)
    return game.kitchen, game.describe()


def cell_of(kitchen: Kitchen, tile: str) -> tuple[int, int]:
    return kitchen.cell(kitchen.tile_names.index(tile))


def pixels(kitchen: Kitchen, described: dict[str, Any], size: tuple[int, int] | None = (400, 300)) -> Any:
    return to_array(render(kitchen, described, size))


def with_item(described: dict[str, Any], at: tuple[int, int], item: str, progress: int = 0) -> dict[str, Any]:
    changed = copy.deepcopy(described)
    changed["items"].append({"at": at, "item": item, "progress": progress})
    return changed


@pytest.fixture
def every_shape() -> Cookbook:
    return parse_cookbook(EVERY_SHAPE)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", list_kitchens())
def test_every_kitchen_renders_without_a_display(name: str, size: tuple[int, int] | None) -> None:
    kitchen, described = played(name)
    picture = pixels(kitchen, described, size)
    width, height = size or default_size(kitchen)
    assert picture.shape == (height, width, 3)
    assert picture.dtype == np.uint8
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50  # more than an empty frame
    assert not pygame.display.get_init()


def test_large_picture_fills_its_frame() -> None:
    kitchen, described = fresh()
    assert pixels(kitchen, described, (3840, 2160)).shape == (2160, 3840, 3)


@pytest.mark.parametrize("name", list_kitchens())
def test_default_size_has_cells_of_64_pixels(name: str) -> None:
    assert view_of(load_kitchen(name)).cell == 64


@settings(max_examples=40, deadline=None)
@given(width=st.integers(1, 900), height=st.integers(1, 700), orders=st.integers(0, 16))
def test_odd_sizes_and_any_number_of_orders_render(width: int, height: int, orders: int) -> None:
    kitchen, described = fresh()
    described["orders"] = [{"dish": "BeefLettuceBurger", "ticks_left": 20 * i} for i in range(orders)]
    assert pixels(kitchen, described, (width, height)).shape == (height, width, 3)


@settings(max_examples=60, deadline=None)
@given(width=st.integers(320, 3840), height=st.integers(240, 2160), name=st.sampled_from(list_kitchens()))
def test_board_is_whole_and_below_the_bar(width: int, height: int, name: str) -> None:
    kitchen = load_kitchen(name)
    view = view_of(kitchen, (width, height))
    assert view.left >= 0
    assert view.left + kitchen.width * view.cell <= width
    assert view.top >= view.bar
    assert view.top + kitchen.height * view.cell <= height


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (-5, 5)])
def test_impossible_size_is_refused(size: tuple[int, int]) -> None:
    kitchen, described = fresh()
    with pytest.raises(BrigadeError, match="at least 1 x 1"):
        render(kitchen, described, size)


def test_same_state_gives_same_pixels() -> None:
    kitchen, described = played(BURGERS, 200, seed=3)
    before = copy.deepcopy(described)
    first = pixels(kitchen, described)
    assert np.array_equal(first, pixels(kitchen, copy.deepcopy(described)))
    assert described == before


def test_two_processes_give_the_same_pixels(tmp_path: Path) -> None:
    script = (
        "import sys; from brigade.envs.kitchen.engine.game import Game\n"
        "from brigade.envs.kitchen.pictures import render as r\n"
        f"game = Game({BURGERS!r}); game.reset(1)\n"
        "sys.stdout.buffer.write(b'pixels' + r.to_array(r.render(game.kitchen, game.describe(), (300, 200))).tobytes())"
    )
    outputs = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
        outputs.append(done.stdout.partition(b"pixels")[2])
    assert len(outputs[0]) == 300 * 200 * 3
    assert outputs[0] == outputs[1]


def test_drawing_on_a_frame_does_not_change_the_next() -> None:
    kitchen, described = fresh()
    frame = render(kitchen, described, (300, 200))
    before = to_array(frame)
    frame.fill("red")
    assert np.array_equal(before, pixels(kitchen, described, (300, 200)))


@pytest.mark.parametrize("facing", ["left", "right", "up", "down"])
def test_what_a_chef_holds_and_where_it_looks_are_seen(facing: str) -> None:
    kitchen, described = fresh()
    described["chefs"][0]["facing"] = facing
    seen = []
    for item in (None, "bread", "beef", "plate", "extinguisher"):
        changed = copy.deepcopy(described)
        changed["chefs"][0]["holding"] = item and {"item": item, "progress": 0}
        seen.append(pixels(kitchen, changed).tobytes())
    turned = copy.deepcopy(described)
    turned["chefs"][0]["facing"] = "left" if facing != "left" else "right"
    seen.append(pixels(kitchen, turned).tobytes())
    assert len(set(seen)) == len(seen)


def test_chefs_differ_from_each_other() -> None:
    kitchen, described = fresh()
    a, b = (chef["at"] for chef in described["chefs"])
    swapped = copy.deepcopy(described)
    swapped["chefs"][0]["at"], swapped["chefs"][1]["at"] = b, a
    assert not np.array_equal(pixels(kitchen, described), pixels(kitchen, swapped))


def test_chef_between_cells_is_drawn_between_them() -> None:
    kitchen, described = fresh()
    x, y = described["chefs"][0]["at"]
    moved = copy.deepcopy(described)
    moved["chefs"][0]["at"] = (x + 0.5, y)
    assert not np.array_equal(pixels(kitchen, described), pixels(kitchen, moved))


@pytest.mark.parametrize(
    ("tile", "first", "second"),
    [
        ("board", ("lettuce", 1), ("lettuce", 5)),
        ("board", ("lettuce", 7), ("chopped_lettuce", 0)),
        ("pan", ("beef", 3), ("beef", 20)),
        ("pan", ("cooked_beef", 2), ("cooked_beef", 38)),
        ("pan", ("burnt_beef", 0), ("burnt_beef on fire", 0)),
        ("pan", ("burnt_beef on fire", 1), ("burnt_beef on fire", 4)),
        ("counter", ("plate", 0), ("plate[bread]", 0)),
    ],
)
def test_change_on_a_tile_is_seen(tile: str, first: tuple[str, int], second: tuple[str, int]) -> None:
    kitchen, described = fresh()
    at = cell_of(kitchen, tile)
    pictures = [pixels(kitchen, with_item(described, at, *item)) for item in (first, second)]
    assert not np.array_equal(*pictures)


def test_change_in_the_bar_is_seen() -> None:
    kitchen, described = fresh()
    changes: list[dict[str, Any]] = [{}, {"score": 95}, {"ticks_left": 7}, {"orders": []}]
    changes += [{"orders": [{"dish": "BeefBurger", "ticks_left": left}]} for left in (250, 120, 20, None)]
    seen = {pixels(kitchen, described | change).tobytes() for change in changes}
    assert len(seen) == len(changes)


@pytest.mark.parametrize("name", list_kitchens())
def test_every_kind_of_item_can_be_drawn_wherever_it_can_be(name: str) -> None:
    kitchen, described = fresh(name)
    counter = cell_of(kitchen, "counter")
    for kind in kitchen.cookbook.kinds[1:]:
        at = cell_of(kitchen, kind.tile) if kind.tile else cell_of(kitchen, "pan") if kind.burning else counter
        pixels(kitchen, with_item(described, at, kind.name, 1), (200, 150))


def test_every_shape_has_a_picture_and_a_layer(every_shape: Cookbook) -> None:
    shapes = {item.shape for item in every_shape.spec.items.values()}
    assert shapes == set(FOOD) == set(LAYERS)
    for kind in every_shape.kinds:
        if kind.holder in ("food", "tool", "plate"):
            assert pygame.mask.from_surface(sprite(*painting(every_shape, kind), 48)).count() > 200


def test_new_tiles_and_dishes_are_drawn_from_their_description(every_shape: Cookbook) -> None:
    for tile in every_shape.spec.tiles:
        picture = station(every_shape, tile, "left")
        assert picture is not None
        assert pygame.mask.from_surface(sprite(*picture, 48)).count() > 500
    assert serving(every_shape, ("radish", "tofu", "carrot"), "Stew") == "soup"
    assert serving(every_shape, ("kale", "slaw"), "Mix") == "mix"
    assert serving(every_shape, ("steak", "roll")) == "stack"


def test_marks_tell_what_a_station_does() -> None:
    cookbook = load_kitchen(BURGERS).cookbook

    def mark(tile: str, item: str, progress: int) -> Mark | None:
        return mark_of(cookbook, tile, cookbook.kind(item), progress, acts=True)

    assert mark("counter", "lettuce", 0) is None
    chopping, done = mark("board", "lettuce", 4), mark("board", "chopped_lettuce", 0)
    assert chopping is not None
    assert (chopping.part, chopping.sign) == (0.5, "")
    assert done is not None
    assert done.sign == "done"
    signs = [getattr(mark("pan", "cooked_beef", ticks), "sign", None) for ticks in (0, 19, 20, 39)]
    assert signs == ["done", "done", "danger", "danger"]
    assert mark("pan", "burnt_beef", 0) is None
    assert getattr(mark("pan", "burnt_beef on fire", 1), "sign", None) == "spray"
    levels = [smoke_level(cookbook, "pan", cookbook.kind("cooked_beef"), ticks) for ticks in (0, 12, 25, 39)]
    assert levels == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "words"),
    [("BeefLettuceBurger", "Beef Lettuce Burger"), ("green_salad", "Green Salad"), ("BLT", "BLT"), ("Pie", "Pie")],
)
def test_dish_names_become_words(name: str, words: str) -> None:
    assert readable(name) == words


def test_sprite_is_kept() -> None:
    def dot(pen: Pen, colour: str) -> None:
        pen.circle(0, 0, 0.4, colour)

    assert sprite(dot, ("red",), 20) is sprite(dot, ("red",), 20)


def test_png_is_what_was_drawn(tmp_path: Path) -> None:
    kitchen, described = fresh()
    frame = render(kitchen, described, (320, 240))
    save_png(frame, tmp_path / "kitchen.png")
    assert np.array_equal(to_array(pygame.image.load(tmp_path / "kitchen.png")), to_array(frame))


@pytest.mark.parametrize("path", ["missing/folder/kitchen.png", "kitchen.jpg", "kitchen"])
def test_png_that_cannot_be_written_says_so(tmp_path: Path, path: str) -> None:
    with pytest.raises(BrigadeError, match="kitchen"):
        save_png(pygame.Surface((4, 4), 0, 32), tmp_path / path)


def test_window_opens_when_shown_and_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    kitchen, described = fresh()
    window = Window("Kitchen")
    assert not pygame.display.get_init()
    for size in ((320, 240), (320, 240), (400, 300)):
        window.show(render(kitchen, described, size))
        assert pygame.display.get_window_size() == size
    assert pygame.display.get_caption()[0] == "Kitchen"
    window.close()
    assert not pygame.display.get_init()
    window.close()
    window.show(render(kitchen, described, (320, 240)))
    window.close()


def test_window_without_display_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "nothing_like_it")
    with pytest.raises(BrigadeError, match="no window can be opened"):
        Window().show(pygame.Surface((10, 10), 0, 32))
    assert not pygame.display.get_init()


def test_window_that_nobody_can_see_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(pygame.display, "get_driver", lambda: "offscreen")
    with pytest.raises(BrigadeError, match="there is no display"):
        Window().show(pygame.Surface((10, 10), 0, 32))


def test_environments_load_without_pygame() -> None:
    script = "import sys, brigade.envs, brigade.envs.kitchen.engine.game; sys.exit('pygame' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_other_pygame_is_refused() -> None:
    script = (
        "import sys, types; sys.modules['pygame'] = types.ModuleType('pygame')\n"
        "try:\n    import brigade.envs.kitchen.pictures.render\n"
        "except Exception as error:\n    sys.exit(0 if 'pygame-ce is needed' in str(error) else str(error))\n"
        "sys.exit('accepted')"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
