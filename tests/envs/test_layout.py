"""Kitchens: the bundled ones are right, and every way to get one wrong is explained with file, line and field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brigade.envs.kitchen.content.cookbook import COUNTER, FLOOR
from brigade.envs.kitchen.content.folders import own_folder
from brigade.envs.kitchen.content.generate import unservable
from brigade.envs.kitchen.content.layout import kitchen_digest, parse_kitchen
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.registry import BrigadeError

BUNDLED = own_folder() / "kitchens"

KITCHEN = """\
name: diner
title: Diner
cookbook: burgers
rules: challenge
map: |
  .LBRP..
  .1___2.
  C__+__N
  .DS.X..
legend:
  X: {tile: counter, item: extinguisher}
horizon: 100
orders: {mode: stream, dishes: [BeefBurger, LettuceBurger]}
"""
FIRST_ROW = 6  # the line of the map's first row


def refusal(text: str) -> str:
    with pytest.raises(BrigadeError) as caught:
        parse_kitchen(text, "diner.yaml")
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert KITCHEN.count(old) == 1
    return KITCHEN.replace(old, new)


@pytest.mark.parametrize("name", list_kitchens())
def test_bundled_kitchens_load(name: str) -> None:
    kitchen = load_kitchen(name)
    assert kitchen.name == name
    assert 1 <= kitchen.chefs <= 4
    assert unservable(kitchen) == {}
    assert len(kitchen.layout.tile) == kitchen.width * kitchen.height
    assert all(kitchen.layout.tile[kitchen.number(*start)] == FLOOR for start in kitchen.starts)
    assert all(kitchen.layout.tile[kitchen.number(*cell)] == COUNTER for cell in kitchen.centre)
    assert load_kitchen(name) is kitchen
    assert parse_kitchen((BUNDLED / f"{name}.yaml").read_text(encoding="utf-8")).ascii() == kitchen.ascii()


def test_a_kitchen_is_read_as_it_is_drawn() -> None:
    kitchen = parse_kitchen(KITCHEN)
    assert (kitchen.width, kitchen.height, kitchen.chefs, kitchen.horizon) == (7, 4, 2, 100)
    assert kitchen.starts == ((1, 1), (5, 1))
    assert kitchen.centre == ((3, 2),)
    assert kitchen.order_dishes == ("BeefBurger", "LettuceBurger")
    tiles = {(x, y): kitchen.tile_names[kitchen.number(x, y)] for x in range(7) for y in range(4)}
    assert [tiles[x, 0] for x in range(5)] == [
        "counter", "lettuce_station", "beef_station", "bread_station", "plate_station",
    ]  # fmt: skip
    assert (tiles[0, 2], tiles[6, 2], tiles[1, 3], tiles[2, 3]) == ("board", "pan", "bin", "hatch")
    assert (tiles[3, 2], tiles[4, 3], tiles[1, 1]) == ("counter", "counter", "floor")
    game = Game(kitchen)
    game.reset([1])
    assert game.describe()["items"] == [{"at": (4, 3), "item": "extinguisher", "progress": 0}]
    assert kitchen.cell(kitchen.number(4, 3)) == (4, 3)


def test_regions_are_the_parts_one_can_walk() -> None:
    kitchen = load_kitchen("forced_coordination")
    first, second = kitchen.regions
    assert [kitchen.cell(cell) for cell in first] == [(3, 1), (3, 2), (3, 3)]
    assert [kitchen.cell(cell) for cell in second] == [(1, 1), (1, 2), (1, 3)]


def test_horizon_and_dynamics_can_be_changed() -> None:
    kitchen = load_kitchen("cramped_room", 7, False)
    assert (kitchen.horizon, kitchen.spec.old_dynamics) == (7, False)
    assert kitchen_digest(kitchen) != kitchen_digest(load_kitchen("cramped_room"))


def test_a_horizon_that_is_none() -> None:
    with pytest.raises(BrigadeError) as caught:
        load_kitchen("cramped_room", 0)
    assert re.fullmatch("kitchen 'cramped_room': horizon: input should be greater than 0", str(caught.value))


def test_the_digest_tells_of_the_game_and_not_of_its_looks(tmp_path: Path) -> None:
    """Recordings are refused when it differs; another colour or description must not make them worthless."""

    def digest(kitchen_change: tuple[str, str] = ("", ""), cookbook_change: tuple[str, str] = ("", "")) -> str:
        cookbook = (own_folder() / "cookbooks" / "burgers.yaml").read_text(encoding="utf-8")
        (tmp_path / "book.yaml").write_text(cookbook.replace(*cookbook_change, 1), encoding="utf-8")
        text = changed("cookbook: burgers", "cookbook: book.yaml").replace(*kitchen_change, 1)
        return kitchen_digest(parse_kitchen(text, str(tmp_path / "diner.yaml")))

    same = digest()
    assert digest(("horizon: 100", "horizon: 101")) != same
    assert digest((".LBRP..", "..BRPL.")) != same
    assert digest(cookbook_change=("ticks: 200", "ticks: 201")) != same
    assert digest(cookbook_change=("symbol: L", "symbol: L, hand: [lettuce]")) != same
    assert digest(("title: Diner", "title: Eatery")) == same
    assert digest(cookbook_change=("shape: bun", "shape: round")) == same
    assert digest(cookbook_change=("#e5b565", "#e5b566")) == same


def test_an_unknown_kitchen() -> None:
    with pytest.raises(BrigadeError, match="unknown kitchen 'cramped_rom'; did you mean 'cramped_room'"):
        load_kitchen("cramped_rom")
    with pytest.raises(BrigadeError, match=r"nowhere\.yaml: cannot be read"):
        load_kitchen("nowhere.yaml")


def test_a_kitchen_file_brings_its_own_cookbook(tmp_path: Path) -> None:
    cookbook = (own_folder() / "cookbooks" / "burgers.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(cookbook.replace("BeefBurger", "Hamburger"), encoding="utf-8")
    file = tmp_path / "diner.yaml"
    file.write_text(changed("burgers", "mine.yaml").replace("BeefBurger", "Hamburger"), encoding="utf-8")
    assert load_kitchen(str(file)).order_dishes == ("Hamburger", "LettuceBurger")
    (tmp_path / "mine.yaml").write_text(cookbook.replace("symbol: R", "symbol: L"), encoding="utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(changed("burgers", "mine.yml"), encoding="utf-8")
    with pytest.raises(BrigadeError, match=r"other\.yaml:3: cookbook: .*mine\.yml: cannot be read"):
        load_kitchen(str(other))


def test_a_file_may_be_called_as_one_likes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("generated_by_me.yaml").write_text(KITCHEN, encoding="utf-8")
    assert load_kitchen("generated_by_me.yaml").name == "diner"


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "diner.yaml"
    file.write_text(KITCHEN, encoding="utf-8")
    assert load_kitchen(str(file)).horizon == 100
    file.write_text(changed("horizon: 100", "horizon: 200"), encoding="utf-8")
    assert load_kitchen(str(file)).horizon == 200


# What is replaced, by what, the line that the message must give, and what it says.
MISTAKES = {
    "ragged row": ("  C__+__N\n", "  C__+__N.\n", FIRST_ROW + 2,
        "map: row 3 has 8 cells, the first row has 7; all rows must be equally long"),
    "short row": ("  .DS.X..\n", "  .DS.X\n", FIRST_ROW + 3, "map: row 4 has 5 cells, the first row has 7"),
    "unknown symbol": ("C__+__N", "C_?+__N", FIRST_ROW + 2,
        r"map: row 3 has the unknown symbol '\?'; known: X _ \. L B R P C N S D \+ 1-4"),
    "chef 0": ("C__+__N", "C_0+__N", FIRST_ROW + 2, "map: row 3 has the unknown symbol '0'"),
    "no chef": (".1___2.", "._____.", FIRST_ROW, "map: no chef stands on the map; mark one to four floor cells 1, 2"),
    "chef twice": (".1___2.", ".1_1_2.", FIRST_ROW + 1, "map: chef 1 stands in two places"),
    "chef 1 missing": (".1___2.", ".3___2.", FIRST_ROW, "map: chefs must be numbered 1, 2, .* found 2, 3"),
    "chef 5": (".1___2.\n  C__+__N", ".13_42.\n  C__+5_N", FIRST_ROW,
        "map: chefs must be .* up to 4; found 1, 2, 3, 4, 5"),
    "floor on the edge": ("C__+__N", "___+__N", FIRST_ROW + 2, r"map: floor at \(0, 2\) on the edge of the map"),
    "chef on the edge": (".1___2.\n  C__+__N", ".____2.\n  1__+__N", FIRST_ROW + 2,
        r"map: floor at \(0, 2\) on the edge"),
    "unreachable station": (".LBRP..", "NLBRP..", FIRST_ROW, r"map: no chef can reach the pan at \(0, 0\)"),
    "too small": ("  .LBRP..\n  .1___2.\n  C__+__N\n  .DS.X..\n", "  .LBRP..\n  .DS.X..\n", FIRST_ROW,
        "map: a map needs at least 3 rows of 3 cells"),
    "unknown cookbook": ("cookbook: burgers", "cookbook: burger", 3,
        "cookbook: unknown cookbook 'burger'; did you mean 'burgers'"),
    "unknown dish": ("[BeefBurger,", "[BeefBurgr,", 13,
        r"orders\.dishes\.0: 'BeefBurgr' cannot be ordered; did you mean 'BeefBurger'"),
    "no dish": ("[BeefBurger, LettuceBurger]", "[]", 13, r"orders\.dishes: no dishes; name at least one"),
    "dish without points": ("[BeefBurger,", "[BeefLettuce,", 13, r"orders\.dishes\.0: 'BeefLettuce' cannot be ordered"),
    "unknown item": ("item: extinguisher", "item: extinguishr", 11,
        r"legend\.X\.item: unknown item 'extinguishr'; did you mean 'extinguisher'"),
    "item on a station": ("tile: counter", "tile: pan", 11, r"legend\.X\.item: an item can only lie on a counter"),
    "unknown tile": ("tile: counter", "tile: contour", 11,
        r"legend\.X\.tile: unknown tile 'contour'; did you mean 'counter'"),
    "unknown key": ("horizon: 100", "horizon: 100\nfacng: up", 13, "facng: unknown key; did you mean 'facing'"),
    "mistyped key that is needed": ("horizon: 100", "horizont: 100", 12,
        "horizont: unknown key; did you mean 'horizon'"),
    "unknown key in orders": ("dishes:", "dish:", 13, r"orders\.dish: unknown key; did you mean 'dishes'"),
    "unknown rules": ("rules: challenge", "rules: chalenge", 4, "rules: input should be 'challenge' or 'classic'"),
    "no time": ("horizon: 100", "horizon: 0", 12, "horizon: input should be greater than 0"),
    "name with a space": ("name: diner", "name: my diner", 1, "name: string should match pattern"),
    "too many orders": ("mode: stream,", "mode: stream, open: 17,", 13, r"orders\.open: .* less than or equal to 16"),
    "not YAML": ("horizon: 100", "horizon: 100: 3", 12, "not valid YAML: mapping values are not allowed here"),
    "key twice": ("horizon: 100", "horizon: 100\nname: other", 13, "key 'name' is given twice"),
    "odd digit as symbol": ("C__+__N", "C_²+__N", FIRST_ROW + 2, "map: row 3 has the unknown symbol '²'"),
    "foreign digit as chef": (".1___2.", ".1___٢.", FIRST_ROW + 1, "map: row 2 has the unknown symbol '٢'"),
    "unused symbol": ("legend:\n", "legend:\n  Q: {tile: pam}\n", 11,
        r"legend\.Q\.tile: unknown tile 'pam'; did you mean 'pan'"),
    "long symbol": ("legend:\n", "legend:\n  XY: {tile: counter}\n", 11, r"legend\.XY: "),
    "a chef as symbol": ("legend:\n", "legend:\n  '1': {tile: counter}\n", 11, r"legend\.1: "),
    "shaping too big": ("horizon: 100", "horizon: 100\nshaped: {place: 100000}", 13, r"shaped\.place: .*less than"),
    "penalty too big": ("mode: stream,", "mode: stream, missed: 99999999999,", 13, r"orders\.missed: .*less than"),
    "spacing too big": ("mode: stream,", "mode: stream, spacing: 99999999999,", 13, r"orders\.spacing: .*less"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_explained(mistake: str) -> None:
    old, new, line, message = MISTAKES[mistake]
    error = refusal(changed(old, new))
    assert re.match(rf"diner\.yaml:{line}: .*{message}", error), error


def test_lines_are_right_after_an_empty_line() -> None:
    text = changed("map: |\n", "map: |\n\n").replace("C__+__N", "C_?+__N")
    assert refusal(text).startswith(f"diner.yaml:{FIRST_ROW + 3}: map: ")


def test_a_stream_needs_dishes_that_expire() -> None:
    text = (BUNDLED / "cramped_room.yaml").read_text(encoding="utf-8").replace("mode: standing", "mode: stream")
    line = text[: text.index("orders:")].count("\n") + 1
    error = refusal(text)
    assert error.startswith(f"diner.yaml:{line}: orders: 'OnionSoup' has no `ticks` to live"), error


def test_a_map_that_cells_cannot_be_numbered_in_is_refused() -> None:
    """Cells are numbered in 16 bits."""
    rows = ["." * 200, ".1" + "_" * 197 + ".", *["." + "_" * 198 + "."] * 197, "." * 200]
    text = re.sub(r"map: \|\n(  .*\n)+", "map: |\n" + "".join(f"  {row}\n" for row in rows), KITCHEN)
    assert refusal(text).startswith("diner.yaml:")


def test_only_the_ordered_dishes_fit_a_script() -> None:
    text = changed("[BeefBurger, LettuceBurger]", "[BeefBurger]")
    with pytest.raises(BrigadeError, match=r"entry 0: .*LettuceBurger"):
        Game(parse_kitchen(text)).reset([1], [["LettuceBurger"]])


@pytest.mark.parametrize(
    ("scripts", "message"),
    [
        ([["BeefBurgr"]], "order script, entry 0: unknown dish 'BeefBurgr'; did you mean 'BeefBurger'"),
        ([["BeefBurger"], ["BeefBurger"], ["BeefBurger"]], "expected 2 order scripts, or one for all, got 3"),
    ],
)
def test_a_wrong_script_is_explained(scripts: list[list[str]], message: str) -> None:
    with pytest.raises(BrigadeError, match=message):
        Game("new_counter_circuit", 2).reset([1, 2], scripts)


def test_standing_orders_take_no_script() -> None:
    with pytest.raises(BrigadeError, match="'cramped_room' has standing orders"):
        Game("cramped_room").reset([1], [["OnionSoup"]])
