"""Other people's thoughts, frameworks and reasoners: brought by name alone, with nothing of ours edited or patched."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brigade.agents.base import View, agents, make_agent
from brigade.agents.planning.macro import Macro, parse_macro
from brigade.agents.planning.player import MacroPlayer
from brigade.dual_process.agent import WithThinker
from brigade.dual_process.build import ClockSpec, make_answered_agent
from brigade.dual_process.frameworks import Framework, ThoughtSpec, framework_of, frameworks
from brigade.dual_process.history import History
from brigade.dual_process.llm.protocol import Reply, Request, Stream
from brigade.dual_process.old_names import kind_now
from brigade.dual_process.plan.statements import Do, Plan
from brigade.dual_process.reasoners import Occasion, ReasonerSpec, make_reasoner, reasoners, spec_of
from brigade.dual_process.thought_kinds.answers import TEXT, object_schema, read_text
from brigade.dual_process.thought_kinds.base import FastSide, Memory, Moment, Prompt, ThoughtKind, make_kind, thoughts
from brigade.dual_process.thought_kinds.belief import Belief
from brigade.envs.content import parse
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.plugins import load_plugins
from brigade.envs.registry import BrigadeError, Registry, bringing
from brigade.simulation.clock import Constant, VirtualClock
from brigade.simulation.episode import play
from brigade.simulation.messages import Message
from brigade.simulation.played import Played
from brigade.simulation.recording import ENDING, RecordingWriter, make_header, read_recording

MAP_1 = "new_counter_circuit"
TOY = "a toy package"


class Mood(ThoughtKind[str]):
    """How the partner feels: a kind of thought with a prompt, an answer and an effect of its own."""

    prompt = Prompt.from_text("mood-3", "Your partner felt $mood. It is $hour. How now?\n```json\n$state\n```\n")
    at_once = True
    max_tokens = 150

    def schema(self, recipes: Any) -> dict[str, Any]:
        return object_schema(mood=TEXT)

    def read(self, said: Any, recipes: Any) -> Any:
        return read_text(said, "mood")

    def fields(self, moment: Moment) -> dict[str, str]:
        return {"mood": moment.memory.words(self.name), "hour": f"tick {moment.observed.tick}"}

    def knowledge(self, moment: Moment) -> dict[str, Any]:
        return {**super().knowledge(moment), "plate": moment.recipes.plate.name}

    def take_effect(self, fast: FastSide, value: str, tick: int) -> None:
        fast.say(f"You feel {value}")
        fast.pick(Macro("prepare", "chopped_lettuce"), tick)

    def told(self, value: str) -> dict[str, Any]:
        return {"value": value.upper()}


class Echo:
    """A reasoner that says what it was made with."""

    def __init__(self, mood: str, occasion: Occasion):
        self.mood, self.occasion = mood, occasion
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        return Reply(json.dumps({"mood": self.mood}), 10, 5, 1.0, "echo")

    def stream(self, request: Request) -> Stream:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing to let go of."""


@pytest.fixture
def toy() -> Iterator[list[Echo]]:
    """A package that brings a thought, two frameworks and a reasoner; and the reasoners that are made."""
    made: list[Echo] = []

    def echo(occasion: Occasion, mood: str = "fine") -> Echo:
        made.append(Echo(mood, occasion))
        return made[-1]

    with bringing(TOY):
        thoughts.register("mood", "how the partner feels")(Mood)
        frameworks.register("empath", "feels beside System 1")(
            lambda: Framework({"mood": ThoughtSpec(30, scenes=1, share=0.5)}, steers=True)
        )
        frameworks.register("stoic", "feels and waits")(lambda: Framework({"mood": ThoughtSpec(30)}))
        reasoners.register("echo", "says its mood")(echo)
    yield made
    for registry in Registry.everywhere:
        registry.forget(TOY)


def cook(agent: Any, ticks: int = 100, hz: float = 4.0, seconds: float = 1.0, partner: str = "stay") -> Played:
    return play(load_kitchen(MAP_1, ticks), [agent, make_agent(partner)], 2, clock=VirtualClock(hz, Constant(seconds)))


