"""Imagination: what it may know, what it costs, which plans it lets through, and what it says when it cannot tell."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brigade.agents.base import Agent, Observation, View, make_agent
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import read_state
from brigade.agents.planning.recipes import recipes_of
from brigade.dual_process.agent import DualProcessAgent
from brigade.dual_process.build import make_thinking_agent
from brigade.dual_process.futures.futures import Futures, observed
from brigade.dual_process.futures.packing import packed, unpacked
from brigade.dual_process.imagination.checking import CHECK
from brigade.dual_process.imagination.imagination import Imagination
from brigade.dual_process.imagination.imaginer import Beside, Here, make_imaginer
from brigade.dual_process.imagination.look import Comparison, compared
from brigade.dual_process.imagination.lookahead import Giving, Lookahead, Steered
from brigade.dual_process.imagination.settings import Imagining
from brigade.dual_process.partner_model import PartnerModel, partner_models
from brigade.dual_process.plan.statements import Do, Plan, Statement, Wait
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.registry import BrigadeError
from brigade.simulation.clock import Constant, RealClock, VirtualClock
from brigade.simulation.episode import play
from brigade.simulation.played import Played

MAP_1 = "new_counter_circuit"
MENU = ["BeefLettuceBurger", "LettuceBurger", "BeefBurger"]
SHORT = 160


class Says:
    """A reasoner that always answers one plan."""

    def __init__(self, *entries: Any):
        self.said = json.dumps({"rationale": "", "plan": list(entries), "message": None})

    async def ask(self, request: Any) -> Any:
        from brigade.dual_process.llm.protocol import Reply

        return Reply(self.said, 1, 1, 0.0, "says")

    async def close(self) -> None:
        pass


def with_plan(*entries: Any, **options: Any) -> DualProcessAgent:
    agent = make_thinking_agent("dpt_without_tom", reasoner=Says(*entries), without=["reflection"], **options)
    assert isinstance(agent, DualProcessAgent)
    return agent


def cook(agent: Agent, partner: Agent | str = "fsm", seed: int = 1, ticks: int = SHORT, **more: Any) -> Played:
    partner = make_agent(partner) if isinstance(partner, str) else partner
    played = play(load_kitchen(MAP_1, ticks), [agent, partner], seed=seed, **more)
    assert not played.crashed
    return played


def checks(played: Played) -> list[dict[str, Any]]:
    return [thought for thought in played.thoughts if thought["kind"] == CHECK]


class Secretive:
    """Acts as another agent does, and has all sorts of things in its head."""

    def __init__(self, name: str, secret: int):
        self.agent, self.secret = make_agent(name), [secret] * 100

    def reset(self, view: View) -> None:
        self.agent.reset(view)
        self.random = np.random.default_rng(self.secret[0])

    def act(self, observation: Observation) -> int:
        self.secret.append(int(self.random.integers(1000)))
        return self.agent.act(observation)


class TestBlindness:
    @pytest.mark.parametrize(
        ("name", "seed"),
        [(name, seed) for name in ("lookahead", "dpt") for seed in (1, 2)]
        + [pytest.param(n, s, marks=pytest.mark.study) for n in ("lookahead", "dpt") for s in range(10, 40)],
    )
    def test_what_it_may_not_know_changes_nothing(self, name: str, seed: int) -> None:
        """The orders to come, random state and the partner's variables: until they are seen, every byte is the same."""
        told = []
        for secret in (0, 1):
            draw = np.random.default_rng([seed, secret])
            script = [*MENU, *(MENU[int(n)] for n in draw.integers(0, len(MENU), 30))]
            agent = make_agent(name)
            secretive = Secretive("assembler", secret)
            seen: list[str] = []

            def watch(game: Game, observation: Any, actions: Any, seen: list[str] = seen, secret: int = secret) -> None:
                seen.append(json.dumps(observation, default=list))
                game.state.random[:] = 12345 + secret

            played = cook(agent, secretive, seed, 260, script=script, watch=watch)
            told.append((seen, played.actions[0], played.thoughts))
        (seen, acted, thoughts), (other, acted_too, thoughts_too) = told
        same = next((t for t, pair in enumerate(zip(seen, other, strict=True)) if pair[0] != pair[1]), len(seen))
        assert 40 < same < 260, "the scripts must come apart while the game goes on"
        assert acted[:same] == acted_too[:same]
        known = [[t for t in each if (t["effect"] or 999) < same] for each in (thoughts, thoughts_too)]
        assert known[0]
        assert json.dumps(known[0]) == json.dumps(known[1])

    def test_a_future_draws_its_orders_afresh(self) -> None:
        kitchen = load_kitchen(MAP_1)
        game = Game(kitchen)
        game.reset([3])
        observation = game.describe()
        futures = Futures(kitchen, observation)
        orders = []
        for number in range(4):
            team = [make_agent("stay") for _ in range(2)]
            future = futures.begin(number, team)
            list(future.ticks(200))
            orders.append([order["dish"] for order in future.describe()["orders"]])
        assert len({tuple(dishes) for dishes in orders}) > 1
        assert game.describe() == observation

    def test_ways_are_compared_in_the_same_futures(self) -> None:
        kitchen = load_kitchen(MAP_1)
        game = Game(kitchen)
        game.reset([3])
        futures = Futures(kitchen, game.describe())
        ends = []
        for _ in range(2):
            team = [make_agent("fsm") for _ in range(2)]
            for seat, agent in enumerate(team):
                agent.reset(View(kitchen, seat))
            future = futures.begin(1, team)
            list(future.ticks(60))
            list(future.ticks(60))
            ends.append(future.describe())
        assert ends[0] == ends[1]

    def test_copies_leave_the_chef_as_it_is(self) -> None:
        agent = Lookahead()
        kitchen = load_kitchen(MAP_1, SHORT)
        alone, watched = (play(kitchen, [each, make_agent("fsm")], seed=4) for each in (Steered(), agent))
        settings = Imagining(margin=1e6)
        never = play(kitchen, [Lookahead(settings), make_agent("fsm")], seed=4)
        assert never.actions == alone.actions
        assert watched.finished


