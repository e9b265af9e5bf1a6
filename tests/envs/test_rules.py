"""The rules of the kitchen: each one on a crafted state, and what holds whatever chefs do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brigade.envs.kitchen.content.cookbook import FLOOR, Cookbook
from brigade.envs.kitchen.content.layout import Kitchen, parse_kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.content.tables import CREDITED, EVENT_NAMES
from brigade.envs.kitchen.engine.compiled import COMPILED
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import FIRES, GAINED, MISSED, SERVED, SPRAYED, WRONG, State, differences
from brigade.envs.registry import BrigadeError

STAY, LEFT, RIGHT, DOWN, UP, INTERACT = range(6)
ACTIONS = {"left": LEFT, "right": RIGHT, "down": DOWN, "up": UP}
PROPERTY = settings(
    max_examples=40 if COMPILED else 4, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

ROOM = """
.LBRP..
.1_2_3C
._____N
._4___.
.DS.X..
"""
SOUPS = """
..P.P..
O1_2_3.
O_____.
T_4___.
.D.S...
"""


def kitchen(rules: str = "challenge", rows: str = ROOM, **more: Any) -> Kitchen:
    """A kitchen for crafted states, with as many chefs as `rows` has."""
    classic = rules == "classic"
    orders = more.pop("orders", "{mode: standing, wrong: 0}" if classic else "{mode: stream}")
    lines = [f"{key}: {value}" for key, value in {"horizon": 500, **more}.items()]
    book, legend = ("soups", "") if classic else ("burgers", "legend: {X: {tile: counter, item: extinguisher}}\n")
    return parse_kitchen(
        f"name: room\ntitle: Room\ncookbook: {book}\nrules: {rules}\norders: {orders}\n{legend}"
        + "\n".join(lines)
        + "\nmap: |\n"
        + "".join(f"  {row}\n" for row in rows.strip("\n").split("\n"))
    )


class Room:
    """A game one can put things into and read in words. Chefs are numbered from 0."""

    def __init__(self, where: Kitchen | None = None, script: Sequence[str] | None = None):
        self.kitchen = where or kitchen(rows=ROOM.replace("2", "_").replace("3", "_").replace("4", "_"))
        self.game = Game(self.kitchen)
        self.game.reset([1], None if script is None else [script])
        self.state = self.game.state

    def put(self, chef: int, at: tuple[int, int], facing: str = "left", holding: str = "nothing") -> None:
        self.state.pos[0, chef] = self.kitchen.number(*at)
        self.state.facing[0, chef] = ACTIONS[facing]
        self.state.held[0, chef] = self.kitchen.cookbook.kind(holding).index

    def lay(self, at: tuple[int, int], item: str, progress: int = 0) -> None:
        self.state.item[0, self.kitchen.number(*at)] = self.kitchen.cookbook.kind(item).index
        self.state.progress[0, self.kitchen.number(*at)] = progress

    def on(self, at: tuple[int, int]) -> str:
        return self.kitchen.cookbook.kinds[self.state.item[0, self.kitchen.number(*at)]].name

    def progress(self, at: tuple[int, int]) -> int:
        return int(self.state.progress[0, self.kitchen.number(*at)])

    def holding(self, chef: int = 0) -> str:
        return self.kitchen.cookbook.kinds[self.state.held[0, chef]].name

    def at(self, chef: int = 0) -> tuple[int, int]:
        return self.kitchen.cell(int(self.state.pos[0, chef]))

    def facing(self, chef: int = 0) -> int:
        return int(self.state.facing[0, chef])

    def step(self, *actions: int, times: int = 1) -> int:
        """One tick or several; the change of the score in the last one."""
        joint = list(actions) + [STAY] * (self.kitchen.chefs - len(actions))
        for _ in range(times):
            change = self.game.step([joint])
        return int(change[0])

    def orders(self) -> list[tuple[str, int]]:
        return [(order["dish"], order["ticks_left"]) for order in self.game.describe()["orders"]]

    @property
    def stats(self) -> list[int]:
        return self.state.stats[0].tolist()

    @property
    def score(self) -> int:
        return int(self.state.score[0])


# --- challenge: turning and moving ---


@pytest.mark.parametrize("rules", ["challenge", "classic"])
@pytest.mark.parametrize(("name", "by"), [("left", (-1, 0)), ("right", (1, 0)), ("down", (0, 1)), ("up", (0, -1))])
def test_a_chef_walks_where_it_turns(rules: str, name: str, by: tuple[int, int]) -> None:
    room = Room(kitchen(rules, SOUPS if rules == "classic" else ROOM))
    for chef, at in enumerate([(3, 2), (1, 1), (5, 1), (5, 3)]):
        room.put(chef, at)
    room.step(ACTIONS[name])
    assert room.at() == (3 + by[0], 2 + by[1])
    assert room.facing() == ACTIONS[name]


@pytest.mark.parametrize("rules", ["challenge", "classic"])
def test_a_chef_turns_even_when_it_cannot_move(rules: str) -> None:
    room = Room(kitchen(rules, SOUPS if rules == "classic" else ROOM))
    room.put(0, (1, 1), "down")
    room.put(1, (2, 1), "down")
    room.step(LEFT)
    assert (room.at(), room.facing()) == ((1, 1), LEFT)  # a wall
    room.step(RIGHT, LEFT)
    assert [(room.at(c), room.facing(c)) for c in (0, 1)] == [((1, 1), RIGHT), ((2, 1), LEFT)]  # each other
    room.step(STAY, INTERACT)
    assert room.facing(0) == RIGHT


def test_challenge_nobody_steps_where_somebody_stands_even_if_they_leave() -> None:
    room = Room(kitchen())
    room.put(0, (2, 2))
    room.put(1, (3, 2))
    room.step(RIGHT, RIGHT)
    assert (room.at(0), room.at(1)) == ((2, 2), (4, 2))
    room.step(RIGHT, RIGHT)  # now there is a cell between them
    assert (room.at(0), room.at(1)) == ((3, 2), (5, 2))


def test_challenge_a_lower_numbered_chef_wins_a_cell() -> None:
    room = Room(kitchen())
    room.put(0, (2, 2))
    room.put(1, (4, 2))
    room.step(RIGHT, LEFT)
    assert (room.at(0), room.at(1)) == ((3, 2), (4, 2))
    assert room.facing(1) == LEFT


def test_challenge_a_blocked_chef_still_claims_its_target() -> None:
    """Chef 0 cannot enter (3, 2), where chef 2 stands; chef 1's wish for a cell chef 0 claims fails all the same."""
    room = Room(kitchen())
    room.put(2, (4, 2))
    room.put(0, (3, 1))
    room.put(1, (3, 3))
    room.put(3, (1, 3))
    room.step(DOWN, UP, LEFT)  # all three want (3, 2)
    assert [room.at(c) for c in range(3)] == [(3, 2), (3, 3), (4, 2)]
    room = Room(kitchen())
    for chef, at in enumerate([(2, 2), (4, 2), (3, 1), (1, 3)]):
        room.put(chef, at)
    room.state.facing[0, :] = UP
    room.step(RIGHT, LEFT, DOWN)
    assert [room.at(c) for c in range(3)] == [(3, 2), (4, 2), (3, 1)]


