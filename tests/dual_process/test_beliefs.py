"""Beliefs in numbers: what is read of them, what is dropped with which words, what house states, how it is scored."""

from __future__ import annotations

import json
import math
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from brigade.agents.base import View, make_agent
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import Chef, ObservedState, Order, read_state
from brigade.agents.planning.recipes import recipes_of
from brigade.agents.state_machine import Option
from brigade.dual_process.llm import house
from brigade.dual_process.partner_model import Sight, Stated, spread
from brigade.dual_process.theory_of_mind.drawing import Drawing
from brigade.dual_process.theory_of_mind.roles import Role
from brigade.dual_process.theory_of_mind.score import scores_of
from brigade.dual_process.theory_of_mind.serving import OTHERS, PARTNER, Shares, servings
from brigade.dual_process.theory_of_mind.turns import turn_of, turns_of
from brigade.dual_process.theory_of_mind.types import make_types
from brigade.dual_process.thought_kinds.base import Malformed, make_kind
from brigade.dual_process.thought_kinds.belief import Belief, belief_schema
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.engine.state import SERVED
from brigade.experiments.cli import app
from brigade.experiments.kitchen import theory_of_mind
from brigade.simulation.episode import play
from brigade.simulation.recording import RecordingWriter, make_header

MAP_1 = "new_counter_circuit"
TWO = ("assemble()", "clear_counter()")
RECIPES = recipes_of(load_kitchen(MAP_1))


def read(**said: Any) -> Belief:
    belief = make_kind("belief").read({"belief": "It cooks.", **said}, RECIPES)
    assert isinstance(belief, Belief)
    return belief


def partner(**numbers: Any) -> dict[str, Any]:
    return {"partner": 2, "next": [], "makes": [], "assembles": None, "orders": [], **numbers}