class TestComparing:
    def test_mean_error_and_worst(self) -> None:
        gain, error, worst = compared(np.array([[10.0, 20.0], [-4.0, 0.0]]), [0.75, 0.25])
        assert gain == pytest.approx(0.75 * 15 + 0.25 * -2)
        assert worst == -2
        assert error > 0

    def test_standing_still_is_worse_than_going_on(self) -> None:
        kitchen = load_kitchen(MAP_1)
        observation, hands, team = _before_cooking(kitchen)
        look = Comparison(kitchen, 0, hands, [(1.0, team)], observation, Imagining(), False).of(
            [Giving(Macro("wait", ticks=100))]
        )
        assert look.chosen is None
        assert look.tried[0].gain < 0
        assert look.ticks > 0

    def test_a_budget_ends_a_look(self) -> None:
        kitchen = load_kitchen(MAP_1)
        observation, hands, team = _before_cooking(kitchen)
        settings = Imagining(budget=150)
        look = Comparison(kitchen, 0, hands, [(1.0, team)], observation, settings).of(
            [Giving(Macro("wait", ticks=100))]
        )
        assert (look.chosen, look.why) == (None, "over budget")
        assert look.ticks <= settings.budget

    def test_worse_under_another_idea_of_the_partner_is_refused(self) -> None:
        kitchen = load_kitchen(MAP_1)
        observation, hands, team = _before_cooking(kitchen)
        comparison = Comparison(kitchen, 0, hands, [(0.9, team), (0.1, team)], observation, Imagining(harm=5))
        assert comparison._against(20, 1, -6) == "worse under another idea of the partner"
        assert comparison._against(20, 1, -4) == ""
        assert comparison._against(4, 1, 4) == "not better"
        assert comparison._against(20, 30, 0) == "no better than chance"


def _before_cooking(kitchen: Any) -> tuple[Observation, Steered, dict[int, Agent]]:
    game = Game(kitchen)
    game.reset([5])
    hands, partner = Steered(), make_agent("fsm")
    for seat, agent in enumerate((hands, partner)):
        agent.reset(View(kitchen, seat))
    return game.describe(), hands, {1: partner}