def test_challenge_a_higher_numbered_chef_may_leave_first() -> None:
    """Two chefs in a row walking the same way: the one behind is stopped by where the other stood."""
    room = Room(kitchen())
    room.put(0, (3, 2))
    room.put(1, (2, 2))
    room.step(RIGHT, RIGHT)
    assert (room.at(0), room.at(1)) == ((4, 2), (2, 2))


def test_challenge_chefs_act_in_order_within_a_tick() -> None:
    counter = (0, 2)
    room = Room(kitchen())
    room.put(0, (1, 2), "left", "bread")
    room.put(1, (1, 3), "left")
    room.step(INTERACT)
    assert room.on(counter) == "bread"
    room = Room(kitchen(rows=".LB.RP.\n.1_.34C\n.2____N\n.___._.\n.DS.X.."))
    room.put(0, (2, 1), "right", "bread")
    room.put(2, (4, 1), "left")
    room.step(INTERACT, STAY, INTERACT)  # chef 0 puts it down, chef 2 takes it from the other side in the same tick
    assert (room.holding(0), room.holding(2)) == ("nothing", "bread")
    room.step(INTERACT, STAY, INTERACT)  # the other way round it takes two
    assert (room.holding(0), room.on((3, 1)), room.holding(2)) == ("nothing", "bread", "nothing")


def test_challenge_a_chef_acts_after_lower_numbered_ones_have_moved() -> None:
    room = Room(kitchen())
    room.put(0, (2, 1), "up")
    room.put(1, (3, 1), "left")
    room.lay((0, 1), "bread")
    room.step(LEFT, INTERACT)  # chef 1 faces a cell that chef 0 has just left: floor, nothing happens
    assert room.holding(1) == "nothing"
    assert room.state.event[0].tolist() == [0, 0, 0, 0]


# --- challenge: things ---


def test_a_station_fills_an_empty_hand() -> None:
    room = Room()
    for x, item in ((1, "lettuce"), (2, "beef"), (3, "bread"), (4, "plate")):
        room.put(0, (x, 1), "up")
        room.step(INTERACT)
        assert room.holding() == item
        room.step(INTERACT)
        assert room.holding() == item
        assert room.on((x, 0)) == "nothing"
        room.put(0, (x, 1), "up")


