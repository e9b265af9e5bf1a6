"""State machines get things done whoever they meet: nobody stands still for ever, and two are not below one."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_cookbooks import draw_kitchen, longest_wait

from brigade.agents.base import make_agent
from brigade.envs.kitchen.content.layout import Kitchen, parse_kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.simulation.episode import play
from brigade.simulation.played import Played

BOUND = 250  # ticks without a dish served, after which a team counts as stuck

COOKBOOK = """\
name: herbs
title: Herbs
items: {basil: {}, cut_basil: {}, mint: {}, cut_mint: {}, thyme: {}, cut_thyme: {}}
dishes:
  Sweet: {of: [cut_basil, cut_mint], points: 10, ticks: 300}
  Sharp: {of: [cut_basil, cut_thyme], points: 10, ticks: 300}
tiles:
  basils: {symbol: L, dispenses: basil}
  mints: {symbol: T, dispenses: mint}
  thymes: {symbol: O, dispenses: thyme}
  plates: {symbol: P, dispenses: plate}
  board:
    symbol: C
    takes: [basil, mint, thyme, cut_basil, cut_mint, cut_thyme]
    hand: [cut_basil, cut_mint, cut_thyme]
    plate: [cut_basil, cut_mint, cut_thyme]
  hatch: {symbol: S, serves: true}
  bin: {symbol: D, bins: true}
processes:
  - {at: board, from: basil, to: cut_basil, interactions: 2}
  - {at: board, from: mint, to: cut_mint, interactions: 2}
  - {at: board, from: thyme, to: cut_thyme, interactions: 2}
"""
ROOM = """\
name: herb_room
title: Herb room
cookbook: {cookbook}
rules: challenge
map: |
  .LTO{boards}.
  P_1_{second}__S
  .______D
  ........
horizon: 400
orders: {{mode: stream, open: 4, spacing: 25}}
"""


def room(folder: Path, boards: int, chefs: int) -> Kitchen:
    (folder / "herbs.yaml").write_text(COOKBOOK)
    second, tiles = "2" if chefs == 2 else "_", "C" * boards + "." * (3 - boards)
    return parse_kitchen(ROOM.format(cookbook=folder / "herbs.yaml", second=second, boards=tiles))


def last_macro(played: Played) -> int:
    return max(record.end for macros in played.macros for record in macros)


@pytest.mark.parametrize("boards", [1, 2, 3])
def test_boards_that_everybody_wants_are_cleared(tmp_path: Path, boards: int) -> None:
    """A chopped food on the only board, and both chefs wait for the board: somebody takes it off."""
    served: dict[int, list[int]] = {}
    for chefs in (1, 2):
        kitchen = room(tmp_path, boards, chefs)
        games = [play(kitchen, [make_agent("fsm") for _ in range(chefs)], seed) for seed in range(6)]
        assert all(last_macro(game) > kitchen.horizon - 60 for game in games)
        served[chefs] = [game.stats["served"] for game in games]
    assert min(served[2]) > 0
    assert sum(served[2]) >= sum(served[1])


@pytest.mark.parametrize("seed", range(12))
def test_dishes_are_served_whatever_the_cookbook(tmp_path: Path, seed: int) -> None:
    """Random small cookbooks, rooms and teams: nobody stands still while an order can be made."""
    assert waits(tmp_path, seed) <= BOUND


@pytest.mark.parametrize("seed", [39, 73, 164, 168, 269, 344, 377, 466, 752, 777, 792, 1860, 1872, 10037])
def test_where_everybody_once_stood_still(tmp_path: Path, seed: int) -> None:
    """Food fetched from where it was put down, for ever; a board left half done; a plate begun in the other part.

    Counters between full of what is needed later; the only stove taken by something finished; a plate wanted in two
    parts; a fire on one side, what puts it out on the other.
    """
    assert waits(tmp_path, seed) <= BOUND


@pytest.mark.parametrize("seed", [78, 367, 555, 582, 1542])
def test_two_in_a_corridor_hand_things_on(tmp_path: Path, seed: int) -> None:
    """Where neither can pass, what one cannot bring to its place is put where the other can take it."""
    assert waits(tmp_path, seed) <= BOUND


def test_a_plate_begun_in_one_part_of_the_kitchen_is_passed_on() -> None:
    for seed, chefs in ((15, 4), (66, 3)):
        kitchen = load_kitchen(f"generated:seed={seed},style=divided,cookbook=burgers,chefs={chefs}")
        assert play(kitchen, [make_agent("fsm") for _ in range(chefs)], seed).score > 0


@pytest.mark.study
def test_dishes_are_served_in_five_hundred_small_kitchens(tmp_path: Path) -> None:
    stuck = {seed: wait for seed in range(500) if (wait := waits(tmp_path, seed)) > BOUND}
    assert not stuck


def waits(folder: Path, seed: int) -> int:
    kitchen = draw_kitchen(folder, seed)
    played = play(kitchen, [make_agent("fsm") for _ in range(kitchen.chefs)], seed)
    assert not played.crashed
    return longest_wait(kitchen, played, seed)