class TestPartnerModels:
    @pytest.mark.parametrize("name", ["beef_specialist", "lettuce_specialist", "assembler", "fsm"])
    def test_types_recognise_a_partner_of_the_library(self, name: str) -> None:
        imagination = watched(name, ["types"])
        believed = imagination.believed()[1]["types"]
        assert max(believed, key=lambda other: believed[other]) == name
        assert imagination.trusted

    def test_somebody_unlike_anyone_in_the_library_is_not_trusted(self) -> None:
        assert not watched("random", ["types"]).trusted
        without = {"name": "types", "options": {"without": ["assembler"], "roles": False}}
        assert not watched("assembler", [without]).trusted

    def test_what_a_partner_was_seen_doing_is_a_program_too(self) -> None:
        without = {"name": "types", "options": {"without": ["lettuce_specialist"]}}
        imagination = watched("lettuce_specialist", [without])
        believed = imagination.believed()[1]["types"]
        assert max(believed, key=lambda other: believed[other]) == "as seen"

    def test_every_model_names_probabilities_and_programs(self) -> None:
        for name in ("types", "counting", "base_rate", "repeating", "stated", "uniform"):
            imagination = watched("beef_specialist", [name])
            (model,) = imagination.minds[1]
            assert sum(model.turns().values()) == pytest.approx(1)
            programs = model.programs(1)
            assert not programs or sum(weight for weight, _ in programs) == pytest.approx(1)

    def test_a_right_idea_is_scored_above_the_baselines(self) -> None:
        scored = watched("beef_specialist", ["types"], 400).record()["scored"]
        assert len(scored) > 8
        logs = {
            model: np.mean([np.log(max(1e-3, scores[model][0])) for *_, scores in scored])
            for model in ("types", "counting", "base_rate", "uniform")
        }
        assert logs["types"] > max(logs["counting"], logs["base_rate"], logs["uniform"])

    def test_several_models_are_weighed_by_what_they_foresaw(self) -> None:
        imagination = watched("beef_specialist", ["uniform", "counting"], 400)
        uniform, counting = imagination.minds[1]
        assert counting.log > uniform.log

    def test_one_that_raises_is_left_out_and_it_is_said(self) -> None:
        @partner_models.register("raising_here", "raises")
        class Raising(PartnerModel):
            def see(self, sight: Any) -> None:
                raise RuntimeError("no idea")

        Raising.__module__ = "__main__"  # as in a notebook: it is asked in this process
        imagining = {"models": ["raising_here", "types"]}
        played = cook(with_plan({"wait": 30}, imagining=imagining), ticks=80)
        problems = [text for check in checks(played) for text in check.get("problems", [])]
        assert problems
        assert "raising_here" in problems[0]
        assert "no idea" in problems[0]

    @pytest.mark.parametrize("method", ["programs", "turns", "believed", "begin", "act", "numbers"])
    def test_whatever_one_fails_at_it_is_left_out_and_the_episode_goes_on(self, method: str) -> None:
        class Acting:
            def act(self, observation: Any) -> Any:
                raise RuntimeError("no idea")

        class Failing(PartnerModel):
            trust = 0

            def programs(self, draw: int) -> Any:
                return [(1.0, Acting())] if method == "act" else fail() if method == "programs" else []

            def turns(self) -> Any:
                return {"assemble()": float("nan")} if method == "numbers" else fail() if method == "turns" else {}

            def believed(self) -> Any:
                return fail() if method == "believed" else {}

            def begin(self, kitchen: Any, seat: int) -> None:
                fail() if method == "begin" else super().begin(kitchen, seat)

        def fail() -> Any:
            raise BrigadeError("no idea") if method == "programs" else RuntimeError("no idea")

        Failing.__module__ = "__main__"
        partner_models.register("failing_here", "fails")(Failing)
        try:
            for models in (["failing_here"], ["types", "failing_here"]):
                played = cook(with_plan({"wait": 30}, imagining={"models": models}), ticks=130)
                told = checks(played)
                problems = [text for check in told for text in check.get("problems", [])]
                assert any(text.startswith("left out: ") for text in problems), told
                assert all(check["outcome"] == "ok" for check in told)
        finally:
            partner_models.forget(__name__)

    def test_an_unknown_one_is_an_error_with_the_nearest_name(self) -> None:
        with pytest.raises(BrigadeError, match="did you mean 'counting'"):
            with_plan({"wait": 3}, imagining={"models": ["countin"]})
        with pytest.raises(BrigadeError, match="did you mean 'fsm'"):
            make_agent("lookahead", imagining={"models": [{"name": "types", "options": {"library": ["fms"]}}]})
        with pytest.raises(BrigadeError, match="a name, or name and options"):
            make_agent("lookahead", imagining={"models": [{"options": {}}]})


