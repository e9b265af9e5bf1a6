"""Generated kitchens: the same for the same name, each one solvable; and the check of what can be served."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brigade.envs.kitchen.content.cookbook import COUNTER, FLOOR
from brigade.envs.kitchen.content.folders import own_folder
from brigade.envs.kitchen.content.generate import Recipe, generate, generate_from_name, parse_name, unservable
from brigade.envs.kitchen.content.layout import Kitchen, parse_kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.registry import BrigadeError

BOOKS = ["burgers", "salads", "soups"]
PROPERTY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def room_of(kitchen: Kitchen, chef: int) -> int:
    """The number of the part of the floor that a chef walks."""
    start = kitchen.number(*kitchen.starts[chef])
    return next(i for i, region in enumerate(kitchen.regions) if start in region)


@pytest.mark.parametrize("book", BOOKS)
@pytest.mark.parametrize(
    ("style", "chefs"), [("open", 1), *((style, chefs) for style in ("open", "divided") for chefs in (2, 3, 4))]
)
def test_every_style_number_and_cookbook(style: str, chefs: int, book: str) -> None:
    for seed in range(4):
        kitchen = load_kitchen(f"generated:seed={seed},style={style},chefs={chefs},cookbook={book}")
        assert (kitchen.chefs, kitchen.cookbook.name) == (chefs, book)
        assert (kitchen.width, kitchen.height, kitchen.horizon) == (9, 7, 500)
        assert unservable(kitchen) == {}
        rooms = {room_of(kitchen, chef) for chef in range(chefs)}
        assert len(rooms) == (2 if style == "divided" else 1)


@PROPERTY
@given(
    seed=st.integers(0, 2**32 - 1), style=st.sampled_from(["open", "divided"]), chefs=st.integers(2, 4),
    book=st.sampled_from(BOOKS), width=st.integers(6, 14), height=st.integers(6, 12), stations=st.integers(1, 3),
)  # fmt: skip
def test_whatever_is_generated_is_closed_and_solvable(**options: Any) -> None:
    book = options.pop("book")
    try:
        text = generate(Recipe(cookbook=book, **options))
    except BrigadeError as error:
        assert re.search("no solvable .* kitchen of .* make it larger", str(error))  # noqa: PT017  (it may succeed)
        assert options["width"] * options["height"] < 60
        return
    assert generate(Recipe(cookbook=book, **options)) == text
    kitchen = parse_kitchen(text)
    assert unservable(kitchen) == {}
    assert (kitchen.width, kitchen.height, kitchen.chefs) == (options["width"], options["height"], options["chefs"])
    tiles = kitchen.layout.tile.reshape(kitchen.height, kitchen.width)
    for edge in (tiles[0], tiles[-1], tiles[:, 0], tiles[:, -1]):
        assert (edge != FLOOR).all()
    assert len(set(kitchen.starts)) == kitchen.chefs
    names = [name for name in kitchen.tile_names if name not in ("floor", "counter")]
    for name, tile in kitchen.cookbook.spec.tiles.items():
        works = tile.vessel is not None or any(process.at == name for process in kitchen.cookbook.spec.processes)
        assert names.count(name) == (options["stations"] if works else 1)
    assert (kitchen.layout.start_item > 0).sum() == len(kitchen.cookbook.spec.tools)


def test_a_name_always_means_the_same_kitchen() -> None:
    """Results are told apart by it. When this has to change, so does every result on a generated kitchen."""
    name = "generated:seed=7,chefs=3,style=divided"
    assert generate_from_name(name) == generate_from_name("generated:style=divided,chefs=3,seed=7")
    assert load_kitchen(name).ascii() == (
        ".N..PB...\n"
        "._____+_.\n"
        "X_____+_.\n"
        "N____3+_.\n"
        "C____1+2.\n"
        "C_____+_L\n"
        "..DRS...."
    )  # fmt: skip
    assert load_kitchen(name).ascii() != load_kitchen("generated:seed=8,chefs=3,style=divided").ascii()


def test_an_open_kitchen_is_one_floor() -> None:
    """No part of it is walled in by counters, least of all with a chef in it."""
    names = [f"generated:seed={seed},chefs=4,width=11,height=9" for seed in range(60)]
    for name in [*names, "generated:seed=93,chefs=3,width=14,height=10"]:
        kitchen = load_kitchen(name)
        assert len({room_of(kitchen, chef) for chef in range(kitchen.chefs)}) == 1, f"{name}\n{kitchen.ascii()}"
        assert len(kitchen.regions) == 1, f"{name}\n{kitchen.ascii()}"


def test_a_cookbook_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "books").mkdir()
    text = (
        (own_folder() / "cookbooks" / "salads.yaml").read_text(encoding="utf-8").replace("name: salads", "name: mine")
    )
    (tmp_path / "books" / "mine.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in (str(tmp_path / "books" / "mine.yaml"), "books/mine.yaml"):
        assert load_kitchen(f"generated:seed=1,cookbook={name}").cookbook.name == "mine"


def test_a_name_is_read() -> None:
    assert parse_name("generated") == parse_name("generated:") == Recipe()
    name = "generated:seed=7,chefs=3,style=divided,width=12,height=8,stations=3,cookbook=soups,horizon=9"
    assert parse_name(name) == Recipe(7, 12, 8, 3, "divided", 3, "soups", 9)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("generated:sed=7", "unknown key 'sed'; did you mean 'seed'"),
        ("generated:seed=x", "seed must be a whole number, got 'x'"),
        ("generated:seed=", "seed must be a whole number, got ''"),
        ("generated:seed=-1", "seed must be 0 to 4294967295, got -1"),
        ("generated:width=4", "width must be 5 to 40, got 4"),
        ("generated:height=41", "height must be 5 to 40, got 41"),
        ("generated:chefs=0", "chefs must be 1 to 4, got 0"),
        ("generated:chefs=5", "chefs must be 1 to 4, got 5"),
        ("generated:stations=9", "stations must be 1 to 8, got 9"),
        ("generated:horizon=0", "horizon must be 1 to 1000000, got 0"),
        ("generated:style=opn", "generated kitchen: unknown style 'opn'; did you mean 'open'"),
        ("generated:style=divided,chefs=1", "a divided kitchen needs at least two chefs"),
        ("generated:cookbook=burger", "unknown cookbook 'burger'; did you mean 'burgers'"),
        ("generated:width=5,height=5,chefs=4,stations=8", "no solvable open kitchen of 5 x 5 found for 'burgers'"),
        ("generatd:seed=1", "unknown kitchen 'generatd:seed=1'"),
        ("generated_seed=1", "expected generated:seed=7"),
    ],
)
def test_a_bad_name_is_explained(name: str, message: str) -> None:
    with pytest.raises(BrigadeError, match=message):
        load_kitchen(name)


def test_an_unkeyed_value_is_explained() -> None:
    with pytest.raises(BrigadeError, match="expected key=value"):
        parse_name("generated:seed")


def crafted(rows: str, book: str = "burgers", rules: str = "challenge") -> Kitchen:
    stream = "stream" if rules == "challenge" else "standing"
    head = f"name: crafted\ntitle: Crafted\ncookbook: {book}\nrules: {rules}\nhorizon: 9\norders: {{mode: {stream}}}\n"
    return parse_kitchen(head + "map: |\n" + "".join(f"  {row}\n" for row in rows.split()))


def test_rooms_need_a_counter_between_them() -> None:
    joined = crafted(".LCN.RPS. .1__+_2_. .B.......")
    assert unservable(joined) == {}
    wall = crafted(".LCN.RPS. .1__D_2_. .B.......")
    assert set(unservable(wall)) == {"LettuceBurger", "BeefBurger", "BeefLettuceBurger"}
    assert all(reason.startswith("no ") for reason in unservable(wall).values())


def test_two_rooms_joined_through_a_third_nobody_walks_are_apart() -> None:
    rows = ".LC....RPS. .1_+__+_2_. .BN........"
    assert len(unservable(crafted(rows))) == 3
    assert unservable(crafted(rows.replace("__+_2", "3_+_2"))) == {}


@pytest.mark.parametrize(
    ("station", "lost", "reason"),
    [
        ("L", {"LettuceBurger", "BeefLettuceBurger"}, "no chopped_lettuce"),
        ("C", {"LettuceBurger", "BeefLettuceBurger"}, "no chopped_lettuce"),
        ("N", {"BeefBurger", "BeefLettuceBurger"}, "no cooked_beef"),
        ("B", {"BeefBurger", "BeefLettuceBurger"}, "no cooked_beef"),
        ("R", {"LettuceBurger", "BeefBurger", "BeefLettuceBurger"}, "no bread"),
        ("P", {"LettuceBurger", "BeefBurger", "BeefLettuceBurger"}, "no plate"),
        ("S", {"LettuceBurger", "BeefBurger", "BeefLettuceBurger"}, "no hatch"),
        ("D", set(), ""),
    ],
)
def test_every_station_is_needed(station: str, lost: set[str], reason: str) -> None:
    rows = ".LCRPS. .1___2. .BN.D.."
    assert unservable(crafted(rows)) == {}
    missing = unservable(crafted(rows.replace(station, ".")))
    assert set(missing) == lost
    assert set(missing.values()) <= {reason}


def test_a_soup_needs_its_pot() -> None:
    rows = ".OTDS. .1__2. ..P..."
    assert unservable(crafted(rows, "soups", "classic")) == {}
    missing = unservable(crafted(rows.replace("P", "."), "soups", "classic"))
    assert missing == {"OnionSoup": "no pot", "TomatoSoup": "no pot"}


def test_a_pot_in_the_wall_is_a_way_to_hand_food_over() -> None:
    """What one chef puts into the pot from the left, another takes out with a dish from the right."""
    kitchen = crafted(".OT.DS. .1_P_2. .......", "soups", "classic")
    assert (kitchen.layout.tile[kitchen.number(3, 0)], len(kitchen.regions)) == (COUNTER, 2)
    assert unservable(kitchen) == {}


def test_a_pot_that_starts_only_when_full_cannot_make_a_small_soup(tmp_path: Path) -> None:
    """With old dynamics a pot for three that takes every mixture never cooks two."""
    more = "  Snack: {of: [onion, onion], made_in: pot, points: 5}\ntiles:\n"
    book = (own_folder() / "cookbooks" / "soups.yaml").read_text(encoding="utf-8").replace("tiles:\n", more, 1)
    (tmp_path / "snacks.yaml").write_text(book, encoding="utf-8")
    kitchen = crafted(".OTDS. .1__2. ..P...", str(tmp_path / "snacks.yaml"), "classic")
    assert set(unservable(kitchen)) == {"Snack"}