def test_a_counter_takes_and_gives_anything() -> None:
    room = Room()
    for kind in room.kitchen.cookbook.kinds:
        if kind.holder in ("food", "tool", "plate") and not kind.burning:
            room.put(0, (1, 2), "left", kind.name)
            room.state.held_progress[0, 0] = 3
            room.step(INTERACT)
            assert (room.on((0, 2)), room.progress((0, 2)), room.holding()) == (kind.name, 3, "nothing")
            room.step(INTERACT)
            assert (room.on((0, 2)), room.holding()) == ("nothing", kind.name)
            assert room.state.held_progress[0, 0] == 3
            assert room.progress((0, 2)) == 0


def test_eight_chops_make_it_chopped() -> None:
    room = Room()
    room.put(0, (5, 1), "right", "lettuce")
    board = (6, 1)
    room.step(INTERACT)
    assert (room.on(board), room.holding()) == ("lettuce", "nothing")
    for chops in range(1, 8):
        room.step(INTERACT)
        assert (room.on(board), room.progress(board)) == ("lettuce", chops)
    room.step(STAY)
    assert room.progress(board) == 7
    room.step(INTERACT)
    assert (room.on(board), room.progress(board)) == ("chopped_lettuce", 0)
    room.step(INTERACT)
    assert (room.on(board), room.holding()) == ("nothing", "chopped_lettuce")


def test_chopping_can_be_shared() -> None:
    room = Room(kitchen(rows=".LBRP..\n.1_2_..\n._4__C_\n.3____.\n.DSNX..".replace("C_", "C.")))
    room.put(0, (4, 2), "right", "lettuce")
    room.put(1, (5, 1), "down")
    room.step(INTERACT)
    room.step(INTERACT, INTERACT, times=4)
    assert room.on((5, 2)) == "chopped_lettuce"
    assert room.state.work[0, room.kitchen.number(5, 2)].tolist() == [5, 4, 0, 0]  # four chops each, and the placing


def test_beef_cooks_burns_and_catches_fire() -> None:
    room = Room()
    pan = (6, 2)
    room.put(0, (5, 2), "right", "beef")
    room.step(INTERACT)
    assert (room.on(pan), room.progress(pan)) == ("beef", 1)  # it cooks in the tick it is put down
    room.step(times=28)
    assert (room.on(pan), room.progress(pan)) == ("beef", 29)
    room.step()
    assert (room.on(pan), room.progress(pan)) == ("cooked_beef", 0)
    room.step(INTERACT)
    assert room.holding() == "nothing"  # hot
    room.step(times=38)
    assert (room.on(pan), room.progress(pan)) == ("cooked_beef", 39)
    assert room.stats[FIRES] == 0
    room.step()
    assert room.on(pan) == "burnt_beef on fire"
    assert room.stats[FIRES] == 1
    room.step(times=50)
    assert room.on(pan) == "burnt_beef on fire"
    assert room.stats[FIRES] == 1


def test_five_sprays_put_a_fire_out() -> None:
    room = Room()
    pan = (6, 2)
    room.lay(pan, "burnt_beef on fire")
    for tool in ("plate", "nothing", "bread", "plate[bread]"):
        room.put(0, (5, 2), "right", tool)
        room.step(INTERACT)
        assert (room.holding(), room.on(pan), room.progress(pan)) == (tool, "burnt_beef on fire", 0)
    room.put(0, (5, 2), "right", "extinguisher")
    room.step(INTERACT, times=4)
    assert (room.on(pan), room.progress(pan)) == ("burnt_beef on fire", 4)
    room.step(INTERACT)
    assert (room.on(pan), room.holding()) == ("burnt_beef", "extinguisher")
    assert room.stats[SPRAYED] == 1
    room.step(INTERACT)
    assert room.on(pan) == "burnt_beef"
    room.put(0, (5, 2), "right", "plate")
    room.step(INTERACT)
    assert (room.on(pan), room.holding()) == ("nothing", "plate[burnt_beef]")


def test_cooked_beef_keeps_its_ticks_on_an_empty_plate() -> None:
    room = Room()
    room.lay((6, 2), "cooked_beef", 12)
    room.put(0, (5, 2), "right", "plate")
    room.step(INTERACT)
    assert (room.holding(), int(room.state.held_progress[0, 0])) == ("plate[cooked_beef]", 12)
    room.step(STAY, times=60)
    assert room.holding() == "plate[cooked_beef]"  # it does not burn on a plate