def watched(name: str, models: Sequence[Any], ticks: int = 260) -> Imagination:
    """Someone's imagination after it has seen a game with a partner."""
    kitchen = load_kitchen(MAP_1, ticks)
    imagination = Imagination(View(kitchen, 0), Imagining(models=list(models)))
    play(
        kitchen, [make_agent("fsm"), make_agent(name)], seed=7, watch=lambda game, seen, actions: imagination.see(seen)
    )
    return imagination


class TestCheck:
    def test_it_is_the_default(self) -> None:
        agent = make_agent("dpt")
        assert isinstance(agent, DualProcessAgent)
        assert agent.authority == "check"

    def test_a_plan_that_costs_is_refused_and_costs_nothing(self) -> None:
        alone = cook(make_agent("fsm"), ticks=300)
        obeyed = cook(with_plan({"wait": 100}, authority="obey"), ticks=300)
        checked = cook(with_plan({"wait": 100}), ticks=300)
        assert obeyed.score < alone.score
        assert checked.score >= alone.score
        said = [check["value"] for check in checks(checked)]
        assert said
        assert all(text.startswith("refused") for text in said)

    def test_what_became_of_it_is_told_to_the_mind(self) -> None:
        agent = with_plan({"wait": 100})
        cook(agent, ticks=120)
        assert any("the whole plan: refused" in line for line in agent.asked()["became"])

    def test_a_plan_that_helps_is_adopted(self) -> None:
        """Lettuce is made by the partner and what is ready lies there: whoever leaves it alone and waits loses."""
        agent = with_plan({"leave": "prepare(chopped_lettuce)", "when": None}, imagining={"margin": 0, "futures": 4})
        played = cook(agent, "lettuce_specialist", seed=3, ticks=500)
        assert any(check["value"].startswith(("adopted", "refused")) for check in checks(played))
        for check in checks(played):
            if check["value"].startswith("adopted"):
                assert check["tried"][0][1] > 0

    def test_a_budget_of_zero_leaves_system_1_alone_and_says_so(self) -> None:
        alone = cook(make_agent("fsm"))
        checked = cook(with_plan({"wait": 100}, imagining={"budget": 0}))
        assert checked.actions == alone.actions
        assert {check["value"] for check in checks(checked)} == {"refused: no budget: nothing is imagined"}

    def test_a_kitchen_with_one_chef(self) -> None:
        kitchen = load_kitchen("new_counter_circuit_solo", 200)
        alone = play(kitchen, [make_agent("fsm")], seed=1)
        played = play(kitchen, [with_plan({"wait": 100})], seed=1)
        assert not played.crashed
        assert played.score >= alone.score
        assert checks(played)
        assert play(kitchen, [make_agent("lookahead")], seed=1).finished

    def test_a_statement_that_nobody_can_imagine_is_taken_as_advice(self) -> None:
        class Sing(Statement):
            def _what(self) -> str:
                return "sing"

        agent = with_plan()
        kitchen = load_kitchen(MAP_1, 60)
        told: list[dict[str, Any]] = []

        def watch(game: Game, observation: Any, actions: Any) -> None:
            if observation["tick"] == 5:
                agent.adopt(Plan(statements=(Sing(), Wait(ticks=50))), 5)

        played = play(kitchen, [agent, make_agent("fsm")], seed=1, watch=watch)
        assert not played.crashed
        told = checks(played)
        assert any(check["value"].startswith("taken as advice: nobody can imagine 'sing'") for check in told)
        assert agent.as_advice
        assert not agent.obeys

    def test_the_same_twice_byte_for_byte(self) -> None:
        twice = [
            cook(make_agent("dpt", seed=5), "assembler", 5, 200, clock=VirtualClock(4, Constant(2))) for _ in range(2)
        ]
        assert twice[0].actions == twice[1].actions
        assert json.dumps(twice[0].thoughts) == json.dumps(twice[1].thoughts)

    def test_a_thought_of_imagining_takes_its_ticks_whatever_others_take(self) -> None:
        for ticks in (1, 7):
            agent = with_plan({"wait": 50}, imagining={"ticks": ticks})
            played = cook(agent, ticks=100, clock=VirtualClock(4, Constant(3)))
            taken = {check["effect"] - check["asked"] for check in checks(played) if check["effect"]}
            assert taken == {ticks}

    @pytest.mark.parametrize(
        ("imagining", "said"),
        [({"ahead": 1}, "imagining.ahead"), ({"future": 3}, "imagining.future"), ({"budget": -1}, "imagining.budget")],
    )
    def test_settings_that_cannot_be(self, imagining: dict[str, Any], said: str) -> None:
        with pytest.raises(BrigadeError, match=said):
            with_plan(imagining=imagining)
        with pytest.raises(BrigadeError, match=said):
            make_agent("lookahead", imagining=imagining)

    def test_only_check_imagines(self) -> None:
        with pytest.raises(BrigadeError, match="'check' only"):
            with_plan(authority="obey", imagining={"futures": 2})
        with pytest.raises(BrigadeError, match="imagines nothing"):
            make_agent("react", imagining={"futures": 2})


