"""Meeting others costs little, and what it costs is counted rightly."""

from __future__ import annotations

import pytest

from brigade.agents.base import Agent, MacroRecord, Observation, View, make_agent
from brigade.agents.planning.navigate import Navigator
from brigade.agents.planning.observed_state import read_state
from brigade.agents.planning.paths import grid_of
from brigade.agents.planning.player import BLOCKED, NO_ROOM
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.simulation.episode import play
from brigade.simulation.meetings import Meetings, meetings
from brigade.simulation.played import Played

OLD = ("cramped_room", "coordination_ring", "counter_circuit")
IN_A_ROW = 12  # ticks that nobody loses to one meeting where there is room to pass
BACK_AND_FORTH = 6  # in an episode


def lost(kitchen: Kitchen, team: list[Agent], seed: int) -> tuple[Played, list[Meetings]]:
    played = play(kitchen, team, seed)
    assert not played.crashed
    return played, meetings(kitchen, played, seed)


def room(name: str) -> Kitchen:
    return load_kitchen(name, 400, True) if name in OLD else load_kitchen(name)


@pytest.mark.parametrize("partner", ["fsm", "beef_specialist", "lettuce_specialist", "assembler"])
def test_nobody_dances_for_half_a_game(partner: str) -> None:
    """Two who met used to step up and down before each other: seed 12 beside beef came to 25 points."""
    kitchen = load_kitchen("new_counter_circuit")
    for seed in (2, 12, 35, 38):
        played, chefs = lost(kitchen, [make_agent("fsm"), make_agent(partner)], seed)
        assert played.score >= 100, seed
        assert max(chef.longest for chef in chefs) <= IN_A_ROW, seed


@pytest.mark.parametrize("name", OLD)
def test_two_state_machines_pass_each_other_where_it_is_narrow(name: str) -> None:
    for seed in range(2):
        _, chefs = lost(room(name), [make_agent("fsm"), make_agent("fsm")], seed)
        assert max(chef.longest for chef in chefs) <= IN_A_ROW
        assert max(chef.back_and_forth for chef in chefs) <= BACK_AND_FORTH


@pytest.mark.parametrize("name", [*OLD, "new_counter_circuit"])
def test_who_never_yields_is_got_past(name: str) -> None:
    played, chefs = lost(room(name), [make_agent("fsm"), make_agent("pushing")], 0)
    assert played.score > 100
    assert chefs[0].longest <= IN_A_ROW
    assert chefs[0].back_and_forth <= BACK_AND_FORTH


@pytest.mark.parametrize("name", OLD)
def test_beside_somebody_at_a_person_s_pace(name: str) -> None:
    for seed in range(2):
        _, chefs = lost(room(name), [make_agent("fsm"), make_agent("tempo")], seed)
        assert chefs[0].longest <= IN_A_ROW, seed
        assert chefs[0].back_and_forth <= BACK_AND_FORTH, seed


def test_two_things_equally_near_are_not_gone_to_in_turns() -> None:
    """Pushed off its way, a chef took the other thing for the nearer one, and stepped to and fro for 47 ticks."""
    kitchen = load_kitchen("new_counter_circuit")
    _, chefs = lost(kitchen, [make_agent("fsm"), make_agent("pushing")], 5004)
    assert chefs[0].back_and_forth <= BACK_AND_FORTH


class Standing:
    """Walks to a cell and stays there."""

    def __init__(self, cell: str):
        self.cell = cell

    def reset(self, view: View) -> None:
        self.view = view
        self.navigator = Navigator(grid_of(view.kitchen), view.seat, view.seed)

    def act(self, observation: Observation) -> int:
        observed = read_state(self.view.kitchen, observation)
        return self.navigator.go(observed, self.view.kitchen.cells_by_name[self.cell])


@pytest.mark.parametrize(("cell", "no_way"), [("C2", True), ("D2", False)])
def test_no_way_past_is_told_from_a_way_that_was_blocked(cell: str, no_way: bool) -> None:
    """In cramped_room the pot is reached from C2 alone; past D2 there is room."""
    kitchen = load_kitchen("cramped_room", 120, True)
    played, chefs = lost(kitchen, [make_agent("fsm"), Standing(cell)], 0)
    reasons = {record.reason for record in played.macros[0]}
    assert (NO_ROOM in reasons) == no_way
    assert BLOCKED not in reasons
    assert (chefs[0].lost > IN_A_ROW) == no_way
    assert chefs[0].longest <= IN_A_ROW


def test_ticks_lost_to_meetings_are_counted() -> None:
    """One walks right and left and right again; the other gives up what it was doing."""
    kitchen = load_kitchen("new_counter_circuit")
    away = MacroRecord("serve(BeefBurger)", 3, 5, False, BLOCKED)
    served = MacroRecord("serve(BeefBurger)", 0, 3, True)
    played = Played(["212150", "000000"], ticks=6, macros=[[], [served, away]])
    assert meetings(kitchen, played, 0) == [Meetings(4, 4, 3), Meetings(2, 2, 0)]


def test_working_between_two_steps_is_no_turning_back() -> None:
    kitchen = load_kitchen("new_counter_circuit_solo")
    assert meetings(kitchen, Played(["2510"], ticks=4, macros=[[]]), 0) == [Meetings(0, 0, 0)]


def test_alone_nothing_is_lost_to_a_meeting() -> None:
    _, chefs = lost(load_kitchen("new_counter_circuit_solo"), [make_agent("fsm")], 0)
    assert chefs[0].longest == 0


def test_a_person_s_pace() -> None:
    """Acts at key presses only: still more than half of the time, and the same for the same seed."""
    kitchen = load_kitchen("cramped_room", 400, True)
    games = [play(kitchen, [make_agent("tempo"), make_agent("tempo")], 3) for _ in range(2)]
    assert games[0].actions == games[1].actions
    assert games[0].score > 0
    assert all(0.5 <= actions.count("0") / 400 <= 0.8 for actions in games[0].actions)
    assert play(kitchen, [make_agent("tempo", agent="stay"), make_agent("stay")], 3).actions == ["0" * 400] * 2