@pytest.mark.parametrize(
    ("held", "target", "expected"),
    [
        ("bread", "plate", ("nothing", "plate[bread]")),
        ("plate", "bread", ("plate[bread]", "nothing")),
        ("plate", "plate[bread]", ("plate[bread]", "plate")),
        ("plate[bread]", "plate", ("plate[bread]", "plate")),
        ("plate[bread]", "plate[cooked_beef]", ("plate[cooked_beef+bread]", "plate")),
        ("plate[chopped_lettuce]", "plate[cooked_beef+bread]", ("plate[chopped_lettuce+cooked_beef+bread]", "plate")),
        ("plate[bread]", "plate[bread]", ("plate[bread]", "plate[bread]")),
        ("plate[bread]", "plate[burnt_beef]", ("plate[bread]", "plate[burnt_beef]")),
        ("chopped_lettuce", "plate[bread]", ("nothing", "plate[chopped_lettuce+bread]")),
        ("plate[bread]", "chopped_lettuce", ("plate[chopped_lettuce+bread]", "nothing")),
        ("bread", "chopped_lettuce", ("bread", "chopped_lettuce")),
        ("lettuce", "plate", ("lettuce", "plate")),
        ("plate", "beef", ("plate", "beef")),
        ("extinguisher", "bread", ("extinguisher", "bread")),
    ],
)
def test_combining_on_a_counter(held: str, target: str, expected: tuple[str, str]) -> None:
    room = Room()
    room.put(0, (1, 2), "left", held)
    room.lay((0, 2), target)
    room.step(INTERACT)
    assert (room.holding(), room.on((0, 2))) == expected


@pytest.mark.parametrize(
    ("held", "left"),
    [
        ("bread", "nothing"),
        ("burnt_beef", "nothing"),
        ("plate[bread]", "plate"),
        ("plate", "plate"),
        ("extinguisher", "extinguisher"),
        ("nothing", "nothing"),
    ],
)
def test_the_bin(held: str, left: str) -> None:
    room = Room()
    room.put(0, (1, 3), "down", held)
    assert room.step(INTERACT) == 0
    assert (room.holding(), room.on((1, 4))) == (left, "nothing")


@pytest.mark.parametrize("held", ["plate", "bread", "extinguisher", "nothing", "cooked_beef"])
def test_the_hatch_takes_only_filled_plates(held: str) -> None:
    room = Room()
    room.put(0, (2, 3), "down", held)
    assert room.step(INTERACT) == 0
    assert room.holding() == held
    assert room.stats[WRONG] == 0


# --- challenge: orders ---


def test_a_delivery_pays_and_takes_the_first_such_order() -> None:
    room = Room(script=["LettuceBurger", "BeefBurger", "BeefBurger", "BeefBurger"])
    room.step(times=80)
    assert [dish for dish, _ in room.orders()] == ["LettuceBurger", "BeefBurger", "BeefBurger", "BeefBurger"]
    left = room.orders()[2][1]
    room.put(0, (2, 3), "down", "plate[cooked_beef+bread]")
    assert room.step(INTERACT) == 20
    assert [dish for dish, _ in room.orders()][:3] == ["LettuceBurger", "BeefBurger", "BeefBurger"]
    assert room.orders()[1][1] == left - 1
    assert (room.holding(), room.score) == ("nothing", 20)
    assert (room.stats[GAINED], room.stats[SERVED]) == (20, 1)


@pytest.mark.parametrize("held", ["plate[cooked_beef+bread]", "plate[bread]", "plate[burnt_beef]"])
def test_a_wrong_delivery_costs_ten(held: str) -> None:
    room = Room(script=["LettuceBurger"])
    room.put(0, (2, 3), "down", held)
    assert room.step(INTERACT) == -10
    assert room.holding() == "nothing"
    assert room.orders() == [("LettuceBurger", 199)]
    assert (room.score, room.stats[WRONG], room.stats[GAINED]) == (-10, 1, 0)


def test_deliveries_of_one_tick_are_judged_in_order_against_what_is_left() -> None:
    rows = ".LBRP..\n.1_2_3C\n._____N\n._4___.\n.DSSX.."
    for first, second, changes in [("BeefBurger", "LettuceBurger", 10), ("BeefBurger", "BeefBurger", 40)]:
        room = Room(kitchen(rows=rows), script=[first, second])
        room.step(times=30)
        room.put(0, (2, 3), "down", "plate[cooked_beef+bread]")
        room.put(3, (3, 3), "down", "plate[cooked_beef+bread]")
        assert room.step(INTERACT, STAY, STAY, INTERACT) == changes


def test_orders_arrive_with_time_and_while_few_are_open() -> None:
    """A new one while fewer than 4 are open and the tick is at least 25 times as many as are open."""
    room = Room(script=["BeefLettuceBurger"] * 8)
    open_at = {}
    for tick in range(1, 130):
        room.step()
        open_at[tick] = len(room.orders())
    assert [open_at[tick] for tick in (1, 24, 25, 49, 50, 74, 75, 100, 129)] == [1, 1, 2, 2, 3, 3, 4, 4, 4]
    room.put(0, (2, 3), "down", "plate[chopped_lettuce+cooked_beef+bread]")
    room.step(INTERACT)
    assert len(room.orders()) == 3  # judged after new orders came in
    room.step()
    assert len(room.orders()) == 4


def test_several_orders_may_arrive_at_once() -> None:
    room = Room(script=["BeefBurger"] * 9)
    room.step(times=99)
    room.state.orders_open[0] = 1
    room.step()
    assert len(room.orders()) == 4


