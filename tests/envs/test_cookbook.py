"""Cookbooks: kinds and tables of the bundled ones, and an error that helps for every way to get one wrong."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from brigade.envs.kitchen.content.cookbook import Cookbook, list_cookbooks, load_cookbook, parse_cookbook
from brigade.envs.kitchen.content.folders import own_folder
from brigade.envs.kitchen.content.tables import (
    COLLECT,
    COMBINE,
    EVENT,
    EVENT_NAMES,
    LIMIT,
    NEW_HELD,
    NEW_TARGET,
    START,
    Tables,
    compile_tables,
    component_names,
)  # fmt: skip
from brigade.envs.registry import BrigadeError

BURGERS = (own_folder() / "cookbooks" / "burgers.yaml").read_text(encoding="utf-8")
SALADS = (own_folder() / "cookbooks" / "salads.yaml").read_text(encoding="utf-8")
SMALLEST = """\
name: toast
title: Toast
items:
  bread: {}
dishes:
  Toast: {of: [bread], points: 5, ticks: 100}
tiles:
  bread_station: {symbol: R, dispenses: bread}
  plate_station: {symbol: P, dispenses: plate}
  hatch: {symbol: S, serves: true}
"""


def line_of(text: str, part: str) -> int:
    """The 1-based line on which `part` stands first."""
    return text[: text.index(part)].count("\n") + 1


def refusal(text: str) -> BrigadeError:
    with pytest.raises(BrigadeError) as caught:
        parse_cookbook(text, "book.yaml")
    return caught.value


def interact(cookbook: Cookbook, tables: Tables, tile: str, held: str, target: str) -> tuple[str, str, str, int] | None:
    """What the tables say: kind in hand, kind on the tile, event, and interactions needed; None if nothing happens."""
    number = tables.rule[cookbook.tiles.index(tile), cookbook.kind(held).index, cookbook.kind(target).index]
    if number == 0:
        return None
    row = tables.rows[number].tolist()
    names = [kind.name for kind in cookbook.kinds]
    return names[row[NEW_HELD]], names[row[NEW_TARGET]], EVENT_NAMES[row[EVENT]], row[LIMIT]


@pytest.mark.parametrize("name", list_cookbooks())
def test_bundled_cookbooks_load(name: str) -> None:
    cookbook = load_cookbook(name)
    names = [kind.name for kind in cookbook.kinds]
    assert cookbook.name == name
    assert len(set(names)) == len(names)
    assert [kind.index for kind in cookbook.kinds] == list(range(len(names)))
    assert [cookbook.kind(each).name for each in names] == names
    assert {kind.dish for kind in cookbook.kinds if kind.holder == "plate"} >= set(cookbook.orderable)
    assert load_cookbook(name) is cookbook


@pytest.mark.parametrize("old_dynamics", [True, False])
@pytest.mark.parametrize("name", list_cookbooks())
def test_tables_are_sound(name: str, old_dynamics: bool) -> None:
    """Whatever happens in the tables, nothing appears or vanishes except at stations, hatch and bin."""
    cookbook = load_cookbook(name)
    tables = compile_tables(cookbook, old_dynamics)
    kinds, tiles = cookbook.kinds, cookbook.tiles
    becomes = {process.from_: process.to for process in cookbook.spec.processes}

    def raw(food: str) -> str:
        return {to: from_ for from_, to in becomes.items()}.get(food, food)

    def parts(*indices: int) -> list[str]:
        found = []
        for kind in (kinds[index] for index in indices):
            found += [kind.holder] * (kind.holder in ("plate", "tool")) + [raw(raw(food)) for food in kind.contents]
        return sorted(found)

    assert (tables.rule[0] == 0).all()  # nothing can be done to the floor
    for tile, held, target in np.argwhere(tables.rule).tolist():
        row = tables.rows[tables.rule[tile, held, target]].tolist()
        event = EVENT_NAMES[row[EVENT]]
        before, after = parts(held, target), parts(row[NEW_HELD], row[NEW_TARGET])
        where = (tiles[tile], kinds[held].name, kinds[target].name)
        assert event != "none", where
        assert kinds[row[NEW_HELD]].holder != "vessel", where
        assert not kinds[row[NEW_HELD]].burning, where
        if event == "fetch":
            assert len(after) == len(before) + 1, where
        elif event in ("serve", "bin"):
            assert len(after) < len(before), where
        else:
            assert after == before, where
    for tile, kind in np.argwhere(tables.cook_ticks).tolist():
        assert parts(tables.cook_next[tile, kind]) == parts(kind)
    assert (tables.rows[0] == 0).all()


def test_the_kinds_of_the_burgers() -> None:
    cookbook = load_cookbook("burgers")
    assert [kind.name for kind in cookbook.kinds if kind.holder == "plate"] == [
        "plate",
        "plate[chopped_lettuce]",
        "plate[cooked_beef]",
        "plate[burnt_beef]",
        "plate[bread]",
        "plate[chopped_lettuce+cooked_beef]",
        "plate[chopped_lettuce+bread]",
        "plate[cooked_beef+bread]",
        "plate[chopped_lettuce+cooked_beef+bread]",
    ]
    assert cookbook.orderable == ("LettuceBurger", "BeefBurger", "BeefLettuceBurger")
    assert cookbook.kind("plate[chopped_lettuce+cooked_beef]").dish == "BeefLettuce"
    assert [kind.name for kind in cookbook.kinds if kind.burning] == ["burnt_beef on fire"]
    assert cookbook.symbols["_"] == "floor"
    assert cookbook.symbols["N"] == "pan"


def test_the_kinds_of_the_soups() -> None:
    cookbook = load_cookbook("soups")
    full = [kind for kind in cookbook.kinds if kind.holder == "vessel" and len(kind.contents) == 3]
    assert {kind.phase for kind in full} == {"raw", "cooking", "ready"}
    assert len(full) == 3 * 4  # three of one, three of the other, two mixtures
    assert cookbook.kind("pot[onion*3] ready").dish == "OnionSoup"
    assert cookbook.kind("pot[onion*2+tomato] ready").dish is None


@pytest.mark.parametrize(
    ("tile", "held", "target", "expected"),
    [
        ("lettuce_station", "nothing", "nothing", ("lettuce", "nothing", "fetch", 0)),
        ("lettuce_station", "bread", "nothing", None),
        ("board", "lettuce", "nothing", ("nothing", "lettuce", "place", 0)),
        ("board", "beef", "nothing", None),
        ("board", "plate", "nothing", None),
        ("board", "nothing", "lettuce", ("nothing", "chopped_lettuce", "work", 8)),
        ("board", "nothing", "chopped_lettuce", ("chopped_lettuce", "nothing", "pick", 0)),
        ("board", "plate", "lettuce", None),
        ("board", "plate[bread]", "chopped_lettuce", ("plate[chopped_lettuce+bread]", "nothing", "collect", 0)),
        ("board", "plate[burnt_beef]", "chopped_lettuce", None),
        ("board", "bread", "chopped_lettuce", None),
        ("pan", "beef", "nothing", ("nothing", "beef", "place", 0)),
        ("pan", "lettuce", "nothing", None),
        ("pan", "nothing", "cooked_beef", None),
        ("pan", "plate", "beef", None),
        ("pan", "plate", "cooked_beef", ("plate[cooked_beef]", "nothing", "collect", 0)),
        ("pan", "plate", "burnt_beef", ("plate[burnt_beef]", "nothing", "collect", 0)),
        ("pan", "plate[bread]", "burnt_beef", None),
        ("pan", "plate", "burnt_beef on fire", None),
        ("pan", "extinguisher", "burnt_beef on fire", ("extinguisher", "burnt_beef", "spray", 5)),
        ("pan", "extinguisher", "burnt_beef", None),
        ("hatch", "plate", "nothing", None),
        ("hatch", "bread", "nothing", None),
        ("hatch", "plate[burnt_beef]", "nothing", ("nothing", "nothing", "serve", 0)),
        ("bin", "bread", "nothing", ("nothing", "nothing", "bin", 0)),
        ("bin", "plate[bread]", "nothing", ("plate", "nothing", "bin", 0)),
        ("bin", "plate", "nothing", None),
        ("bin", "extinguisher", "nothing", None),
        ("counter", "plate", "plate", None),
        ("counter", "plate[bread]", "plate", None),
        ("counter", "plate", "plate[bread]", ("plate[bread]", "plate", "combine", 0)),
        ("counter", "plate[bread]", "plate[cooked_beef]", ("plate[cooked_beef+bread]", "plate", "combine", 0)),
        ("counter", "bread", "plate", ("nothing", "plate[bread]", "combine", 0)),
        ("counter", "plate", "bread", ("plate[bread]", "nothing", "combine", 0)),
        ("counter", "lettuce", "plate", None),
        ("counter", "beef", "plate", None),
        ("counter", "bread", "chopped_lettuce", None),
        ("counter", "bread", "plate[bread]", None),
        ("counter", "extinguisher", "plate", None),
    ],
)  # fmt: skip
def test_the_table_of_the_burgers(tile: str, held: str, target: str, expected: tuple[object, ...] | None) -> None:
    cookbook = load_cookbook("burgers")
    assert interact(cookbook, compile_tables(cookbook), tile, held, target) == expected


def test_a_full_pot_starts_by_itself_or_waits() -> None:
    cookbook = load_cookbook("soups")
    old, new = compile_tables(cookbook, True), compile_tables(cookbook, False)
    full, cooking = "pot[onion*3]", "pot[onion*3] cooking"
    assert interact(cookbook, old, "pot", "onion", "pot[onion*2]") == ("nothing", cooking, "place", 0)
    assert interact(cookbook, new, "pot", "onion", "pot[onion*2]") == ("nothing", full, "place", 0)
    assert interact(cookbook, new, "pot", "nothing", full) == ("nothing", cooking, "start", 0)
    assert interact(cookbook, old, "pot", "nothing", "pot[onion*2]") is None
    assert interact(cookbook, new, "pot", "nothing", "pot[onion]") == ("nothing", "pot[onion] cooking", "start", 0)
    assert interact(cookbook, old, "pot", "dish", cooking) is None
    assert interact(cookbook, old, "pot", "dish", f"{full} ready") == ("dish[onion*3]", "nothing", "collect", 0)
    assert interact(cookbook, old, "counter", "onion", "dish") is None  # a dish takes only what a pot has finished


def test_a_bowl_takes_what_can_still_become_a_dish() -> None:
    cookbook = load_cookbook("salads")
    tables = compile_tables(cookbook)
    assert interact(cookbook, tables, "bowl", "cheese", "bowl[cheese]") is None
    assert interact(cookbook, tables, "bowl", "greens", "nothing") is None
    assert interact(cookbook, tables, "bowl", "nothing", "bowl[cheese]") is None
    mixed = interact(cookbook, tables, "bowl", "nothing", "bowl[chopped_greens+cheese]")
    assert mixed == ("nothing", "bowl[chopped_greens+cheese] ready", "work", 4)
    assert interact(cookbook, tables, "counter", "cheese", "plate") is None


def test_combining_is_the_same_in_any_order() -> None:
    """Whatever two plates make together, they make the other way round, and so does food with a plate."""
    cookbook = load_cookbook("burgers")
    tables = compile_tables(cookbook)
    plates = [kind for kind in cookbook.kinds if kind.holder == "plate" and kind.contents]
    for one in plates:
        for other in plates:
            there = interact(cookbook, tables, "counter", one.name, other.name)
            back = interact(cookbook, tables, "counter", other.name, one.name)
            assert there == back
        for food in cookbook.foods:
            onto = interact(cookbook, tables, "counter", food, one.name)
            under = interact(cookbook, tables, "counter", one.name, food)
            assert (onto and onto[1]) == (under and under[0])


def test_components_count_what_is_in_a_kind() -> None:
    cookbook = load_cookbook("soups")
    names = component_names(cookbook)
    row = compile_tables(cookbook).components[cookbook.kind("dish[onion*2+tomato]").index]
    assert {name: int(n) for name, n in zip(names, row, strict=True) if n} == {"onion": 2, "tomato": 1, "dish": 1}


def test_the_smallest_cookbook() -> None:
    cookbook = parse_cookbook(SMALLEST)
    assert [kind.name for kind in cookbook.kinds] == ["nothing", "bread", "plate", "plate[bread]"]
    events = set(compile_tables(cookbook).rows[:, EVENT].tolist())
    assert COMBINE in events
    assert not events & {START, COLLECT}


def test_an_unknown_cookbook_or_kind() -> None:
    with pytest.raises(BrigadeError, match="unknown cookbook 'burger'; did you mean 'burgers'"):
        load_cookbook("burger")
    with pytest.raises(BrigadeError, match="cookbook 'burgers': unknown item 'bred'; did you mean 'bread'"):
        load_cookbook("burgers").kind("bred")


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(BrigadeError, match=r"nowhere\.yaml: cannot be read"):
        load_cookbook(str(tmp_path / "nowhere.yaml"))
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(BrigadeError, match=r"binary\.yaml: cannot be read"):
        load_cookbook(str(tmp_path / "binary.yaml"))


# What is replaced in the burgers, by what, and what the message says about it. The message must begin with the file
# and the line of what was put in.
MISTAKES = {
    "undefined item in a dish": ("of: [chopped_lettuce, bread]", "of: [chopped_letuce, bread]",
        r"dishes\.LettuceBurger\.of\.0: undefined item 'chopped_letuce'; did you mean 'chopped_lettuce'"),
    "undefined item of a station": ("dispenses: bread", "dispenses: bred",
        r"tiles\.bread_station\.dispenses: undefined item 'bred'; did you mean 'bread'"),
    "undefined item on a board": ("takes: [lettuce, chopped_lettuce]", "takes: [letuce]",
        r"tiles\.board\.takes\.0: undefined item 'letuce'; did you mean 'lettuce'"),
    "undefined item of a process": ("from: lettuce, to: chopped_lettuce", "from: lettuce, to: chopped",
        r"processes\.0\.to: undefined item 'chopped'; did you mean 'chopped_lettuce'"),
    "undefined item on plates": ("takes: [burnt_beef]", "takes: [burned_beef]",
        r"plate\.takes\.0: undefined item 'burned_beef'; did you mean 'burnt_beef'"),
    "undefined tile of a process": ("{at: board,", "{at: bord,",
        r"processes\.0\.at: undefined tile 'bord'; did you mean 'board'"),
    "cycle": ("from: cooked_beef, to: burnt_beef", "from: cooked_beef, to: beef",
        r"processes\.1: a cycle: 'beef' turns into 'cooked_beef' and, in the end, back again"),
    "into itself": ("from: lettuce, to: chopped_lettuce", "from: lettuce, to: lettuce",
        r"processes\.0: a cycle: 'lettuce'"),
    "two processes for one food": ("{at: pan, from: cooked_beef", "{at: pan, from: beef",
        r"processes\.2: 'pan' already does something to 'beef'"),
    "ticks and interactions": ("interactions: 8}", "interactions: 8, ticks: 3}",
        r"processes\.0: give either ticks or interactions"),
    "neither ticks nor interactions": (", interactions: 8}", "}", r"processes\.0: give either ticks or interactions"),
    "fire by hand": ("interactions: 8}", "interactions: 8, fire: true}",
        r"processes\.0\.fire: only what happens by itself, in ticks, can catch fire"),
    "symbol twice": ("symbol: R", "symbol: L",
        r"tiles\.bread_station\.symbol: symbol 'L' is already used by 'lettuce_station'"),
    "reserved symbol": ("symbol: R", 'symbol: "+"', r"tiles\.bread_station\.symbol: symbol '\+' is reserved"),
    "a chef as symbol": ("symbol: R", 'symbol: "1"', r"tiles\.bread_station\.symbol: symbol '1' is reserved"),
    "long symbol": ("symbol: R", "symbol: RR", r"tiles\.bread_station\.symbol: string should have at most 1 char"),
    "built-in tile": ("bread_station: {", "counter: {", r"tiles\.counter: 'counter' is built in"),
    "duplicate key": ("  beef: {", "  lettuce: {", "key 'lettuce' is given twice"),
    "unknown key": ("dispenses: bread", "dispense: bread",
        r"tiles\.bread_station\.dispense: unknown key; did you mean 'dispenses'"),
    "unknown key at the top": ("\nplate:\n", "\nplates:\n", "plates: unknown key; did you mean 'plate'"),
    "not a name": ("  bread: {", "  b-read: {", "'b-read' is not a name; use letters, digits and _"),
    "name in capitals": ("name: burgers", "name: Burgers", "name: string should match pattern"),
    "not a colour": ('"#e5b565"', '"brown"', r"items\.bread\.colour: string should match pattern"),
    "unknown shape": ("shape: bun", "shape: ban", r"items\.bread\.shape: input should be 'leaf', 'shreds'"),
    "no sprays": ("sprays: 5", "sprays: 0", r"tools\.extinguisher\.sprays: input should be greater than 0"),
    "no points for it": ("points: 15", "points: 0", r"dishes\.LettuceBurger\.points: input should be greater than 0"),
    "not a number": ("ticks: 200", "ticks: soon", r"dishes\.LettuceBurger\.ticks: input should be a valid integer"),
    "too many ticks": ("ticks: 200", "ticks: 40000", r"dishes\.LettuceBurger\.ticks: .* less than or equal to 30000"),
    "item and tool": ("extinguisher:", "bread:", r"tools\.bread: 'bread' is both an item and a tool"),
    "plate and item": ("  name: plate", "  name: bread", r"plate\.name: 'bread' is also an item or tool"),
    "food nobody makes": ("dispenses: bread}", "dispenses: plate}",
        r"dishes\.LettuceBurger\.of\.1: nothing dispenses or makes 'bread'"),
    "dish made nowhere": ("of: [chopped_lettuce, bread]", "made_in: pan, of: [chopped_lettuce, bread]",
        r"dishes\.LettuceBurger\.made_in: 'pan' is not a tile with a vessel"),
    "the same dish twice": ("of: [cooked_beef, bread]", "of: [bread, chopped_lettuce]",
        r"dishes\.BeefBurger\.of: has the same foods as 'LettuceBurger'"),
    "nothing served": ("serves: true", "serves: false",
        "tiles: no tile serves dishes; give one of them `serves: true`"),
    "not YAML": ("title: Burgers", "title: [Burgers", "not valid YAML: "),
    "a tab": ("title: Burgers", "\ttitle: Burgers", "not valid YAML: "),
    "a tag": ("title: Burgers", "title: !object Burgers", ""),
    "a list as key": ("title: Burgers", "title: Burgers\n? [a, b]\n: c", ""),
    "no such day": ("title: Burgers", "title: 2001-02-30", ""),
}  # fmt: skip
ELSEWHERE = {  # the line that the message gives, where it is not the changed one
    "food nobody makes": "LettuceBurger:",
    "cycle": "{at: pan, from: beef",
    "nothing served": "tiles:",
    "not YAML": "items:",
    "duplicate key": 'lettuce: {colour: "#d9564a"',
    "a list as key": "? [a, b]",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_explained(mistake: str) -> None:
    old, new, message = MISTAKES[mistake]
    assert BURGERS.count(old) >= 1
    text = BURGERS.replace(old, new, 1)
    where = ELSEWHERE.get(mistake, old.strip("\n"))
    expected = line_of(text, where) if mistake in ELSEWHERE else line_of(BURGERS, where)
    assert re.match(rf"book\.yaml:{expected}: .*{message}", str(refusal(text)))


def test_mistakes_about_vessels() -> None:
    assert "tiles.bowl.vessel: give either ticks or interactions" in str(
        refusal(SALADS.replace("interactions: 4}", "interactions: 4, ticks: 3}"))
    )
    text = SALADS.replace("capacity: 3", "capacity: 2")
    error = str(refusal(text))
    assert error.startswith(f"book.yaml:{line_of(text, 'FarmSalad:')}: dishes.FarmSalad.of: ")
    assert "'bowl' holds 2 foods, this dish needs 3" in error
    text = SALADS.replace("takes: [chopped_greens, chopped_cucumber, cheese]", "takes: [chopped_greens, cheese]")
    assert "dishes.GreenSalad.of: 'bowl' does not take 'chopped_cucumber'" in str(refusal(text))
    error = str(refusal(SALADS.replace("made_in: bowl", "made_in: bowle")))
    assert "dishes.GreenSalad.made_in: 'bowle' is not a tile with a vessel; did you mean 'bowl'" in error
    assert "capacity: input should be less than or equal to 4" in str(
        refusal(SALADS.replace("capacity: 3", "capacity: 5"))
    )


def test_nothing_can_be_ordered() -> None:
    error = str(refusal(re.sub(r", points: \d+, ticks: \d+", "", BURGERS)))
    assert error.startswith(f"book.yaml:{line_of(BURGERS, 'dishes:')}: dishes: no dish can be ordered")


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list\n", "name: x\n---\nname: y\n"])
def test_not_even_a_mapping(text: str) -> None:
    assert str(refusal(text)).startswith("book.yaml:")


@pytest.mark.parametrize("missing", ["title: Burgers\n", "name: burgers\n"])
def test_a_missing_key_is_named(missing: str) -> None:
    key = missing.split(":")[0]
    assert re.match(rf"book\.yaml:\d+: {key}: field required", str(refusal(BURGERS.replace(missing, "", 1))))


def test_a_mistyped_key_that_is_needed_gets_the_nearest_name() -> None:
    text = BURGERS.replace("title: Burgers", "titel: Burgers")
    assert str(refusal(text)).startswith(
        f"book.yaml:{line_of(text, 'titel')}: titel: unknown key; did you mean 'title'"
    )


def test_the_nearest_key_is_one_that_can_be_written() -> None:
    text = BURGERS.replace("from: lettuce,", "from: lettuce, frm: lettuce,")
    assert "unknown key; did you mean 'from'?" in str(refusal(text))


def test_an_alias_to_itself_is_refused() -> None:
    assert str(refusal("name: &loop [*loop]\n")).startswith("book.yaml:")


def test_dishes_that_only_differ_in_where_they_are_made_are_refused() -> None:
    """A plate cannot tell them apart, so the second could never be served."""
    more = "  Mixed: {of: [chopped_greens, cheese], points: 9, ticks: 100}\n"
    assert "CheeseSalad" in str(refusal(SALADS.replace("tiles:\n", more + "tiles:\n", 1)))


def test_a_plate_and_a_vessel_of_one_name_are_refused() -> None:
    """Their kinds would have the same names: `bowl[cheese]` in the hand and in the bowl."""
    text = SALADS.replace("  name: plate\n", "  name: bowl\n").replace("dispenses: plate", "dispenses: bowl")
    assert "'bowl'" in str(refusal(text))


@pytest.mark.parametrize("name", ["nothing", "fire"])
def test_names_the_engine_uses_itself_are_refused(name: str) -> None:
    assert f"'{name}'" in str(refusal(BURGERS.replace("items:\n", f"items:\n  {name}: {{}}\n", 1)))


@pytest.mark.parametrize("change", ["sprays: 100000", "points: 9999999999"])
def test_numbers_that_do_not_fit_are_refused(change: str) -> None:
    key = change.split(":")[0]
    text = re.sub(rf"{key}: \d+", change, BURGERS, count=1)
    assert re.match(rf"book\.yaml:{line_of(text, change)}: .*{key}: input should be less than", str(refusal(text)))


def test_food_from_what_nobody_has_is_refused() -> None:
    """Without a beef station there is no cooked beef either."""
    text = BURGERS.replace("  beef_station: {symbol: B, dispenses: beef}\n", "")
    assert "cooked_beef" in str(refusal(text))


def test_a_board_that_does_not_take_what_it_should_chop_is_refused() -> None:
    text = BURGERS.replace("takes: [lettuce, chopped_lettuce]", "takes: [chopped_lettuce]")
    assert "lettuce" in str(refusal(text))