def test_a_foreign_framework_thinks_foreign_thoughts(toy: list[Echo]) -> None:
    agent = make_agent("empath", reasoner={"kind": "echo", "options": {"mood": "glad"}})
    played = cook(agent)
    (echo,) = toy
    moods = [thought for thought in played.thoughts if thought["kind"] != "check"]
    assert [thought["asked"] for thought in moods] == [0, 30, 60, 90]
    assert {thought["effect"] - thought["asked"] for thought in moods} == {2}, "half of 1 s at 4 Hz"
    assert {(each["kind"], each["prompt"], each["value"]) for each in moods} == {("mood", "mood-3", "GLAD")}
    assert {message.text for message in played.messages} == {"You feel glad"}
    assert any(record.name == "prepare(chopped_lettuce)" for record in played.macros[0])
    first, second = echo.asked[:2]
    assert (first.purpose, first.max_tokens, first.schema) == ("mood", 75, object_schema(mood=TEXT))
    assert "felt (nothing yet). It is tick 0." in first.messages[1][1]
    assert "felt glad. It is tick 30." in second.messages[1][1]
    state = json.loads(second.messages[1][1].split("```json\n")[1].split("\n```")[0])
    assert state["plate"] == "plate"
    assert len(state["history"]) == 1


def loop() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"value": {"glad"}}, "Object of type set is not JSON serializable"),
        ({("a", "pair"): 1}, "keys must be str"),
        ({"value": loop()}, "Circular reference"),
        ("glad", "dictionary update sequence"),
    ],
)
def test_a_thought_that_tells_what_cannot_be_written_is_a_fault_of_it(
    toy: list[Echo], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, told: Any, says: str
) -> None:
    monkeypatch.setattr(Mood, "told", lambda self, value: told)
    played = cook(make_agent("empath", reasoner={"kind": "echo"}))
    assert (played.ticks, played.crashed, played.messages) == (100, "", [])
    thought = played.thoughts[0]
    assert (thought["kind"], thought["outcome"]) == ("mood", "crashed")
    assert thought["problem"].startswith("what it told cannot be written as JSON: ")
    assert says in thought["problem"]
    assert says in caplog.text
    json.dumps(played.thoughts)