def test_an_order_that_expires_costs_ten_and_the_next_one_is_not_aged() -> None:
    room = Room(script=["LettuceBurger", "BeefBurger", "BeefBurger", "BeefLettuceBurger", "LettuceBurger"])
    room.step(times=199)
    before = room.orders()
    assert before[0] == ("LettuceBurger", 1)
    assert room.step() == -10
    assert room.orders() == [before[1], *((dish, left - 1) for dish, left in before[2:]), ("LettuceBurger", 200)]
    assert (room.stats[MISSED], room.score) == (1, -10)


def test_two_orders_can_expire_in_one_tick_but_not_side_by_side() -> None:
    room = Room(script=["BeefBurger"] * 4)
    room.step(times=80)
    room.state.order_left[0] = [1, 1, 1, 7]
    assert room.step() == -20
    assert room.orders()[:2] == [("BeefBurger", 1), ("BeefBurger", 7)]
    assert room.step() == -10


def test_an_order_can_be_served_in_the_last_tick_before_it_expires() -> None:
    room = Room(script=["LettuceBurger"] * 2)
    room.state.order_left[0, 0] = 2
    room.put(0, (2, 3), "down", "plate[chopped_lettuce+bread]")
    assert room.step(INTERACT) == 15
    room = Room(script=["LettuceBurger", "BeefBurger", "BeefBurger"])
    room.state.order_left[0, 0] = 1
    room.put(0, (2, 3), "down", "plate[chopped_lettuce+bread]")
    assert room.step(INTERACT) == -20  # expired first, and then nobody wanted it


def test_orders_beyond_the_script_are_drawn_from_what_is_ordered() -> None:
    where = kitchen(orders="{dishes: [BeefBurger, LettuceBurger], spacing: 0}")
    seen = Counter[str]()
    for seed in range(200):
        game = Game(where)
        game.reset([seed], [["BeefBurger"]])
        game.step([[STAY] * 4])
        dishes = [order["dish"] for order in game.describe()["orders"]]
        assert dishes[0] == "BeefBurger"
        seen.update(dishes[1:])
    assert set(seen) == {"BeefBurger", "LettuceBurger"}
    assert 230 < seen["BeefBurger"] < 370  # of 600, uniformly


def test_a_dish_pays_whoever_worked_on_it() -> None:
    room = Room(kitchen(), script=["LettuceBurger"])
    room.put(0, (5, 1), "right", "lettuce")
    room.step(INTERACT, times=9)  # placed and chopped: 9
    room.put(0, (1, 1))
    room.put(1, (5, 1), "right", "plate")
    room.step(STAY, INTERACT)  # collected: 1
    room.put(1, (1, 2), "left", "plate[chopped_lettuce]")
    room.step(STAY, INTERACT)  # put down: nothing
    room.put(1, (4, 2))
    room.put(2, (1, 2), "left", "bread")
    room.step(STAY, STAY, INTERACT)  # combined: 1
    room.step(STAY, STAY, INTERACT)  # picked up: nothing
    room.put(2, (2, 3), "down", room.holding(2))
    room.put(3, (5, 3))
    assert room.step(STAY, STAY, INTERACT) == 15  # served: 1
    assert room.state.contribution[0].tolist() == [9, 1, 2, 0]


def test_what_is_binned_or_wrong_pays_nobody() -> None:
    room = Room(script=["LettuceBurger"])
    room.put(0, (5, 1), "right", "lettuce")
    room.step(INTERACT, times=10)
    room.put(0, (1, 3), "down", room.holding())
    room.step(INTERACT)
    room.put(0, (2, 3), "down", "plate[chopped_lettuce+bread]")
    assert room.step(INTERACT) == 15
    assert room.state.contribution[0, 0] == 1  # only the serving


# --- classic ---


def soups(old_dynamics: bool = True) -> Kitchen:
    return kitchen("classic", SOUPS, old_dynamics=str(old_dynamics).lower())


def test_classic_swapping_and_sharing_stop_both_but_they_turn() -> None:
    room = Room(soups())
    places = [(2, 2), (3, 2), (5, 1), (5, 3)]
    for chef, at in enumerate(places):
        room.put(chef, at, "up")
    room.step(RIGHT, LEFT)
    assert [room.at(c) for c in range(4)] == places
    assert (room.facing(0), room.facing(1)) == (RIGHT, LEFT)
    room.put(1, (4, 2), "up")
    room.step(RIGHT, LEFT)  # both want (3, 2)
    assert (room.at(0), room.at(1)) == ((2, 2), (4, 2))
    assert (room.facing(0), room.facing(1)) == (RIGHT, LEFT)


