"""The paper's frameworks as its code runs them: task lists, how they are carried out, and when they are asked for."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from brigade.agents.base import View, make_agent
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import read_state
from brigade.agents.planning.recipes import recipes_of
from brigade.dual_process.facts import StateFacts
from brigade.dual_process.frameworks import framework_of, frameworks
from brigade.dual_process.llm import house
from brigade.dual_process.llm.protocol import Answer, Failure, Reply, Request
from brigade.dual_process.paper_side import FollowsTasks, OverPaperStateMachine, OverStateMachine
from brigade.dual_process.task_list import KEPT_REASONS, MAX_TASKS, Assignments, TaskList, parse_task_list
from brigade.dual_process.thought_kinds.base import Malformed, make_kind
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.registry import BrigadeError
from brigade.simulation.clock import Constant, VirtualClock
from brigade.simulation.episode import play
from brigade.simulation.messages import Message
from brigade.simulation.played import Played

MAP_1 = "new_counter_circuit"
RECIPES = recipes_of(load_kitchen(MAP_1))
NOTHING = '{"rationale": "", "tasks": [], "message": null}'


def says(*tasks: Any, rationale: str = "why") -> str:
    return json.dumps({"rationale": rationale, "tasks": list(tasks), "message": None})


class Scripted:
    """Answers by a function, and keeps what it was asked."""

    def __init__(self, say: Callable[[Request], str | Answer]):
        self.say = say
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Answer:
        self.asked.append(request)
        await asyncio.sleep(0)
        said = self.say(request)
        return Reply(said, 100, 40, 1.0, "scripted") if isinstance(said, str) else said

    async def close(self) -> None:
        """Nothing to let go of."""

    def states(self, purpose: str) -> list[dict[str, Any]]:
        return [dict(house.read_state(request.messages)) for request in self.asked if request.purpose == purpose]


class Speaker:
    """Says something at given ticks, and stands."""

    human = False

    def __init__(self, *ticks: int):
        self.ticks = ticks

    def reset(self, view: View) -> None:
        self.tick = -1

    def act(self, observation: Any) -> int:
        self.tick = observation["tick"]
        return 0

    def speak(self) -> list[str]:
        return ["hurry"] if self.tick in self.ticks else []

    def hear(self, message: Message) -> None:
        """What the other says does not matter."""


def cook(
    name: str, say: Callable[[Request], str | Answer], seconds: float = 4.0, ticks: int = 120, partner: Any = "stay",
    seed: int = 2, **options: Any,
) -> tuple[Played, Scripted, Any]:  # fmt: skip
    reasoner = Scripted(say)
    agent = make_agent(name, reasoner=reasoner, **options)
    partner = make_agent(partner) if isinstance(partner, str) else partner
    played = play(load_kitchen(MAP_1, ticks), [agent, partner], seed, clock=VirtualClock(4, Constant(seconds)))
    assert not played.crashed
    return played, reasoner, agent


def asked_at(played: Played, kind: str) -> list[int]:
    return [thought["asked"] for thought in played.thoughts if thought["kind"] == kind]


def nothing(request: Request) -> str:
    empty = {"tasks": NOTHING, "review": '{"guidelines": "g", "belief": "b"}', "hindsight": '{"reflection": "r"}'}
    return empty.get(request.purpose, '{"guidelines": "g"}')


class TestTimes:
    @pytest.mark.parametrize(
        ("name", "seconds", "at"),
        [
            ("react", 4, [0, 20, 40, 60, 80, 100]),
            ("react", 5, [0, 20, 40, 60, 80, 100]),  # there just in time
            ("react", 6, [0, 40, 80]),  # what comes during a call is forgotten
            ("reflexion", 4, [0, 20, 40, 60, 80, 100]),
            ("dpt@paper", 4, [20, 40, 60, 80, 100]),
            ("dpt_without_tom@paper", 6, [20, 60, 100]),
        ],
    )
    def test_lists_are_asked_for_at_multiples_of_twenty(self, name: str, seconds: float, at: list[int]) -> None:
        assert asked_at(cook(name, nothing, seconds)[0], "tasks") == at

    def test_looking_back_every_fifty_ticks(self) -> None:
        assert asked_at(cook("dpt@paper", nothing)[0], "review") == [50, 100]
        played = cook("dpt_without_tom@paper", nothing)[0]
        assert asked_at(played, "reflection") == [50, 100]
        assert {thought["kind"] for thought in played.thoughts} == {"tasks", "reflection"}

    def test_a_message_asks_at_once_unless_a_call_is_under_way(self) -> None:
        played = cook("react", nothing, 1, 60, Speaker(10, 21, 30))[0]
        assert asked_at(played, "tasks") == [0, 11, 20, 31, 40], "that of tick 22 comes during a call"
        assert asked_at(cook("dpt@paper", nothing, 1, 30, Speaker(4))[0], "tasks") == [5, 20]

    def test_how_much_each_reads(self) -> None:
        _, reasoner, _ = cook("dpt@paper", nothing, ticks=260, partner="fsm")
        assert max(len(state["history"]) for state in reasoner.states("tasks")) == 3
        assert max(len(state["history"]) for state in reasoner.states("review")) == 10
        assert "turns" not in reasoner.states("tasks")[-1]
        _, reasoner, _ = cook("react", lambda request: says("BeefBurger", rationale="t"), ticks=140)
        states = reasoner.states("tasks")
        assert [len(state.get("turns", [])) for state in states] == [0, 1, 2, 2, 2, 2, 2], (
            "its last three, this included"
        )
        assert states[-1]["turns"][0]["thought"] == "t"
        assert states[-1]["turns"][0]["tasks"] == ["BeefBurger"]
        assert states[-1]["turns"][0]["scene"]["tick"] < states[-1]["tick"]

    def test_guidelines_and_belief_come_from_one_call_and_are_read_by_the_next_list(self) -> None:
        answer = {"review": '{"guidelines": "hurry up", "belief": "it sleeps"}', "tasks": NOTHING}
        _, reasoner, agent = cook("dpt@paper", lambda request: answer[request.purpose])
        last = [request for request in reasoner.asked if request.purpose == "tasks"][-1].messages[-1][1]
        assert "What you have learnt so far: hurry up" in last
        assert "What you believe of your partner: it sleeps" in last
        assert agent.history.partners.belief == "it sleeps"

    def test_a_scene_is_written_at_every_tick_on_which_the_chef_is_idle(self) -> None:
        _, _, agent = cook("react", nothing, ticks=20)
        assert [passage.tick for passage in agent.history.passages] == list(range(20))
        _, _, agent = cook("react", lambda request: says("BeefBurger"), seconds=0, ticks=40)
        scenes = [passage.tick for passage in agent.history.passages]
        assert len(scenes) == len(set(scenes)) < 10


class TestReflexion:
    def test_it_looks_back_when_points_are_lost_at_an_idle_moment(self) -> None:
        played, reasoner, _ = cook("reflexion", nothing, 1, 300)
        looked = asked_at(played, "hindsight")
        assert looked
        assert all(tick > 150 for tick in looked), "nothing expires before"
        calm = cook("reflexion", nothing, 1, 100)[0]
        assert asked_at(calm, "hindsight") == []
        assert 1 < len(reasoner.states("hindsight")[0]["turns"]) <= 10

    def test_then_all_turns_but_the_last_are_forgotten(self) -> None:
        played, reasoner, _ = cook("reflexion", nothing, 1, 300)
        at = next(thought["effect"] for thought in played.thoughts if thought["kind"] == "hindsight")
        after = next(state for state in reasoner.states("tasks") if state["tick"] >= at)
        before = [state for state in reasoner.states("tasks") if state["tick"] < at][-1]
        assert len(before["turns"]) == 2
        assert len(after["turns"]) == 1
        told = [r.messages[-1][1] for r in reasoner.asked if r.purpose == "tasks"]
        assert "What you have learnt so far: r" in told[-1]

    def test_it_looks_back_when_something_burns(self) -> None:
        agent = make_agent("reflexion", reasoner=Scripted(nothing))
        assert isinstance(agent, FollowsTasks)
        burns = make_agent("react", reasoner=Scripted(lambda request: says("prepare(cooked_beef)")))
        played = play(load_kitchen(MAP_1, 140), [burns, agent], seed=2, clock=VirtualClock(4, Constant(1)))
        mine = [t for t in played.thoughts if t["seat"] == 1 and t["kind"] == "hindsight"]
        assert played.stats["fires"] > 0
        assert mine
        assert "hindsight" not in {t["kind"] for t in played.thoughts if t["seat"] == 0}, "react does not"


def facts() -> StateFacts:
    game = Game(load_kitchen(MAP_1))
    game.reset(0)
    return StateFacts(read_state(game.kitchen, game.describe()), RECIPES, 0)


def assigned(*entries: Any) -> Assignments:
    tasks, dropped = parse_task_list(entries, RECIPES)
    assert not dropped
    made = Assignments()
    made.adopt(TaskList(tasks=tasks))
    return made


class TestCarryingOut:
    def test_macro_actions_come_first_each_is_looked_at_once(self) -> None:
        list_ = assigned(
            "BeefBurger",
            {"when": "score() > 5", "do": "prepare(bread)"},
            {"when": None, "do": "prepare(cooked_beef)"},
            {"when": "score() == 0", "do": "prepare(chopped_lettuce)"},
        )
        assert list_.next_action(facts(), None) == Macro("prepare", "cooked_beef")
        assert list_.next_action(facts(), None) == Macro("prepare", "chopped_lettuce")
        assert list_.next_action(facts(), None) is None
        assert list_.orders == ["BeefBurger"]
        assert list_.told() == [("prepare(bread) when score() > 5", "its condition did not hold when its turn came")]

    def test_serving_is_checked_over_the_state_machine_only(self) -> None:
        assert assigned("serve(BeefBurger)").next_action(facts(), None) == Macro("serve", "BeefBurger")
        list_ = assigned("serve(BeefBurger)", "serve(LettuceBurger)")
        assert list_.next_action(facts(), ["LettuceBurger"]) == Macro("serve", "LettuceBurger")
        assert list_.undone == [("serve(BeefBurger)", "nobody had ordered it when its turn came")]

    def test_orders_count_as_far_as_they_are_open_and_until_they_are_served(self) -> None:
        list_ = assigned("BeefBurger", "LettuceBurger", "BeefBurger", "BeefBurger")
        list_.keep_open(["BeefBurger", "BeefBurger"])
        assert list_.orders == ["BeefBurger", "BeefBurger"]
        list_.served("BeefBurger")
        list_.served("LettuceBurger")
        assert list_.orders == ["BeefBurger"]

    def test_a_new_list_takes_the_place_of_the_last_and_an_empty_one_does_not(self) -> None:
        agent = make_agent("react", reasoner=Scripted(nothing))
        assert isinstance(agent, FollowsTasks)
        agent.reset(View(load_kitchen(MAP_1), 0))
        for entries, left in ((["BeefBurger"], ["BeefBurger"]), ([], ["BeefBurger"]), (["prepare(x)"], [])):
            tasks, dropped = parse_task_list(entries, RECIPES)
            agent.assign(TaskList(tasks=tasks, dropped=dropped))
            assert agent.assigned.orders == left

    def test_without_a_state_machine_they_stand_when_the_list_is_empty(self) -> None:
        played, _, _ = cook("react", nothing)
        assert set(played.actions[0]) == {"0"}
        for name in ("react_dpt", "react_dpt@paper", "dpt@paper"):
            assert cook(name, nothing)[0].actions[0][:10].strip("0"), name

    def test_over_the_state_machines_it_is_they_where_nothing_is_assigned(self) -> None:
        for name, alone in (("react_dpt@paper", "fsm_paper"), ("react_dpt", "fsm"), ("dpt@paper", "fsm_paper")):
            played = cook(name, nothing, ticks=300, partner="beef_specialist")[0]
            machine = play(load_kitchen(MAP_1, 300), [make_agent(alone), make_agent("beef_specialist")], seed=2)
            assert played.actions == machine.actions, name

    def test_the_chef_goes_on_with_the_list_meanwhile(self) -> None:
        played, _, _ = cook("react", lambda request: says("BeefBurger"), seconds=10, ticks=300)
        assert set(played.actions[0][:40]) == {"0"}, "until the first list is there"
        assert "0" * 25 not in played.actions[0][40:120]

    def test_what_nobody_ordered_is_cooked_and_served_without_a_state_machine(self) -> None:
        script = [["LettuceBurger"] * 9]

        def wrong(name: str) -> float:
            agent = make_agent(name, reasoner=Scripted(lambda request: says("BeefBurger", "BeefBurger")))
            clock = VirtualClock(4, Constant(1))
            played = play(load_kitchen(MAP_1, 200), [agent, make_agent("stay")], 2, script[0], clock)
            return float(played.stats["wrong"])

        assert wrong("react") > 0
        assert wrong("react_dpt") == wrong("react_dpt@paper") == 0

    def test_fires_are_put_out_only_if_a_task_says_so(self) -> None:
        def burn(request: Request) -> str:
            return says("prepare(cooked_beef)")

        def save(request: Request) -> str:
            state = house.read_state(request.messages)
            return says("put_out_fire()") if "fire" in json.dumps(state["at_work"]) else says("prepare(cooked_beef)")

        let_burn, put_out = (cook("react", say, 1, 300)[0] for say in (burn, save))
        assert let_burn.stats["fires"] > 0
        assert let_burn.stats["put_out"] == 0
        assert put_out.stats["put_out"] > 0

    def test_over_our_state_machine_fires_come_before_the_list(self) -> None:
        def fires(name: str) -> Played:
            burns = make_agent("react", reasoner=Scripted(lambda request: says("prepare(cooked_beef)")))
            agent = make_agent(name, reasoner=Scripted(lambda request: says(*["BeefBurger"] * 9)))
            return play(load_kitchen(MAP_1, 300), [burns, agent], seed=2, clock=VirtualClock(4, Constant(1)))

        for name in ("react_dpt", "react_dpt@paper"):
            played = fires(name)
            assert (played.stats["put_out"] > 0) == (name == "react_dpt")
            for record, after in pairwise(played.macros[1]):
                if record.reason.startswith("given up for something"):
                    assert after.name in ("put_out_fire()", "prepare(cooked_beef, plate=True)"), (
                        "nothing else is urgent"
                    )

    def test_giving_up_is_an_option(self) -> None:
        sides = {name: framework_of(name).fast_side for name in ("react@paper", "dpt@paper", "react_dpt")}
        assert sides == {"react@paper": FollowsTasks, "dpt@paper": OverPaperStateMachine, "react_dpt": OverStateMachine}
        for name, usual in (("react", True), ("dpt@paper", True), ("react_dpt", False)):
            for given in ({}, {"gives_up": True}, {"gives_up": False}):
                agent = make_agent(name, **given)
                assert isinstance(agent, FollowsTasks)
                assert agent.gives_up is given.get("gives_up", usual)
        with pytest.raises(BrigadeError, match="'act' has no option gives_up"):
            make_agent("act", gives_up=True)


class TestBadInput:
    @pytest.mark.parametrize(
        ("entry", "why"),
        [
            ("Soup", "no dish that is ordered here"),
            ("BeefLettuce", "no dish that is ordered here"),
            ("dance(BeefBurger)", "unknown macro action 'dance'"),
            ({"when": None, "do": "prepare(cooked_beeef)"}, "did you mean 'cooked_beef'"),
            ({"when": "__import__('os').system('x')", "do": "prepare(bread)"}, "not part of the language"),
            ({"when": "lambda json_state: True", "do": "prepare(bread)"}, "not part of the language"),
            ({"when": ["x"], "do": "prepare(bread)"}, "a guard is a text"),
            ({"when": 1, "do": "prepare(bread)"}, "a guard is a text"),
            ({"when": 'count("beeef") > 1', "do": "prepare(bread)"}, "unknown item"),
            ({"do": "prepare"}, "no macro action"),
            ({"do": 7}, "'do' is text"),
            ({"when": "score() > 1"}, "'do' is text"),
            ({"leave": "serve"}, "a task is a dish, or an object"),
            (["score() > 1", "prepare(bread)", 3], "a task is a dish, or an object"),
            (None, "a task is a dish, or an object"),
            (3.5, "a task is a dish, or an object"),
            ([], "a task is a dish, or an object"),
            ({}, "'do' is text"),
        ],
    )
    def test_one_wrong_entry_is_named_and_the_others_are_used(self, entry: Any, why: str) -> None:
        tasks, dropped = parse_task_list([entry, "BeefBurger", ["score() >= 0", "prepare(bread)"]], RECIPES)
        assert [str(task) for task in tasks] == ["BeefBurger", "prepare(bread) when score() >= 0"]
        ((_, reason),) = dropped
        assert why in reason

    def test_a_long_list_is_cut_off_and_says_so(self) -> None:
        tasks, dropped = parse_task_list(["BeefBurger"] * 500, RECIPES)
        assert len(tasks) == MAX_TASKS
        assert dropped == ((f"{500 - MAX_TASKS} further tasks", f"a list has at most {MAX_TASKS}"),)

    @pytest.mark.parametrize("said", [{}, {"tasks": None}, {"tasks": "BeefBurger"}, {"tasks": {"a": 1}}, {"tasks": 3}])
    def test_what_is_no_list_is_malformed(self, said: Any) -> None:
        assert isinstance(make_kind("tasks").read(said, RECIPES), Malformed)

    def test_everything_wrong_is_in_the_record_and_the_next_prompt_and_costs_no_tick(self) -> None:
        bad = [
            "Soup", {"when": "score() > 9999", "do": "prepare(bread)"}, {"when": "1 // score() > 0", "do": "wait(9)"},
            "serve(LettuceBurger)", *["LettuceBurger"] * 9, {"when": 3, "do": 4},
        ]  # fmt: skip
        played, reasoner, _ = cook("react_dpt@paper", lambda request: says(*bad), 4, 90)
        told = [" ".join(map(str, pair)) for thought in played.thoughts for pair in thought.get("dropped", [])]
        prompt = json.dumps([state["dropped"] for state in reasoner.states("tasks")])
        for why in ("no dish that is ordered", "did not hold when its turn came", "by zero", "'do' is text"):
            assert any(why in line for line in told), why
        assert "did not hold when its turn came" in prompt
        assert "9 x LettuceBurger: more often than it is ordered" in prompt
        assert "no dish that is ordered" in prompt
        alone = play(load_kitchen(MAP_1, 16), [make_agent("fsm_paper"), make_agent("stay")], seed=2)
        assert played.actions[0][:16] == alone.actions[0]
        assert len(reasoner.states("tasks")[-1]["dropped"]) <= KEPT_REASONS

    @pytest.mark.parametrize(
        "tasks", [["Soup"], [{"when": "score() > 9999", "do": "prepare(bread)"}] * 20, ["x"] * 500]
    )
    def test_lists_of_which_nothing_can_be_used_leave_the_state_machine_as_it_is(self, tasks: list[Any]) -> None:
        played = cook(
            "dpt_without_tom@paper", lambda r: says(*tasks) if r.purpose == "tasks" else nothing(r), ticks=200
        )[0]
        alone = play(load_kitchen(MAP_1, 200), [make_agent("fsm_paper"), make_agent("stay")], seed=2)
        assert played.actions == alone.actions

    @pytest.mark.parametrize(
        "answer", [Failure("timeout", "no answer", 60.0), "no JSON", "[]", '{"tasks": 3}', "", '{"rationale": "x"}']
    )
    def test_what_cannot_be_read_is_in_the_turns_and_the_last_list_stands(self, answer: str | Answer) -> None:
        given = iter([says("BeefBurger")])
        _, reasoner, agent = cook("react", lambda request: next(given, answer), 1, 60)
        assert agent.assigned.orders == ["BeefBurger"]
        turns = reasoner.states("tasks")[-1]["turns"]
        assert turns[-1]["thought"].startswith("(no list could be read: ")
        assert turns[-1]["tasks"] == []

    def test_plans_need_system_1(self) -> None:
        agent = make_agent("react")
        with pytest.raises(BrigadeError, match="a framework with plans needs System 1"):
            agent.adopt(None, 0)  # type: ignore[attr-defined]

    def test_lists_need_hands_that_carry_them_out(self) -> None:
        kind: Any = make_kind("tasks")
        with pytest.raises(BrigadeError, match="task lists need a fast side that carries them out"):
            kind.take_effect(make_agent("fsm"), TaskList(), 0)


class TestPrompts:
    @pytest.mark.parametrize("kitchen", ["new_counter_circuit", "cramped_room", "salad_bar"])
    def test_the_example_and_the_schema_are_of_this_kitchen(self, kitchen: str) -> None:
        reasoner = Scripted(nothing)
        loaded = load_kitchen(kitchen, 10)
        others = [make_agent("stay") for _ in range(loaded.chefs - 1)]
        play(loaded, [make_agent("react", reasoner=reasoner), *others], clock=VirtualClock(4, Constant(1)))
        request, recipes = reasoner.asked[0], recipes_of(loaded)
        text = request.messages[-1][1]
        example = json.loads(text.split("For example: ")[1].split("\n")[0])
        tasks, dropped = parse_task_list(example, recipes)
        assert (len(tasks), dropped) == (2, ())
        assert request.schema is not None
        dishes, pair = request.schema["properties"]["tasks"]["items"]["anyOf"]
        assert dishes["enum"] == list(loaded.order_dishes)
        macros = pair["properties"]["do"]["enum"]
        assert len(parse_task_list([{"do": macro} for macro in macros][:MAX_TASKS], recipes)[1]) == 0
        assert "$" not in text

    def test_hands_are_described_as_they_are(self) -> None:
        told = {}
        for name in ("react", "react_dpt", "react_dpt@paper"):
            _, reasoner, _ = cook(name, nothing, ticks=30)
            told[name] = reasoner.asked[0].messages[-1][1]
        assert "Without a task they stand still." in told["react"]
        assert "put out no fire by themselves" in told["react_dpt@paper"]
        assert "Fires, and what is about to burn, come first" in " ".join(told["react_dpt"].split())


class TestHouse:
    def answer(self, state: dict[str, Any], quality: float = 1.0, purpose: str = "tasks") -> dict[str, Any]:
        prompt = f"```json\n{json.dumps(state)}\n```"
        return dict(json.loads(house.answer((("user", prompt),), purpose, quality, random.Random(1))))

    state: dict[str, Any] = {
        "orders": [{"dish": "BeefBurger", "ticks_left": 90}, {"dish": "LettuceBurger", "ticks_left": 40}],
        "counts": {"cooked_beef": 0, "chopped_lettuce": 0},
        "foods_of": {"BeefBurger": ["cooked_beef", "bread"], "LettuceBurger": ["chopped_lettuce", "bread"]},
        "made_of": {"cooked_beef": "beef", "chopped_lettuce": "lettuce"},
        "at_work": [],
    }

    def test_it_assigns_the_most_urgent_order_first(self) -> None:
        assert self.answer(self.state)["tasks"] == ["LettuceBurger", "BeefBurger"]

    def test_a_fire_comes_first(self) -> None:
        burns = self.state | {"at_work": [{"holds": "beef on fire"}]}
        assert self.answer(burns)["tasks"][0] == {"when": None, "do": "put_out_fire()"}

    def test_it_fits_in_with_what_it_believes(self) -> None:
        lettuce = {"when": 'count("chopped_lettuce") < 1', "do": "prepare(chopped_lettuce)"}
        beef = {"when": 'count("cooked_beef") < 1', "do": "prepare(cooked_beef)"}
        serves = self.state | {"belief": "partner 2 puts dishes together and serves them."}
        assert self.answer(serves)["tasks"] == [lettuce, beef]
        makes = self.state | {"belief": "partner 2 makes cooked_beef, and will go on with it."}
        assert self.answer(makes)["tasks"] == [lettuce, "LettuceBurger", "BeefBurger"]

    def test_everything_it_says_can_be_read_right_or_wrong(self) -> None:
        for quality in (0.0, 1.0):
            for purpose in ("tasks", "review", "hindsight"):
                read = make_kind(purpose).read(self.answer(self.state, quality, purpose), RECIPES)
                assert not isinstance(read, Malformed)
                assert not getattr(read, "dropped", ())

    def test_worse_answers_are_worse(self) -> None:
        scores = {}
        for quality in (0.0, 1.0):
            runs = [
                play(
                    load_kitchen(MAP_1),
                    [make_agent("react", reasoner={"quality": quality}), make_agent("beef_specialist")],
                    seed, clock=VirtualClock(4, Constant(4)),
                )
                for seed in range(3)
            ]  # fmt: skip
            scores[quality] = sum(run.score for run in runs)
        assert scores[1.0] > scores[0.0] + 60


def test_every_framework_of_the_paper_can_be_had_as_published() -> None:
    for name in ("act", "react", "reflexion", "react_dpt", "reflexion_dpt", "dpt_without_tom", "dpt"):
        assert name in frameworks
        assert f"{name}@paper" in frameworks
        assert make_agent(f"{name}@paper") is not None