def test_what_a_thought_tells_is_written_as_it_was(
    toy: list[Echo], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = {"value": "half of a pair: \ud83d"}
    monkeypatch.setattr(Mood, "told", lambda self, value: told)
    monkeypatch.setattr(Mood, "take_effect", lambda self, fast, value, tick: told.update(more={"unwritable"}))
    kitchen = load_kitchen(MAP_1, 20)
    team = [make_agent("empath", reasoner={"kind": "echo"}), make_agent("stay")]
    path = tmp_path / f"mood{ENDING}"
    recorder = RecordingWriter(path, make_header(kitchen, 2, None, [{}, {}], "both", {}))
    played = play(kitchen, team, 2, clock=VirtualClock(4.0, Constant(1.0)), recorder=recorder)
    read = [thought for line in read_recording(path).ticks for thought in line.thoughts]
    assert [each["value"] for each in (*played.thoughts, *read)] == ["half of a pair: \N{REPLACEMENT CHARACTER}"] * 2


def test_a_foreign_framework_is_an_agent_that_thinks_for_as_long_as_it_is_there(toy: list[Echo]) -> None:
    assert "empath" in agents
    assert {name for name in agents.names if agents[name].thinks} == set(frameworks.names)
    assert (agents["empath"].source, agents["empath"].about, agents["empath"].takes_reasoner) == (
        TOY, "feels beside System 1", True,
    )  # fmt: skip
    with bringing(TOY):
        frameworks.register("late", "comes after agents were listed")(lambda: framework_of("empath"))
        assert "late" in agents.names
        with pytest.raises(BrigadeError, match="agent 'empath' is registered twice"):
            agents.register("empath", "")(lambda: make_agent("stay"))
    with bringing("another"), pytest.raises(BrigadeError, match="agent 'dpt' is brought by brigade already"):
        agents.register("dpt", "a thief")(lambda: make_agent("stay"))
    with bringing(TOY):
        frameworks.register("fsm", "a thief too")(lambda: framework_of("empath"))
    assert not agents["fsm"].thinks
    assert f"{TOY} brings agent 'fsm' too, which is not used" in agents.problems
    for registry in Registry.everywhere:
        registry.forget(TOY)
    assert "empath" not in agents
    assert "late" not in agents.names


def test_one_that_waits_is_told_of_messages_too(toy: list[Echo]) -> None:
    agent = make_agent("stoic", reasoner={"kind": "echo"})
    agent.reset(View(load_kitchen(MAP_1), 0))
    assert isinstance(agent, WithThinker)
    agent.thinker.thoughts = type("Never", (), {"under_way": lambda self, kind: False})()
    (kind,) = agent.thinker.due(0)
    agent.thinker._last_begun[kind.name] = 0
    assert agent.thinker.due(3) == []
    agent.hear(Message(2, 1, "hello"))
    assert agent.thinker.due(3) == [kind], "a kind that is to be begun at once is"
    agent.adopt(Plan(statements=(Do(dish="BeefBurger"), Do(macro=Macro("clear_counter")))), 0)  # type: ignore[attr-defined]
    assert agent.asked() == {"picked": "clear_counter()"}  # type: ignore[attr-defined]


class Slow(WithThinker, MacroPlayer):
    """A fast side of a stranger's own: it does what it is told to, else it waits."""

    def __init__(self, thinker: Any):
        self.thinker = thinker

    def prepare(self) -> None:
        self.history = History(self.view.kitchen, self.view.seat)
        self.told: list[Macro] = []
        self.start_thinker()

    def choose(self, observed: Any) -> Macro | None:
        return self.told.pop(0) if self.told else parse_macro("wait(3)", self.recipes)

    def doing(self, observed: Any) -> dict[str, Any]:
        return {"patience": len(self.told)}

    def asked(self) -> dict[str, Any]:
        return {}

    def adopt(self, plan: Plan, tick: int) -> None:
        raise NotImplementedError

    def pick(self, macro: Macro, tick: int) -> None:
        self.told.append(macro)


def test_a_framework_may_bring_its_own_fast_side(toy: list[Echo]) -> None:
    with bringing(TOY):
        frameworks.register("slow", "")(lambda: Framework({"mood": ThoughtSpec(50)}, fast_side=Slow))
    played = cook(make_agent("slow", reasoner={"kind": "echo"}))
    assert [record.name for record in played.macros[0]].count("prepare(chopped_lettuce)") >= 1
    assert '"patience":0' in toy[0].asked[0].messages[1][1]


def test_a_prompt_may_be_a_file_of_the_package(tmp_path: Path) -> None:
    path = tmp_path / "mood.md"
    path.write_text("version: 12\nHow are you, $name?\n")
    prompt = Prompt.from_file(path)
    assert (prompt.name, prompt.fill(name="Ada")) == ("mood-12", "How are you, Ada?\n")
    path.write_text("How are you?\n")
    with pytest.raises(BrigadeError, match=r"mood\.md:1: expected 'version: NUMBER'"):
        Prompt.from_file(path)


def test_what_is_missing_or_wrong_is_said(toy: list[Echo]) -> None:
    with pytest.raises(BrigadeError, match="unknown kind of thought 'moood'; did you mean 'mood'"):
        make_kind("moood")
    with bringing(TOY):
        frameworks.register("broken", "")(lambda: Framework({"moood": ThoughtSpec(1)}))
        frameworks.register("none", "")(lambda: "no framework")  # type: ignore[arg-type,return-value]
    with pytest.raises(BrigadeError, match="did you mean 'mood'"):
        make_agent("broken")
    with pytest.raises(BrigadeError, match="framework 'none': expected a Framework, got str"):
        make_agent("none")
    with pytest.raises(BrigadeError, match="framework 'empath' has no thought 'moods'; did you mean 'mood'"):
        make_agent("empath", without=["moods"])
    with pytest.raises(BrigadeError, match="unknown reasoner 'ecko'; did you mean 'echo'"):
        make_agent("empath", reasoner={"kind": "ecko"})
    with pytest.raises(BrigadeError, match=r"reasoner 'echo' cannot be made: .*'moodd'"):
        make_agent("empath", reasoner={"kind": "echo", "options": {"moodd": "x"}})


def test_a_reply_that_is_no_mood_is_malformed(toy: list[Echo]) -> None:
    played = cook(make_agent("empath", reasoner={"kind": "echo", "options": {"mood": " "}}), ticks=20)
    assert [(each["outcome"], each["problem"]) for each in played.thoughts] == [
        ("malformed", "malformed: mood: expected text")
    ]


def test_house_fills_in_the_form_of_a_foreign_thought(toy: list[Echo]) -> None:
    played = cook(make_agent("empath"), ticks=20)
    assert [each["value"] for each in played.thoughts if each["kind"] != "check"] == ["HOUSE"]


def test_a_plug_in_file_brings_all_three(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import json\n"
        "from brigade.dual_process.frameworks import Framework, ThoughtSpec, frameworks\n"
        "from brigade.dual_process.llm.house import answer\n"
        "from brigade.dual_process.llm.protocol import Reply\n"
        "from brigade.dual_process.reasoners import reasoners\n"
        "from brigade.dual_process.thought_kinds.base import Prompt, ThoughtKind, thoughts\n"
        "class Hum(ThoughtKind):\n"
        "    prompt = Prompt.from_text('hum-1', 'Hum. $state')\n"
        "    def read(self, said, recipes):\n"
        "        return said\n"
        "class Hummer:\n"
        "    async def ask(self, request):\n"
        "        return Reply('hmm', 1, 1, 0.0, 'hummer')\n"
        "    async def close(self):\n"
        "        pass\n"
        "thoughts.register('hum', 'hums')(Hum)\n"
        "frameworks.register('hummer', 'hums')(lambda: Framework({'hum': ThoughtSpec(5)}, steers=True))\n"
        "reasoners.register('hummer', 'hums')(lambda occasion: Hummer())\n"
    )
    config = tmp_path / "run.yaml"
    config.write_text("plugins: [./mine.py]\n")
    document = parse(config.read_text(), str(config), folder=tmp_path)
    (plugin,) = load_plugins(document, say=lambda text: None)
    try:
        agent = make_answered_agent("hummer", {}, ReasonerSpec(kind="hummer"), 0, ClockSpec())
        assert {each.get("value") for each in cook(agent, ticks=20).thoughts} == {"hmm"}
        assert agents["hummer"].source == plugin.file
    finally:
        for registry in Registry.everywhere:
            registry.forget(str(plugin.file))


TWIN = """
from brigade.agents.base import agents
from brigade.dual_process.frameworks import Framework, ThoughtSpec
agents.register("twin", "registers while its module is half there")(lambda: None)
def murmur():
    return Framework({"plan": ThoughtSpec(20)}, steers=True)
"""


def test_one_module_may_bring_an_agent_and_a_framework(tmp_path: Path) -> None:
    """What it registers as it is imported must not look for its own entry points, which it has not got yet."""
    (tmp_path / "toy_twin.py").write_text(TWIN)
    info = tmp_path / "toy_twin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy_twin\nVersion: 1.0\n")
    points = "[brigade.agents]\ntwin = toy_twin\n[brigade.frameworks]\nmurmur = toy_twin:murmur\n"
    (info / "entry_points.txt").write_text(points)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from brigade.agents.base import agents\n"
        "from brigade.dual_process.frameworks import frameworks\n"
        "print({name: agents[name].source for name in ('twin', 'murmur')}, agents.problems, frameworks.problems)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "{'twin': 'toy_twin 1.0', 'murmur': 'toy_twin 1.0'} [] []"