def test_classic_chefs_may_follow_each_other() -> None:
    room = Room(soups())
    for chef, at in enumerate([(2, 2), (3, 2), (4, 2), (5, 3)]):
        room.put(chef, at)
    room.step(RIGHT, RIGHT, RIGHT)
    assert [room.at(c) for c in range(3)] == [(3, 2), (4, 2), (5, 2)]
    room.step(RIGHT, RIGHT, RIGHT)  # the first is stopped by the wall, and the others by it
    assert [room.at(c) for c in range(3)] == [(3, 2), (4, 2), (5, 2)]


def test_classic_four_chefs_can_turn_a_wheel() -> None:
    room = Room(soups())
    wheel = [(2, 1), (3, 1), (3, 2), (2, 2)]
    for chef, at in enumerate(wheel):
        room.put(chef, at)
    room.step(RIGHT, DOWN, LEFT, UP)
    assert [room.at(c) for c in range(4)] == wheel[1:] + wheel[:1]


def test_classic_interactions_come_before_moves() -> None:
    room = Room(soups())
    room.put(0, (5, 2), "right", "onion")
    room.put(1, (5, 1), "right")
    room.step(INTERACT, DOWN)
    assert room.on((6, 2)) == "onion"
    assert room.at(1) == (5, 1)  # chef 0 stands there, and it does not move
    room = Room(soups())
    room.put(0, (1, 1), "right")
    room.put(1, (1, 2), "left")
    room.step(DOWN, INTERACT)
    assert room.holding(1) == "onion"


def test_classic_a_third_ingredient_starts_the_pot() -> None:
    room = Room(soups())
    pot = (2, 0)
    for count in (1, 2, 3):
        room.put(0, (2, 1), "up", "onion")
        room.step(INTERACT)
        assert room.holding() == "nothing"
        assert room.state.shaped[0, 0] == 3
        if count < 3:
            room.step(INTERACT)
            assert room.on(pot) == ("pot[onion]" if count == 1 else "pot[onion*2]")
    assert (room.on(pot), room.progress(pot)) == ("pot[onion*3] cooking", 1)  # it advances in that tick
    room.put(0, (2, 1), "up", "onion")
    room.step(INTERACT)
    assert room.holding() == "onion"  # full
    room.put(0, (2, 1), "up", "dish")
    room.step(INTERACT, times=18)
    assert (room.on(pot), room.holding()) == ("pot[onion*3] ready", "dish")
    assert room.step(INTERACT) == 0
    assert (room.on(pot), room.holding()) == ("nothing", "dish[onion*3]")
    assert room.state.shaped[0, 0] == 5
    room.put(0, (3, 3), "down", "dish[onion*3]")
    assert room.step(INTERACT) == 20
    assert room.orders() == [("OnionSoup", None), ("TomatoSoup", None)]


def test_classic_soup_stays_good() -> None:
    room = Room(soups())
    room.lay((2, 0), "pot[onion*3] cooking", 19)
    room.step(times=300)
    assert room.on((2, 0)) == "pot[onion*3] ready"
    assert room.score == 0


def test_classic_new_dynamics_wait_for_an_interaction() -> None:
    room = Room(soups(old_dynamics=False))
    pot = (2, 0)
    room.lay(pot, "pot[onion*2]")
    room.put(0, (2, 1), "up", "onion")
    room.step(INTERACT)
    room.step(times=50)
    assert (room.on(pot), room.progress(pot)) == ("pot[onion*3]", 0)
    room.put(0, (2, 1), "up", "dish")
    room.step(INTERACT)
    assert room.on(pot) == "pot[onion*3]"
    room.put(0, (2, 1), "up")
    room.step(INTERACT)
    assert (room.on(pot), room.progress(pot)) == ("pot[onion*3] cooking", 1)
    room.step(times=19)
    assert room.on(pot) == "pot[onion*3] ready"


def test_classic_a_mixed_soup_is_nobodys_order() -> None:
    room = Room(soups())
    room.put(0, (3, 3), "down", "dish[onion*2+tomato]")
    assert room.step(INTERACT) == 0
    assert (room.holding(), room.stats[WRONG], room.stats[SERVED]) == ("nothing", 1, 0)


def test_classic_a_dish_is_useful_when_something_cooks_and_none_lies_about() -> None:
    for pot, lying, shaped in [
        ("nothing", "nothing", 0),
        ("pot[onion]", "nothing", 3),
        ("pot[onion*3] cooking", "nothing", 3),
        ("pot[onion*3] ready", "nothing", 3),
        ("pot[onion*3] ready", "dish", 0),
    ]:
        room = Room(soups())
        room.lay((2, 0), pot)
        room.lay((6, 2), lying)
        room.put(0, (1, 3), "down")
        room.step(INTERACT)
        assert room.holding() == "dish"
        assert room.state.shaped[0, 0] == shaped


# --- salads ---