CERTAIN = {"name": "types", "options": {"library": ["fsm"], "roles": False, "trust": 0}}
PATIENTLY = {"models": [CERTAIN], "seconds": 60, "futures": 1}  # so that a slow machine has an answer too


def started(clock: RealClock) -> RealClock:
    """The clock, once the process that imagines is there."""
    beside = make_imaginer(View(load_kitchen(MAP_1), 0), Imagining(), True)
    assert isinstance(beside, Beside)
    beside._begun.result(timeout=120)
    beside.close()
    return clock


class TestBeside:
    """In wall time it is done in another process."""

    def test_hands_travel_and_think_the_same_there(self) -> None:
        kitchen = load_kitchen(MAP_1)
        observation, hands, team = _before_cooking(kitchen)
        partner = team[1]
        ways = [Giving(macro) for macro in hands.candidates(read_state(kitchen, observation))]
        looks = []
        for mine, theirs in ((hands, partner), unpacked(packed((hands, partner)), kitchen)):
            looks.append(Comparison(kitchen, 0, mine, [(1.0, {1: theirs})], observation, Imagining(), True).of(ways))
        assert looks[0] == looks[1]
        assert len(packed(hands)) < 50_000
        assert unpacked(packed(recipes_of(kitchen)), kitchen) is recipes_of(kitchen)

    def test_a_game_in_wall_time(self) -> None:
        played = cook(make_agent("lookahead", imagining=PATIENTLY), ticks=200, clock=started(RealClock(20)))
        looks = [thought for thought in played.thoughts if thought["kind"] == "look"]
        assert any(look.get("imagined_ticks", 0) > 0 for look in looks), looks
        assert any(look["scored"] for look in looks if "scored" in look)

    def test_a_plan_is_checked_in_wall_time(self) -> None:
        agent = with_plan({"wait": 100}, intervals={"plan": 20}, imagining=PATIENTLY)
        played = cook(agent, ticks=100, clock=started(RealClock(20)))
        assert any(check.get("imagined_ticks", 0) > 0 for check in checks(played)), checks(played)

    @pytest.mark.parametrize(("wall_time", "method"), [(True, "programs"), (False, "programs"), (False, "see")])
    def test_a_model_that_loops_ends_with_its_process(
        self, tmp_path: Any, wall_time: bool, method: str, monkeypatch: Any
    ) -> None:
        (tmp_path / "looping_model.py").write_text(
            "from brigade.dual_process.partner_model import PartnerModel, partner_models\n"
            "@partner_models.register('looping_there', 'never comes back')\n"
            "class Looping(PartnerModel):\n"
            "    trust = 0\n"
            f"    def {method}(self, what):\n"
            "        while True:\n"
            "            pass\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr("brigade.dual_process.imagination.imaginer.PATIENT", 3.0)
        __import__("looping_model")
        try:
            imagining = {"models": ["looping_there"], "seconds": 3.0}
            clock = RealClock(20) if wall_time else VirtualClock(4, Constant(0))
            begun = time.monotonic()
            played = cook(with_plan({"wait": 100}, imagining=imagining), ticks=400, clock=clock)
            said = [check.get("value") or check["outcome"] for check in checks(played)]
            assert any("no answer in 3 s: nothing is imagined any more" in text for text in said), said
            assert played.finished
            assert time.monotonic() - begun < 120
        finally:
            partner_models.forget("looping_model")
            __import__("sys").modules.pop("looping_model")

    @pytest.mark.parametrize("ticks", [1, 9])
    def test_a_look_is_at_the_tick_it_was_asked_at(self, tmp_path: Any, ticks: int, monkeypatch: Any) -> None:
        """However late its answer takes effect: the process that imagines comes to what is imagined in this one."""
        (tmp_path / "their_types.py").write_text(
            "from brigade.dual_process.partner_model import partner_models\n"
            "from brigade.dual_process.theory_of_mind.types import TypeInference\n"
            "@partner_models.register('their_types', 'our own, brought by somebody else')\n"
            "class Theirs(TypeInference):\n"
            "    pass\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        __import__("their_types")
        try:
            told = []
            for model in ("types", "their_types"):
                agent = make_agent("lookahead", imagining={"models": [model], "ticks": ticks})
                played = cook(agent, "assembler", ticks=180)
                told.append((played.actions, json.dumps(played.thoughts).replace("their_types", "types")))
            assert told[0] == told[1]
        finally:
            partner_models.forget("their_types")
            sys.modules.pop("their_types")

    def test_it_ends_with_its_owner_even_if_it_loops(self, tmp_path: Any) -> None:
        """A batch that is killed leaves nothing behind."""
        (tmp_path / "owner.py").write_text(
            "import os, signal, sys\n"
            "from brigade.dual_process.beside.worker import Worker\n"
            "worker = Worker()\n"
            "print(worker._process.pid, flush=True)\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        done = subprocess.run([sys.executable, "owner.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
        pid = int(done.stdout)
        for _ in range(100):
            if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split(")")[1]:
                return
            time.sleep(0.1)
        raise AssertionError("the process that imagines is still there")

    def test_an_agent_is_asked_here_where_nobody_waits(self) -> None:
        view = View(load_kitchen(MAP_1), 0)
        here, beside = make_imaginer(view, Imagining(), False), make_imaginer(view, Imagining(), True)
        assert isinstance(here, Here)
        assert isinstance(beside, Beside)
        beside.close()


def test_lookahead_is_a_partner_in_environments() -> None:
    """Without an episode loop that delivers thoughts it looks ahead at once."""
    import gymnasium

    import brigade  # noqa: F401  # registers the ids

    env = gymnasium.make("Brigade/NewCounterCircuit-v0", partners=["lookahead"])
    env.reset(seed=3)
    for _ in range(60):
        env.step(0)
    env.close()


def test_do_is_imaginable() -> None:
    from brigade.dual_process.imagination.checking import IMAGINABLE

    assert Do in IMAGINABLE
    assert Statement not in IMAGINABLE


def test_a_game_is_read_as_its_description_is() -> None:
    for name in (MAP_1, "cramped_room"):
        kitchen = load_kitchen(name, 120)
        team = [make_agent("fsm") for _ in range(kitchen.chefs)]
        seen = 0

        def watch(game: Game, observation: Any, actions: Any, kitchen: Any = kitchen) -> None:
            nonlocal seen
            seen += 1
            assert observed(game) == read_state(kitchen, game.describe())

        play(kitchen, team, seed=2, watch=watch)
        assert seen == 120
