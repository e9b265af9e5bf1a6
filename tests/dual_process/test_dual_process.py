"""Dual process: thoughts take effect when they should, System 1 never waits, and listening never makes it worse."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from brigade.agents.base import View, make_agent
from brigade.agents.planning.observed_state import read_state
from brigade.agents.planning.recipes import recipes_of
from brigade.dual_process.agent import DualProcessAgent, PickingAgent
from brigade.dual_process.facts import StateFacts, state_facts
from brigade.dual_process.frameworks import framework_of, frameworks
from brigade.dual_process.history import History
from brigade.dual_process.llm import house
from brigade.dual_process.llm.protocol import Answer, Failure, Piece, Reply, Request, Stream
from brigade.dual_process.plan.statements import Leave
from brigade.dual_process.prompts import introduction, load_prompt
from brigade.dual_process.system1 import System1
from brigade.dual_process.thinker import Thinker
from brigade.dual_process.thought_kinds.answers import read_text
from brigade.dual_process.thought_kinds.base import Malformed, make_kind
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.registry import BrigadeError
from brigade.simulation.clock import Constant, Measured, RealClock, Tokens, VirtualClock
from brigade.simulation.episode import play, play_async
from brigade.simulation.messages import MAX_LENGTH, Message, clean, may_speak
from brigade.simulation.outcome import Outcome
from brigade.simulation.played import Played
from brigade.simulation.thoughts import Thought

MAP_1 = "new_counter_circuit"


@dataclass
class Scripted:
    """A reasoner that answers by a function: what house does, or what a test wants."""

    say: Callable[[Request], Answer | str]
    latency_s: float = 1.0
    asked: int = 0

    async def ask(self, request: Request) -> Answer:
        self.asked += 1
        said = self.say(request)
        await asyncio.sleep(0)
        return Reply(said, 100, 40, self.latency_s, "scripted") if isinstance(said, str) else said

    def stream(self, request: Request) -> Stream:
        async def pieces() -> AsyncGenerator[Piece | Reply | Failure, None]:
            answer = await self.ask(request)
            if isinstance(answer, Reply):
                for at in range(0, len(answer.text), 8):
                    yield Piece(answer.text[at : at + 8], self.latency_s)
            yield answer

        return Stream(pieces())

    async def close(self) -> None:
        pass


def house_says(request: Request) -> str:
    import random

    return house.answer(request.messages, request.purpose, 1.0, random.Random(0), request.schema)


def thinker(name: str = "dpt", say: Callable[[Request], Answer | str] = house_says, **more: Any) -> Any:
    framework = framework_of(name)
    slow = Thinker(Scripted(say), framework, **more)
    if framework.fast_side is not None:
        return framework.fast_side(slow)
    return DualProcessAgent(slow) if framework.steers else PickingAgent(slow)


def cook(agent: Any, partner: str | None = "beef_specialist", seconds: float = 4.0, ticks: int = 200) -> Played:
    kitchen = load_kitchen(MAP_1 if partner else MAP_1 + "_solo", ticks)
    team = [agent, make_agent(partner)] if partner else [agent]
    return play(kitchen, team, seed=2, clock=VirtualClock(4, Constant(seconds)))


class TestClocks:
    @pytest.mark.parametrize(("seconds", "ticks"), [(0, 0), (0.1, 1), (0.25, 1), (0.26, 2), (4, 16), (15, 60)])
    def test_a_thought_takes_effect_after_its_seconds(self, seconds, ticks):
        played = cook(thinker("dpt_without_tom"), seconds=seconds)
        effects = [t for t in played.thoughts if t["effect"] is not None and t["kind"] != "check"]
        assert effects
        assert {t["effect"] - t["asked"] for t in effects} == {ticks}

    def test_latency_can_come_from_tokens_or_be_measured(self):
        outcome = Outcome(latency_s=3.0, completion_tokens=100)
        assert Tokens(0.5, 50).seconds(outcome) == 2.5
        assert Measured().seconds(outcome) == 3.0
        assert (Constant(2).known(), Tokens(1, 1).known(), Measured().known()) == (2, None, None)

    def test_the_same_episode_twice_is_the_same(self):
        for latency in (Constant(4), Tokens(0.5, 50), Measured()):
            runs = [
                play(
                    load_kitchen(MAP_1, 150),
                    [thinker(), make_agent("assembler")],
                    seed=4,
                    clock=VirtualClock(4, latency),
                )
                for _ in range(2)
            ]
            assert runs[0].actions == runs[1].actions
            assert runs[0].thoughts == runs[1].thoughts
            assert runs[0].checks == runs[1].checks

    def test_the_real_clock_ticks_whatever_is_thought(self):
        async def never(request: Request) -> Answer:
            await asyncio.Event().wait()
            raise AssertionError

        agent = thinker()
        agent.thinker.reasoner.ask = never
        clock = RealClock(200)
        kitchen = load_kitchen(MAP_1, 60)
        played = play(kitchen, [agent, make_agent("stay")], clock=clock)
        assert played.ticks == 60
        assert len(clock.lateness_s) == 60
        assert {t["outcome"] for t in played.thoughts} == {"the episode ended before it"}
        fsm = play(kitchen, [make_agent("fsm"), make_agent("stay")])
        assert played.actions == fsm.actions

    def test_clocks_refuse_what_is_no_pace(self):
        with pytest.raises(BrigadeError, match="ticks a second"):
            VirtualClock(0)
        with pytest.raises(BrigadeError, match="ticks a second"):
            RealClock(5000)

    def test_stopping_ends_cleanly_with_what_was_played(self):
        async def go() -> Played:
            kitchen = load_kitchen(MAP_1, 400)
            team = [thinker(), make_agent("stay")]
            task = asyncio.create_task(play_async(kitchen, team, clock=RealClock(100)))
            await asyncio.sleep(0.15)
            task.cancel()
            return await task

        played = asyncio.run(go())
        assert played.interrupted
        assert not played.finished
        assert 0 < played.ticks < 400
        assert len(played.actions[0]) == played.ticks


class TestSystem1:
    @pytest.mark.parametrize(
        "say",
        [
            lambda request: Failure("timeout", "no answer", 60.0),
            lambda request: "not JSON at all",
            lambda request: "[]",
            lambda request: "{}",
            lambda request: '{"rationale": 3, "tasks": [{"do": "__import__(\'os\')"}], "message": 7}',
            lambda request: json.dumps({"tasks": "x" * 10_000, "guidelines": None, "belief": ["a"]}),
            lambda request: 1 / 0,  # type: ignore[arg-type,return-value]
        ],
    )
    def test_whatever_system_2_does_system_1_acts_as_if_alone(self, say):
        played = cook(thinker("dpt", say))
        alone = cook(make_agent("fsm"))
        assert played.actions == alone.actions
        assert len(played.actions[0]) == 200
        said = [t for t in played.thoughts if t["kind"] != "check"]
        assert all(t["outcome"] != "ok" or not t.get("value") for t in said)

    def test_lies_are_believed_only_as_far_as_they_show(self):
        """A plan that leaves everything to a partner who does nothing must not stop the cooking."""
        lie = json.dumps(
            {
                "rationale": "rest",
                "tasks": [{"leave": "serve"}, {"leave": "assemble"}, {"leave": "prepare(cooked_beef)"}],
                "message": None,
            }
        )
        told = cook(thinker("dpt_without_tom", lambda request: lie), "stay", ticks=500)
        alone = cook(make_agent("fsm"), "stay", ticks=500)
        assert told.actions == alone.actions
        assert alone.score > 0

    def test_what_is_left_to_the_partner_is_left_while_it_is_seen_doing_it(self):
        agent = System1()
        kitchen = load_kitchen(MAP_1)
        agent.reset(View(kitchen, 0))
        game = Game(kitchen)
        game.reset(0)
        observed = read_state(kitchen, game.describe())
        leave = Leave(verb="prepare", item="cooked_beef")
        assert not agent._partner_does(leave, observed)
        partner = make_agent("beef_specialist")
        partner.reset(View(kitchen, 1))
        for _ in range(30):
            described = game.describe()
            agent.history.see(read_state(kitchen, described), described["score"])
            game.step([[0, partner.act(described)]])
        assert agent._partner_does(leave, read_state(kitchen, game.describe()))
        assert not agent._partner_does(Leave(verb="serve"), read_state(kitchen, game.describe()))


class TestAnswers:
    recipes = recipes_of(load_kitchen(MAP_1))

    def test_answers_are_checked(self):
        assert isinstance(make_kind("plan").read({"plan": "serve"}, self.recipes), Malformed)
        assert isinstance(read_text({"belief": ""}, "belief"), Malformed)
        assert isinstance(make_kind("pick").read({"action": "run()"}, self.recipes), Malformed)
        words = read_text({"belief": "word " * 300 + "\x00\x1b[31m"}, "belief")
        assert isinstance(words, str)
        assert len(words.split()) == 100


class TestHistory:
    def test_deeds_are_read_off_hands(self):
        kitchen = load_kitchen(MAP_1, 300)
        history = History(kitchen, 0)
        team = [make_agent("fsm"), make_agent("beef_specialist")]

        def watch(game: Game, observation: dict[str, Any], actions: Any) -> None:
            history.see(read_state(kitchen, observation), observation["score"])

        history.begin("waiting", read_state(kitchen, Game_at_start(kitchen)), 0)
        played = play(kitchen, team, seed=1, watch=watch)
        assert history.partners.tally(1, 0)["took beef"] >= 2
        assert history.partners.tally(1, 0)["served"] == 0
        assert history.partners.tally(0, 0)["served"] == played.stats["served"] + played.stats["wrong"]
        passage = history.last(1)[0]
        assert passage["you_began"] == "waiting"
        assert len(passage["delivered"]) == played.stats["served"]
        assert len(passage.get("missed", [])) == played.stats["missed"]


def Game_at_start(kitchen: Any) -> dict[str, Any]:
    game = Game(kitchen)
    game.reset(0)
    return game.describe()


class TestMessages:
    def test_messages_are_one_short_clean_line(self):
        assert clean("We need\n lettuce\x07\x1b[2J") == "We need lettuce␇␛[2J"
        assert len(clean("a" * 100_000)) == MAX_LENGTH
        assert clean(None) == clean(7) == clean(" \u2003\n") == ""
        assert clean("\u202e\u200b") == "\\u202e\\u200b"

    def test_the_four_modes(self):
        told = {
            (m, human): may_speak(m, human) for m in ("both", "human", "agent", "nobody") for human in (True, False)
        }
        assert [key for key, allowed in told.items() if allowed] == [
            ("both", True), ("both", False), ("human", True), ("agent", False),
        ]  # fmt: skip

    @pytest.mark.parametrize(("mode", "some"), [("both", True), ("agent", True), ("human", False), ("nobody", False)])
    def test_partners_hear_each_other_when_the_mode_allows(self, mode, some):
        plan = json.dumps({"rationale": "", "tasks": [], "message": "I serve"})
        team = [thinker("dpt_without_tom", lambda request: plan) for _ in range(2)]
        kitchen = load_kitchen(MAP_1, 60)
        played = play(kitchen, team, clock=VirtualClock(4, Constant(1)), mode=mode)
        assert bool(played.messages) == some
        heard = [p for agent in team for p in agent.history.passages if any("partner" in line for line in p.said)]
        assert bool(heard) == some

    def test_a_message_makes_it_think_at_once(self):
        agent = thinker("dpt_without_tom")
        kitchen = load_kitchen(MAP_1, 12)

        class Caller:
            human = True

            def reset(self, view: View) -> None:
                pass

            def act(self, observation: dict[str, Any]) -> int:
                self.tick = observation["tick"]
                return 0

            def speak(self) -> list[str]:
                return ["We need lettuce"] if self.tick == 5 else []

            def hear(self, message: Message) -> None:
                pass

        played = play(kitchen, [agent, Caller()], clock=VirtualClock(4, Constant(0)))
        assert [t["asked"] for t in played.thoughts if t["kind"] == "plan"] == [0, 6]


class TestPrompts:
    @pytest.mark.parametrize("kitchen", list_kitchens())
    def test_the_introduction_is_made_from_the_cookbook(self, kitchen):
        recipes = recipes_of(load_kitchen(kitchen))
        text = introduction(recipes, 0, 4)
        for dish in recipes.kitchen.order_dishes:
            assert dish in text
            assert all(food in text for food in recipes.foods_of(dish))
        assert "$" not in text

    @pytest.mark.parametrize("name", ["introduction", "plan", "reflection", "belief", "pick", "lesson", "outline"])
    def test_templates_have_a_version(self, name):
        later = {"plan": 4, "introduction": 2, "belief": 2}
        assert load_prompt(name).name == f"{name}-{later.get(name, 1)}"

    def test_the_kitchen_is_drawn_so_that_its_cells_have_names(self):
        kitchen = load_kitchen(MAP_1)
        lines = introduction(recipes_of(kitchen), 0, 4).splitlines()
        at = lines.index("   A B C D E F G H")
        drawn = [line.split()[1:] for line in lines[at + 1 : at + 1 + kitchen.height]]
        assert drawn[3] == ["B", "_", ".", ".", ".", ".", "_", "S"]
        assert kitchen.cell_name(kitchen.number(7, 3)) == "H4"
        assert kitchen.tile_names[kitchen.cells_by_name["H4"]] == "hatch"

    def test_unknown_prompts_and_fields(self):
        with pytest.raises(BrigadeError, match="did you mean 'outline'"):
            load_prompt("outlin")
        with pytest.raises(BrigadeError, match="cannot be filled"):
            load_prompt("belief").fill()

    def test_history_is_trimmed_to_the_budget_and_the_record_says_so(self):
        played = cook(thinker("dpt", budget_tokens=900), ticks=300)
        trimmed = [t["trimmed_scenes"] for t in played.thoughts if "trimmed_scenes" in t]
        assert trimmed
        assert max(trimmed) >= 5

    def test_a_window_that_is_too_small_is_asked_for_less(self):
        agent = thinker("dpt_without_tom", lambda request: Failure("too_long", "context length exceeded", 1.0))
        cook(agent, seconds=1, ticks=200)
        assert agent.thinker.budget_tokens == 800


class TestFrameworks:
    @pytest.mark.parametrize("name", frameworks.names)
    def test_every_framework_cooks_with_house(self, name):
        played = cook(thinker(name), seconds=0.5, ticks=400)
        assert played.score > 0
        assert {t["kind"] for t in played.thoughts} - {"check"} <= set(framework_of(name).thoughts)
        assert not [t for t in played.thoughts if t["outcome"] in ("malformed", "crashed")]

    def test_those_that_wait_stand_still_and_those_that_steer_do_not(self):
        waiting, steering = cook(thinker("react_stepwise"), seconds=10), cook(thinker("dpt"), seconds=10)
        assert waiting.actions[0][:40] == "0" * 40
        assert "0" * 10 not in steering.actions[0]

    def test_lessons_are_kept_across_episodes_if_asked(self, tmp_path):
        kept = tmp_path / "lessons.json"
        lesson = json.dumps({"lesson": "Cook the beef first."})
        read: list[str] = []

        def say(request: Request) -> str:
            read.append(request.messages[-1][1])
            return lesson if request.purpose == "lesson" else house_says(request)

        cook(thinker("reflexion_stepwise", say, files={"lesson": kept}), ticks=150)
        assert json.loads(kept.read_text())[-1] == "Cook the beef first."
        read.clear()
        cook(thinker("reflexion_stepwise", say, files={"lesson": kept}), ticks=20)
        assert "Cook the beef first." in read[0]
        read.clear()
        cook(thinker("reflexion_stepwise", say), ticks=20)
        assert "Cook the beef first." not in read[0]
        kept.write_text("{}")
        with pytest.raises(BrigadeError, match="expected a list of texts"):
            cook(thinker("reflexion_stepwise", say, files={"lesson": kept}), ticks=20)

    def test_a_quick_pick_reads_the_outline_while_it_is_written(self):
        read: list[str] = []

        def say(request: Request) -> str:
            if request.purpose == "pick":
                read.append(str(house.read_state(request.messages).get("outline", "")))
            return "An outline in some words, slowly written." if request.purpose == "outline" else house_says(request)

        cook(thinker("agile", say), seconds=20, ticks=200)
        lengths = {len(outline) for outline in read}
        assert 0 in lengths
        assert max(lengths) > 30
        assert len(lengths) > 3, "parts of the outline are read as well"

    def test_parts_can_be_left_out_and_intervals_set(self):
        framework = framework_of("dpt", ("belief",), {"plan": 7})
        assert set(framework.thoughts) == {"plan", "reflection"}
        assert framework.thoughts["plan"].every_ticks == 7
        with pytest.raises(BrigadeError, match="did you mean 'belief'"):
            framework_of("dpt", ("beliefs",))
        with pytest.raises(BrigadeError, match="did you mean 'dpt'"):
            framework_of("dtp")

    def test_a_thought_of_each_kind_is_in_flight_at_most_once(self):
        played = cook(thinker("dpt"), seconds=30, ticks=300)
        for kind in ("plan", "reflection", "belief"):
            spans = [(t["asked"], t["effect"] or 10**6) for t in played.thoughts if t["kind"] == kind]
            assert all(a[1] <= b[0] for a, b in pairwise(spans))


class TestHouse:
    def ask(self, purpose: str, state: dict[str, Any], quality: float = 1.0) -> dict[str, Any]:
        import random

        prompt = f"before\n```json\n{json.dumps(state)}\n```\nafter"
        schema = make_kind("plan").schema(recipes_of(load_kitchen(MAP_1)))
        return json.loads(house.answer((("user", prompt),), purpose, quality, random.Random(1), schema))

    def test_beliefs_follow_what_was_seen(self):
        made_of = {"cooked_beef": "beef", "chopped_lettuce": "lettuce"}
        for seen, said in [
            ({"took beef": 3}, "makes cooked_beef,"),
            ({"took lettuce": 1}, "makes chopped_lettuce,"),
            ({"served": 2, "took plate": 2}, "puts dishes together"),
            ({"took beef": 1, "served": 1}, "a bit of everything"),
            ({}, "has done nothing"),
        ]:
            answer = self.ask("belief", {"made_of": made_of, "seen": {"partner 2": seen}})
            assert said in answer["belief"]

    def test_plans_leave_to_the_partner_what_it_is_believed_to_do(self):
        answer = self.ask("plan", {"belief": "partner 2 makes cooked_beef, and will go on with it."})
        assert answer["plan"][0] == {"leave": "prepare(cooked_beef)", "when": None}
        quiet = self.ask("plan", {"belief": "", "orders": [{"number": 1, "dish": "BeefBurger", "ticks_left": 90}]})
        assert quiet["plan"] == []

    def test_quality_is_how_often_it_is_right(self):
        state = {"belief": "", "made_of": {"cooked_beef": "beef"}}
        assert len(self.ask("plan", state, quality=0.0)["plan"]) == 3

    def test_facts_for_guards(self):
        kitchen = load_kitchen(MAP_1)
        observed = read_state(kitchen, Game_at_start(kitchen))
        facts = StateFacts(observed, recipes_of(kitchen), 0)
        assert facts.count("extinguisher", None) == 1
        assert facts.orders(None) == 1
        assert facts.orders(observed.orders[0].dish) == 1
        assert facts.order_ticks_left(observed.orders[0].dish) == observed.orders[0].left
        assert not facts.partner_holds(None)
        assert facts.ticks_left() == 500
        assert facts.free_counters() > 10
        assert json.dumps(state_facts(observed, recipes_of(kitchen), 0))


def test_thoughts_are_given_back_to_their_own_seat():
    seats: list[tuple[int, int]] = []

    class Noting(DualProcessAgent):
        def receive(self, thought: Thought) -> None:
            seats.append((self.view.seat, thought.seat))
            super().receive(thought)

    team = [Noting(Thinker(Scripted(house_says), framework_of("dpt"))) for _ in range(2)]
    play(load_kitchen(MAP_1, 80), team, clock=VirtualClock(4, Constant(1)))
    assert seats
    assert all(mine == given for mine, given in seats)