def test_a_bowl_is_mixed_by_hand() -> None:
    room = Room(load_kitchen("salad_bar"))
    bowl = (3, 6)
    for food in ("chopped_greens", "cheese"):
        room.put(0, (3, 5), "down", food)
        room.step(INTERACT)
    assert room.on(bowl) == "bowl[chopped_greens+cheese]"
    room.step(times=30)
    room.step(INTERACT, times=3)
    assert (room.on(bowl), room.progress(bowl)) == ("bowl[chopped_greens+cheese]", 3)
    room.step(INTERACT)
    assert room.on(bowl) == "bowl[chopped_greens+cheese] ready"
    room.put(0, (3, 5), "down", "plate")
    room.step(INTERACT)
    assert (room.on(bowl), room.holding()) == ("nothing", "plate[chopped_greens+cheese]")


# --- the game object ---


def test_wrong_actions_change_nothing() -> None:
    game = Game("cramped_room")
    game.reset([1])
    before = game.snapshot()
    for actions, message in [
        ([[6, 0]], "action 6 is out of range; known: 0 stay, 1 left"),
        ([[0, -1]], "action -1 is out of range"),
        ([0, 0], "expected actions of shape"),
        ([[0, 0, 0]], "expected actions of shape"),
        ([[0.0, 1.0]], "actions must be whole numbers"),
        ([["up", "down"]], "actions must be whole numbers"),
    ]:
        with pytest.raises(BrigadeError, match=message):
            game.step(actions)
    assert differences(game.state, before) == []


def test_a_snapshot_of_another_batch_does_not_fit() -> None:
    game, other = Game("cramped_room"), Game("cramped_room", 2)
    with pytest.raises(BrigadeError, match="snapshot does not fit"):
        game.restore(other.snapshot())


def test_a_snapshot_fits_its_own_game_whatever_was_scripted_since() -> None:
    game = Game("new_counter_circuit")
    game.reset([1], [["BeefBurger", "LettuceBurger"]])
    before = game.snapshot()
    game.reset([1], [["LettuceBurger"] * 3])
    game.restore(before)
    assert differences(game.state, before) == []


# --- whatever chefs do ---


@st.composite
def plays(draw: st.DrawFn) -> tuple[Kitchen, int, np.ndarray]:
    """A random kitchen, a seed, and random actions (ticks, chefs) that interact often."""
    style = draw(st.sampled_from(["open", "divided"]))
    chefs = draw(st.integers(2 if style == "divided" else 1, 4))
    book = draw(st.sampled_from(["burgers", "soups", "salads"]))
    size = draw(st.sampled_from([(7, 6), (8, 7), (10, 6)]))
    name = (
        f"generated:seed={draw(st.integers(0, 40))},style={style},chefs={chefs},cookbook={book},"
        f"width={size[0]},height={size[1]}"
    )
    where = load_kitchen(name, None, draw(st.booleans()))
    seed = draw(st.integers(0, 2**32 - 1))
    ticks = 400 if COMPILED else 60
    return where, seed, purposeful(where, seed, ticks)


def purposeful(where: Kitchen, seed: int, ticks: int) -> np.ndarray:
    """Actions (ticks, chefs): walks of random length, then interactions, so that things do get done."""
    random = np.random.default_rng(seed)
    actions = np.zeros((ticks, where.chefs), int)
    for chef in range(where.chefs):
        tick = 0
        while tick < ticks:
            walk, work = int(random.integers(1, 4)), int(random.choice([0, 1, 1, 2, 6]))
            actions[tick : tick + walk, chef] = random.integers(0, 5)
            actions[tick + walk : tick + walk + work, chef] = INTERACT
            tick += walk + work
    return actions


def parts(cookbook: Cookbook, kinds: Sequence[int]) -> Counter[str]:
    """What is in things: foods by what they were made from, plates, tools."""
    raw = {process.to: process.from_ for process in cookbook.spec.processes}
    found = Counter[str]()
    for kind in (cookbook.kinds[index] for index in kinds):
        if kind.holder in ("plate", "tool"):
            found["plate" if kind.holder == "plate" else kind.name] += 1
        for food in kind.contents:
            while food in raw:
                food = raw[food]
            found[food] += 1
    return found


def everything(cookbook: Cookbook, state: State) -> Counter[str]:
    """What there is in the kitchen."""
    return parts(cookbook, [*state.item[0].tolist(), *state.held[0].tolist()])


@PROPERTY
@given(plays())
def test_chefs_stand_on_floor_and_never_together(play: tuple[Kitchen, int, np.ndarray]) -> None:
    where, seed, actions = play
    game = Game(where)
    game.reset([seed])
    for joint in actions.tolist():
        before = game.state.pos[0].copy()
        game.step([joint])
        cells = game.state.pos[0].tolist()
        assert len(set(cells)) == where.chefs
        assert (where.layout.tile[cells] == FLOOR).all()
        for was, now, action in zip(before.tolist(), cells, joint, strict=True):
            assert now - was in (0, where.layout.step[action])
        for facing, action in zip(game.state.facing[0].tolist(), joint, strict=True):
            assert action in (STAY, INTERACT, facing)