class TestReasoners:
    def test_one_is_told_of_its_occasion(self, toy: list[Echo]) -> None:
        spec = ReasonerSpec(kind="echo", options={"mood": "calm"})
        make_answered_agent("empath", {}, spec, 7, ClockSpec(kind="real", seconds=2))
        assert toy[-1].occasion == Occasion(7, real=True, seconds=2)
        make_reasoner(spec)
        assert toy[-1].occasion == Occasion()
        assert (spec.model, ReasonerSpec().model) == ("echo", "house")

    def test_ours_have_names_too(self) -> None:
        assert reasoners.names[:4] == ["house", "endpoint", "constant", "dice"]
        assert spec_of({"kind": "house", "options": {"quality": 0.5}}) == ReasonerSpec(quality=0.5)
        named = spec_of({"kind": "endpoint", "options": {"model": "m", "key_env": ""}})
        assert named == spec_of({"endpoint": {"model": "m", "key_env": ""}})
        assert named.model == "m"
        assert type(reasoners.make("house", occasion=Occasion(3))) is type(make_reasoner(ReasonerSpec()))

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            ({"options": {"mood": "x"}}, "of which reasoner"),
            ({"kind": "echo", "quality": 0.5}, "goes into its options"),
            ({"kind": "echo", "endpoint": {"model": "m"}}, "goes into its options"),
            ({"kind": "house", "options": {"qualty": 0.5}}, "qualty"),
            ({"kind": "house", "options": 3}, "options"),
            ({"kind": "endpoint"}, "endpoint.model"),
        ],
    )
    def test_two_ways_at_once_are_refused(self, data: dict[str, Any], says: str) -> None:
        with pytest.raises(BrigadeError, match=says):
            spec_of(data)

    def test_specifications_of_earlier_revisions_are_what_they_were(self) -> None:
        old = {"quality": 0.5, "knobs": {"seed": 3, "faults": {"hang": 0.1}}, "endpoint": None}
        spec = ReasonerSpec.model_validate(old)
        new = spec.model_dump(mode="json")
        assert all(new[key] == value for key, value in old.items() if key != "knobs")
        assert (new["kind"], new["options"]) == (None, None), "a header without them says the same"