class TestReading:
    def test_words_alone_are_enough(self) -> None:
        assert read() == Belief("It cooks.")
        assert isinstance(make_kind("belief").read({"belief": ""}, RECIPES), Malformed)

    def test_numbers(self) -> None:
        said = partner(
            next=[{"turn": "prepare(cooked_beef)", "probability": 0.75}, {"turn": "assemble()", "probability": 0.25}],
            makes=["cooked_beef"],
            assembles=False,
            orders=[{"order": 3, "probability": 0.1}],
        )
        jsonschema.validate({"belief": "", "partners": [said]}, belief_schema(RECIPES))
        belief = read(partners=[said])
        stated = belief.stated[1]
        assert stated.turns == {"prepare(cooked_beef)": 0.75, "assemble()": 0.25}
        assert (stated.makes, stated.assembles, stated.orders) == (("cooked_beef",), False, {3: 0.1})
        assert belief.dropped == ()

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ([partner(next=[{"turn": t, "probability": 0.9} for t in TWO])], "add up to 1.8"),
            ([partner(next=[{"turn": "fly()", "probability": 1}])], "there is no such turn"),
            ([partner(next=[{"turn": ["assemble()"], "probability": 1}])], "there is no such turn"),
            ([partner(next=[{"turn": "assemble()", "probability": -1}])], "probability from 0 to 1"),
            ([partner(next=[{"turn": "assemble()", "probability": math.nan}])], "probability from 0 to 1"),
            ([partner(next=[{"turn": "assemble()", "probability": True}])], "probability from 0 to 1"),
            ([partner(next=[{"turn": "assemble()", "probability": "most"}])], "probability from 0 to 1"),
            ([partner(next="assemble()")], "expected a list"),
            ([partner(makes=["cake"])], "nobody makes that here"),
            ([partner(makes=[{"a": 1}])], "nobody makes that here"),
            ([partner(assembles="yes")], "expected true or false"),
            ([partner(orders=[{"order": -1, "probability": 1}])], "there is no such order"),
            ([partner(partner=7)], "there is no such partner"),
            ([partner(partner=True)], "there is no such partner"),
            (["me"], "there is no such partner"),
            ({"partner": 2}, "expected a list"),
            (None, "expected a list"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_dropped_with_the_reason_and_the_words_stay(self, said: Any, why: str) -> None:
        belief = read(partners=said)
        assert belief.words == "It cooks."
        assert any(why in reason for _, reason in belief.dropped), belief.dropped
        assert all(not stated.turns for stated in belief.stated.values())
        told = make_kind("belief").told(belief)
        assert json.loads(json.dumps(told, allow_nan=False)) == told

    def test_however_much_is_said_little_is_kept(self) -> None:
        belief = read(partners=[partner(makes=["x" * 10_000] * 1000)] * 50)
        assert len(belief.dropped) <= 16
        assert all(len(what) <= 80 for what, _ in belief.dropped)


class TestHouse:
    def ask(self, quality: float, seen: dict[str, int]) -> dict[str, Any]:
        state = {
            "seen": {"partner 2": seen},
            "made_of": {"cooked_beef": "beef", "chopped_lettuce": "lettuce"},
            "counts": {"beef": 0, "cooked_beef": 0, "lettuce": 0, "chopped_lettuce": 0, "bread": 0},
            "foods_of": {"BeefBurger": ["bread", "cooked_beef"]},
            "orders": [{"number": 3, "dish": "BeefBurger"}, {"number": 4, "dish": "BeefBurger"}],
        }
        messages = [("user", f"```json\n{json.dumps(state)}\n```")]
        said = house.answer(messages, "belief", quality, random.Random(1), belief_schema(RECIPES))
        answer: dict[str, Any] = json.loads(said)
        jsonschema.validate(answer, belief_schema(RECIPES))
        return answer

    def test_it_states_how_often_it_saw_each_turn(self) -> None:
        (stated,) = self.ask(1.0, {"took beef": 3, "took": 4, "took plate": 1})["partners"]
        assert stated["partner"] == 2
        assert stated["next"] == [
            {"turn": "prepare(cooked_beef)", "probability": 0.75},
            {"turn": "assemble()", "probability": 0.25},
        ]
        assert (stated["makes"], stated["assembles"]) == (["cooked_beef"], False)

    @pytest.mark.parametrize(
        ("seen", "chance"),
        [({"took beef": 3}, 0.1), ({"served": 1}, 0.9), ({"served": 1, "took beef": 3}, 0.5), ({}, 0.1)],
    )
    def test_it_states_who_serves_which_order(self, seen: dict[str, int], chance: float) -> None:
        (stated,) = self.ask(1.0, seen)["partners"]
        assert stated["orders"] == [{"order": number, "probability": chance} for number in (3, 4)]

    def test_a_wrong_one_is_well_formed_and_wrong(self) -> None:
        lies = [self.ask(0.0, {"took beef": 3, "took": 3})["partners"][0]["next"] for _ in range(3)]
        assert all(sum(entry["probability"] for entry in lie) <= 1 for lie in lies)

    def test_a_client_that_asks_for_words_gets_words(self) -> None:
        schema = {"type": "object", "properties": {"belief": {"type": "string"}}}
        said = house.answer([("user", "```json\n{}\n```")], "belief", 1.0, random.Random(0), schema)
        assert set(json.loads(said)) == {"belief"}


class TestTurns:
    @pytest.mark.parametrize("name", list_kitchens())
    def test_every_turn_that_is_taken_is_known(self, name: str) -> None:
        kitchen = load_kitchen(name, 200)
        recipes, known = recipes_of(kitchen), set(turns_of(kitchen))
        states: list[Any] = []
        team = [make_agent("fsm") for _ in range(kitchen.chefs)]
        play(kitchen, team, seed=1, watch=lambda game, seen, actions: states.append(read_state(kitchen, seen)))
        turns = [
            turn
            for before, now in pairwise(states)
            for seat in range(kitchen.chefs)
            if (turn := turn_of(before, now, seat, recipes))
        ]
        assert turns
        assert set(turns) <= known

    def test_scores(self) -> None:
        known = turns_of(load_kitchen(MAP_1))
        sure = scores_of(spread({known[0]: 1.0}, known), known[0])
        wrong = scores_of(spread({known[0]: 1.0}, known), known[1])
        blind = scores_of(spread({}, known), known[0])
        assert sure == [1.0, 0.0, 1.0, 1.0]
        assert wrong == [0.0, 2.0, 1.0, 0.0]
        assert blind[0] == pytest.approx(1 / len(known), abs=1e-4)
        assert blind[3] == pytest.approx(1 / len(known), abs=1e-4), "a favourite drawn among all"
        assert sure[1] < blind[1] < wrong[1]


class TestOrders:
    """Who serves which order."""

    def seen(self, team: tuple[str, str], ticks: int = 300) -> tuple[list[Any], int]:
        kitchen, states, scores = load_kitchen(MAP_1, ticks), list[Any](), list[int]()

        def watch(game: Any, seen: Any, _: Any) -> None:
            states.append(read_state(kitchen, seen))
            scores.append(int(game.state.stats[0, SERVED]))

        play(kitchen, [make_agent(each) for each in team], 2, watch=watch)
        return states, scores[-1]

    def shares(
        self, states: list[Any], stated: dict[int, float], seat: int = 1
    ) -> list[tuple[str, dict[str, float], str]]:
        shares, told = Shares(RECIPES, seat), []
        shares.told(Stated(orders=stated))
        for before, now in zip([None, *states], states, strict=False):
            told += shares.see(before, now)
        return told

    def test_every_order_that_is_served_is_told_with_who_served_it(self) -> None:
        states, served = self.seen(("fsm", "fsm"), 500)
        told, theirs = (self.shares(states, {1: 0.8}, seat) for seat in (1, 0))
        assert served > 6
        assert abs(len(told) - served) <= 1, "the last may be after the last look"
        assert {who for *_, who in told} == {PARTNER, OTHERS}, "both serve"
        assert [name for name, *_ in told] == [name for name, *_ in theirs]
        assert all({who, other} == {PARTNER, OTHERS} for (*_, who), (*_, other) in zip(told, theirs, strict=True))
        numbers = [int(name.split()[1].rstrip(":")) for name, *_ in told]
        assert len(set(numbers)) == len(numbers)
        assert told[0][1]["stated"] == (0.8 if numbers[0] == 1 else 0.5)
        mine = [0, *np.cumsum([who == PARTNER for *_, who in told])]
        rates = [chances["base_rate"] for _, chances, _ in told]
        assert rates == [pytest.approx((mine[n] + 1) / (n + 2)) for n in range(len(rates))]

    def test_one_who_alone_puts_dishes_together_serves_all(self) -> None:
        for team, who in ((("beef_specialist", "assembler"), PARTNER), (("assembler", "beef_specialist"), OTHERS)):
            assert {each for *_, each in self.shares(self.seen(team)[0], {1: 0.8})} == {who}

    def test_without_a_statement_nothing_is_scored_and_nothing_is_believed(self) -> None:
        states, _ = self.seen(("fsm", "fsm"))
        assert self.shares(states, {}) == []
        shares = Shares(RECIPES, 1)
        shares.see(None, states[0])
        assert shares.by_dish() == {}

    def test_orders_that_stand_are_nobodys(self) -> None:
        kitchen, states = load_kitchen("cramped_room", 200), list[Any]()
        team = [make_agent("fsm"), make_agent("fsm")]
        play(kitchen, team, 1, watch=lambda game, seen, _: states.append(read_state(kitchen, seen)))
        shares = Shares(recipes_of(kitchen), 1)
        shares.told(Stated(orders={1: 0.9}))
        assert any(list(servings(before, now, shares.recipes)) for before, now in pairwise(states))
        assert not any(shares.see(before, now) for before, now in pairwise(states))

    def test_dishes_are_as_probable_as_their_likeliest_order(self) -> None:
        orders = [Order("BeefBurger", 80), Order("LettuceBurger", 80), Order("BeefBurger", 90)]
        shares = Shares(RECIPES, 1)
        shares.see(None, ObservedState(0, 500, 0, [], {}, {}, orders))
        shares.told(Stated(orders={1: 0.2, 3: 0.7, 99: 1.0}))
        assert shares.by_dish() == {"BeefBurger": 0.7, "LettuceBurger": 0.5}

    def test_an_imagined_partner_puts_together_what_is_rather_its_own(self) -> None:
        dishes = {"BeefBurger": 0.9, "LettuceBurger": 0.1}
        drawing = Drawing({"assemble()": 0.8, "prepare(cooked_beef)": 0.2}, 0, dishes)
        drawing.reset(View(RECIPES.kitchen, 1))
        can = [Macro("assemble", "BeefBurger"), Macro("assemble", "LettuceBurger"), Macro("prepare", "cooked_beef")]
        assert [drawing._chance(macro, can) for macro in can] == [pytest.approx(x) for x in (0.8, 0.8 / 9, 0.2)]
        drawing.dishes = {}
        assert [drawing._chance(macro, can) for macro in can] == [0.8, 0.8, 0.2]

    def test_an_order_that_expires_as_its_dish_is_handed_in_is_not_served(self) -> None:
        plate = next(kind for kind in RECIPES.cookbook.kinds if kind.holder == "plate" and kind.dish == "BeefBurger")
        hatch = RECIPES.hatches[0] if isinstance(RECIPES.hatches, list | tuple) else sorted(RECIPES.hatches)[0]
        facing, stand = next(
            (d, hatch - off) for d, off in RECIPES.grid.offset.items()
            if 0 <= hatch - off < RECIPES.grid.cells and RECIPES.grid.floor[hatch - off]
        )  # fmt: skip
        for left, told in ((1, 0), (2, 1)):
            shares = Shares(RECIPES, 0)
            shares.told(Stated(orders={1: 0.9}))
            before = ObservedState(5, 9, 0, [Chef(stand, facing, plate, 0)], {}, {}, [Order("BeefBurger", left)])
            now = ObservedState(6, 8, 0, [Chef(stand, facing, RECIPES.nothing, 0)], {}, {}, [])
            shares.see(None, before)
            assert len(shares.see(before, now)) == told

    def test_looking_at_programs_changes_nothing(self) -> None:
        kitchen, states = load_kitchen(MAP_1, 200), list[Any]()
        team = [make_agent("fsm"), make_agent("assembler")]
        play(kitchen, team, 2, watch=lambda game, seen, _: states.append((seen, read_state(kitchen, seen))))

        def believed(looks: bool) -> list[dict[str, float]]:
            model = make_types()
            model.begin(kitchen, 1)
            found, before = [], None
            for tick, (seen, now) in enumerate(states):
                model.see(Sight(seen, before, now, None))
                if tick == 20:
                    model.told(Stated(orders={1: 0.1, 2: 0.1, 3: 0.1}, assembles=True))
                if looks:
                    model.programs(0)
                found.append(dict(model.believed()))
                before = now
            return found

        assert believed(looks=True) == believed(looks=False)

    def test_a_partner_as_it_is_described_leaves_what_it_hardly_serves(self) -> None:
        role = Role((), assembles=True, fixed=True)
        role.reset(View(RECIPES.kitchen, 1))
        role.dishes = {"BeefBurger": 0.1, "LettuceBurger": 0.6}
        mine = {dish: role._is_mine(Option(1.0, Macro("assemble", dish))) for dish in ("BeefBurger", "LettuceBurger")}
        assert mine == {"BeefBurger": False, "LettuceBurger": True}


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    for name, chefs in ((MAP_1, 2), (f"{MAP_1}_solo", 1)):
        kitchen = load_kitchen(name, 150)
        names = ["fsm", "beef_specialist"][:chefs]
        header = make_header(kitchen, 3, None, [{"name": each, "options": {}} for each in names], "both", {"hz": 4})
        writer = RecordingWriter(tmp_path / f"{name}.jsonl.zst", header)
        play(kitchen, [make_agent(each) for each in names], seed=3, recorder=writer)
    (tmp_path / "broken.jsonl.zst").write_bytes(b"nothing")
    return tmp_path


class TestTom:
    def test_the_table_and_what_cannot_be_read(self, recordings: Path) -> None:
        done = CliRunner().invoke(app, ["tom", str(recordings)])
        assert done.exit_code == 1, done.output
        assert "beef_specialist" in done.output
        assert "types" in done.output
        assert "one chef" in done.stderr.replace("\n", " ")
        assert "broken" in done.stderr

    def test_every_turn_as_json(self, recordings: Path) -> None:
        done = CliRunner().invoke(app, ["tom", str(recordings / f"{MAP_1}.jsonl.zst"), "--json", "--every", "20"])
        told = json.loads(done.stdout)
        models = {line["model"] for line in told["lines"] if line["chef"] == "beef_specialist"}
        turns = {"uniform", "repeating", "base_rate", "counting", "stated", "types"}
        assert models == turns | {"orders: uniform", "orders: base_rate", "orders: stated"}
        shown = [line["model"] for line in told["lines"] if line["chef"] == "beef_specialist"]
        assert [name.startswith("orders:") for name in shown] == [False] * 6 + [True] * 3, "they come last"
        assert all(line["turns"] > 0 for line in told["lines"] if line["model"] == "orders: stated")
        assert all(0 <= figures[0] <= 1 for one in told["watched"] for *_, s in one["scored"] for figures in s.values())

    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(Exception, match="no recordings"):
            theory_of_mind.recordings_of([tmp_path])

    def test_a_model_does_not_see_ahead(self, recordings: Path) -> None:
        """What was foreseen of a turn is the same when the recording ends right after it."""
        from dataclasses import replace

        from brigade.dual_process.reasoners import spec_of
        from brigade.simulation.recording import read_recording

        whole = read_recording(recordings / f"{MAP_1}.jsonl.zst")
        cut = replace(whole, ticks=whole.ticks[:100], end=None)
        full, part = (theory_of_mind.watch(each, spec_of({}))[1].scored for each in (whole, cut))
        assert part
        assert full[: len(part)] == part


def test_views_say_nothing_of_the_partner() -> None:
    assert set(View.__dataclass_fields__) == {"kitchen", "seat", "seed", "hz", "hears", "heard_by"}