@PROPERTY
@given(plays())
def test_nothing_appears_or_vanishes_elsewhere(play: tuple[Kitchen, int, np.ndarray]) -> None:
    """Things come from stations, and go through the hatch and into the bin; the score changes only at the hatch."""
    where, seed, actions = play
    cookbook, game = where.cookbook, Game(where)
    game.reset([seed])
    before = everything(cookbook, game.state)
    for joint in actions.tolist():
        held = game.state.held[0].tolist()
        totals = game.state.stats[0].copy()
        change = int(game.step([joint])[0])
        expected = before.copy()
        events = [EVENT_NAMES[event] for event in game.state.event[0].tolist()]
        for chef, event in enumerate(events):
            if event == "fetch":
                expected.update(parts(cookbook, [int(game.state.event_kind[0, chef])]))
            if event in ("serve", "bin"):
                expected.subtract(parts(cookbook, [held[chef]]))
            if event == "bin" and cookbook.kinds[held[chef]].holder == "plate":
                expected["plate"] += 1  # stays in the hand
        before = everything(cookbook, game.state)
        assert before == expected
        gained, _, missed, wrong, *_ = (game.state.stats[0] - totals).tolist()
        penalty = where.layout.missed_penalty * missed + where.layout.wrong_penalty * wrong
        assert change == gained - penalty
        assert change == 0 or "serve" in events or missed
        assert (game.state.order_left[0, : int(game.state.orders_open[0])] > 0).all() or where.layout.standing


@PROPERTY
@given(plays())
def test_contributions_never_exceed_interactions(play: tuple[Kitchen, int, np.ndarray]) -> None:
    where, seed, actions = play
    game = Game(where)
    game.reset([seed])
    credited = np.zeros(where.chefs, int)
    for joint in actions.tolist():
        game.step([joint])
        credited += np.isin(game.state.event[0], CREDITED)
        in_things = game.state.work[0].sum(axis=0) + game.state.held_work[0].sum(axis=0)
        assert (game.state.work >= 0).all()
        assert (game.state.held_work >= 0).all()
        assert (game.state.contribution[0] + in_things <= credited).all()
        assert (game.state.work[0][game.state.item[0] == 0] == 0).all()
        assert (game.state.held_work[0][game.state.held[0] == 0] == 0).all()


@PROPERTY
@given(plays(), st.integers(0, 300))
def test_a_restored_game_goes_on_as_it_did(play: tuple[Kitchen, int, np.ndarray], at: int) -> None:
    where, seed, actions = play
    game, at = Game(where), min(at, len(actions) // 2)
    game.reset([seed])
    for joint in actions[:at].tolist():
        game.step([joint])
    saved = game.snapshot()
    for joint in actions[at:].tolist():
        game.step([joint])
    end = game.snapshot()
    for target in (game, Game(where)):
        target.restore(saved)
        assert differences(target.state, saved) == []
        for joint in actions[at:].tolist():
            target.step([joint])
        assert differences(target.state, end) == []


@PROPERTY
@given(plays())
def test_a_batch_is_many_alone_and_threads_do_not_matter(play: tuple[Kitchen, int, np.ndarray]) -> None:
    where, seed, _ = play
    seeds = [seed, seed // 2, 7]
    batch, threaded, alone = Game(where, 3), Game(where, 3, threads=2), [Game(where) for _ in seeds]
    played = np.stack([purposeful(where, one, 120) for one in seeds], axis=1)
    batch.reset(seeds)
    threaded.reset(seeds)
    for game, one in zip(alone, seeds, strict=True):
        game.reset([one])
    for joint in played:
        rewards = batch.step(joint).tolist()
        assert threaded.step(joint).tolist() == rewards
        assert [int(game.step(joint[k : k + 1])[0]) for k, game in enumerate(alone)] == rewards
    threaded.close()
    assert differences(batch.state, threaded.state) == []
    for k, game in enumerate(alone):
        assert all(np.array_equal(ours[k], theirs[0]) for ours, theirs in zip(batch.state, game.state, strict=True))
        assert batch.describe(k) == game.describe()


def test_the_plays_above_get_things_done() -> None:
    """Otherwise the properties would hold of nothing: all events but spraying happen in such plays."""
    events = Counter[str]()
    for seed in range(30 if COMPILED else 3):
        for book in ("burgers", "soups", "salads"):
            where = load_kitchen(f"generated:seed={seed},cookbook={book},chefs=4,width=7,height=6", None, seed % 2 == 0)
            game = Game(where)
            game.reset([seed])
            for joint in purposeful(where, seed, 400).tolist():
                game.step([joint])
                events.update(EVENT_NAMES[event] for event in game.state.event[0].tolist())
    assert not COMPILED or set(EVENT_NAMES) - {"spray"} <= set(events)