class Noting:
    """House, remembering what it was asked."""

    def __init__(self) -> None:
        self.inner = make_reasoner(ReasonerSpec())
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Any:
        self.asked.append(request)
        return await self.inner.ask(request)

    def stream(self, request: Request) -> Stream:
        self.asked.append(request)
        return self.inner.stream(request)

    async def close(self) -> None:
        """Nothing to let go of."""


class TestPromptsAreTrue:
    @pytest.mark.parametrize("hz", [1, 4, 10])
    def test_every_kind_is_told_the_rate_of_the_clock(self, hz: float) -> None:
        told = {}
        for name in ("dpt", "reflexion_stepwise", "agile", "dpt@paper", "reflexion"):
            reasoner = Noting()
            cook(make_agent(name, reasoner=reasoner), ticks=300, hz=hz, seconds=0.1)
            told |= {request.purpose: request.messages[0][1] for request in reasoner.asked}
        own = {entry.name for entry in thoughts if entry.source == "brigade"}
        assert set(told) == own
        assert all(f"never stops: {hz} ticks pass every second" in text for text in told.values())

    @pytest.mark.parametrize(
        ("mode", "partner", "talks", "rule"),
        [
            ("both", "dpt", True, "You may say one short line to your partner."),
            ("both", "dpt", False, "Messages are switched off: null."),
            ("nobody", "dpt", True, "Nobody would hear a message: null."),
            ("human", "dpt", True, "Nobody would hear a message: null."),
            ("both", "beef_specialist", True, "Nobody would hear a message: null."),
        ],
    )
    def test_a_plan_is_told_whether_anybody_hears_it(self, mode: Any, partner: str, talks: bool, rule: str) -> None:
        reasoner = Noting()
        team = [make_agent("dpt", reasoner=reasoner, talks=talks), make_agent(partner)]
        play(load_kitchen(MAP_1, 5), team, clock=VirtualClock(4, Constant(1)), mode=mode)
        (plan,) = [request for request in reasoner.asked if request.purpose == "plan"]
        assert rule in plan.messages[1][1]


def test_what_is_kept_is_kept_by_kind() -> None:
    memory = Memory(History(load_kitchen(MAP_1), 0))
    make_kind("reflection").remember(memory, "Serve first.")
    make_kind("belief").remember(memory, Belief("It chops."))
    assert memory.words("reflection") == "Serve first."
    assert memory.history.partners.words == "It chops."
    assert memory.words("mood") == "(nothing yet)"
    assert kind_now("empath", "policy") == "policy", "what others call so is theirs"
