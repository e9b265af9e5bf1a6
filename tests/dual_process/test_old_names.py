"""What earlier revisions wrote is read with the names of today.

`earlier/` is a run of revision 1c8746a with the state machine of today (`agents/state_machine.py`, `agents/planning`).
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from brigade.agents.planning.recipes import recipes_of
from brigade.batch.folder.resume import refuse_change
from brigade.dual_process.build import calls_file
from brigade.dual_process.frameworks import framework_of
from brigade.dual_process.llm import house
from brigade.dual_process.llm.calls import ReplayReasoner, ResumingReasoner
from brigade.dual_process.llm.protocol import Reply, Request
from brigade.dual_process.old_names import agent_now, agent_then, call_now, kind_now, thoughts_now
from brigade.dual_process.thought_kinds.base import make_kind
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.report.metrics import read_run
from brigade.experiments.kitchen.report.timeline import kinds_of
from brigade.experiments.kitchen.run.config import RunConfig
from brigade.experiments.kitchen.run.results import read_results
from brigade.experiments.kitchen.run.run import run as play_run
from brigade.human_play.replay.replay import open_replay

EARLIER = Path(__file__).parent / "earlier"
RECIPES = recipes_of(load_kitchen("new_counter_circuit"))


def calls(folder: Path = EARLIER) -> list[dict[str, Any]]:
    paths = sorted((folder / "calls").glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def test_the_fixture_has_the_old_names() -> None:
    dpt, agile = ({thought["kind"] for thought in episode["thoughts"]} for episode in read_results(EARLIER)[1:])
    assert "policy" in dpt
    assert "plan" in agile
    assert {(call["purpose"], call["prompt"]) for call in calls()} >= {("policy", "policy-1"), ("plan", "plan-1")}


@pytest.mark.parametrize(
    ("framework", "kind", "now"),
    [
        ("dpt", "policy", "plan"), ("dpt_without_tom", "policy", "plan"), ("agile", "plan", "outline"),
        ("dpt", "plan", "plan"), ("dpt", "belief", "belief"), ("agile", "outline", "outline"),
        ("somebody's", "policy", "policy"), ("somebody's", "plan", "plan"),
    ],
)  # fmt: skip
def test_the_framework_decides(framework: str, kind: str, now: str) -> None:
    assert kind_now(framework, kind) == now
    assert thoughts_now([{"seat": 1, "kind": kind, "x": 2}], ["fsm", framework]) == [{"seat": 1, "kind": now, "x": 2}]


def test_thoughts_of_nobody_are_left_as_they_are() -> None:
    odd = [{"seat": 7, "kind": "policy"}, {"kind": "policy"}, {"seat": "a", "kind": 3}, {}]
    assert thoughts_now(odd, ["dpt"]) == odd


def test_configurations_may_have_the_old_names() -> None:
    assert framework_of("dpt", ["policy"]) == framework_of("dpt", ["plan"])
    assert framework_of("dpt", (), {"policy": 7}) == framework_of("dpt", (), {"plan": 7})
    assert framework_of("agile", (), {"plan": 7}).thoughts["outline"].every_ticks == 7
    changes = ["teams=[[{name: dpt, options: {without: [policy], intervals: {belief: 9}}}, fsm]]", "seeds=1"]
    assert RunConfig.load("exp2", changes).teams[0][0].options["without"] == ["policy"]


def test_a_run_of_an_earlier_revision_is_gone_on_with(tmp_path: Path) -> None:
    """Also by the names of today; what is played for it is written as the rest of its folder is."""

    def played(without: str, seeds: int) -> list[str]:
        changes = [
            f"teams=[[{{name: dpt, options: {{without: [{without}], intervals: {{belief: 9}}}}}}, fsm], [fsm, fsm]]",
            f"seeds={seeds}", "kitchens=[{name: new_counter_circuit, horizon: 4}]", "ray.workers=0",
            f"out={tmp_path / 'run'}",
        ]  # fmt: skip
        return list(play_run(RunConfig.load("exp2", changes), Console(quiet=True)).done)

    first, twice = played("policy", 1), played("plan", 2)
    assert len(twice) == 2 * len(first) == 4
    assert {key for key in twice if "dpt" in key} == {
        key.replace("seed=0", f"seed={seed}") for key in first if "dpt" in key for seed in (0, 1)
    }
    header, *episodes = read_results(tmp_path / "run")
    assert {str(episode["agents"][0]["options"].get("without")) for episode in episodes} == {"['policy']", "None"}
    assert len(header["config"]["teams"]) == 2
    assert played("policy", 2) == twice


def test_another_question_is_told_from_another_name() -> None:
    def cast(framework: str, without: str) -> dict[str, Any]:
        return {"cast": {"A": {"name": framework, "options": {"without": [without], "intervals": {without: 3}}}}}

    refuse_change(Path("here"), "another", cast("dpt", "policy"), cast("dpt", "plan"))
    refuse_change(Path("here"), "another", cast("agile", "plan"), cast("agile", "outline"))
    for old, new in (("policy", "belief"), ("plan", "outline")):
        with pytest.raises(BrigadeError, match=r"cast\.A\.options\.without"):
            refuse_change(Path("here"), "another", cast("dpt", old), cast("dpt", new))


def test_reports_show_them_under_todays_names() -> None:
    shown = [{kind for kinds in kinds_of(episode).values() for kind in kinds} for episode in read_run(EARLIER).episodes]
    assert shown == [{"plan", "reflection", "belief"}, {"pick", "outline"}]


def test_replays_show_them_under_todays_names() -> None:
    replays = [open_replay(path) for path in sorted((EARLIER / "recordings").iterdir())]
    shown = {replay.seats[0].name: {kind for _, kind in replay.thoughts_at(replay.ticks)} for replay in replays}
    assert shown == {"dpt": {"plan", "reflection", "belief"}, "agile": {"pick", "outline"}}
    told = {mark.words for replay in replays for mark in replay.marks if mark.kind == "thought"}
    assert "policy" not in told


def test_calls_that_were_asked_with_other_prompts_are_refused_in_words(tmp_path: Path) -> None:
    changes = [
        "teams=[[dpt, dpt]]", "kitchens=[{name: new_counter_circuit, horizon: 30}]", "seeds=1", "ray.workers=0",
        "clock={latency: constant, seconds: 2}", f"replay={EARLIER}", f"out={tmp_path / 'again'}",
    ]  # fmt: skip
    with pytest.raises(BrigadeError, match="asked with prompt belief-1, and this revision asks with belief-2"):
        play_run(RunConfig.load("exp2", changes), Console(quiet=True))


def test_a_run_is_answered_from_its_own_calls(tmp_path: Path) -> None:
    """Where two thinkers hear each other, every prompt is what it was, so every recorded answer fits."""
    changes = [
        "teams=[[dpt, dpt]]", "kitchens=[{name: new_counter_circuit, horizon: 30}]", "seeds=1", "ray.workers=0",
        "clock={latency: constant, seconds: 2}", "calls=true",
    ]  # fmt: skip
    quiet = Console(quiet=True)
    (first,) = play_run(RunConfig.load("exp2", [*changes, f"out={tmp_path / 'one'}"]), quiet).done.values()
    replayed = [*changes, f"replay={tmp_path / 'one'}", f"out={tmp_path / 'two'}"]
    (again,) = play_run(RunConfig.load("exp2", replayed), quiet).done.values()
    for what in ("actions", "checks", "thoughts"):
        assert again[what] == first[what]
    assert any(thought["effect"] is not None for thought in first["thoughts"])


def test_recorded_calls_answer_todays_questions(tmp_path: Path) -> None:
    """Where prompt and form have stayed as they were, as `agile`'s outline has, whatever it was called."""
    old = next(call for call in calls() if call["purpose"] == "plan")
    path = tmp_path / "calls.jsonl"
    path.write_text(json.dumps(old) + "\n", encoding="utf-8")
    purpose, prompt = call_now(old["purpose"], old["prompt"])
    messages = tuple((role, text) for role, text in old["messages"])
    request = Request(purpose, prompt, messages, make_kind(purpose).schema(RECIPES))

    async def ask(reasoner: Any) -> Any:
        async with reasoner.stream(request) as stream:
            async for _ in stream:
                pass
        return stream.outcome

    answer = asyncio.run(ask(ReplayReasoner(path)))
    assert isinstance(answer, Reply)
    assert answer.text == old["reply"]["text"]
    assert asyncio.run(ask(ResumingReasoner(None, path))) == answer  # type: ignore[arg-type]
    assert json.loads(path.read_text("utf-8")) == old, "the file itself is left as it was"


def test_an_edited_call_is_found_out_whatever_its_names(tmp_path: Path) -> None:
    old = next(call for call in calls() if call["purpose"] == "policy")
    path = tmp_path / "calls.jsonl"
    path.write_text(json.dumps(old | {"prompt": "plan-2"}) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="was the line edited"):
        ReplayReasoner(path)


def test_house_on_a_port_answers_an_earlier_client() -> None:
    import random

    said = json.loads(house.answer((("user", "```json\n{}\n```"),), "policy", 1.0, random.Random(0)))
    assert said["tasks"] == []


class TestFrameworksWhoseNamesMeanAnotherNow:
    @pytest.mark.parametrize(
        ("then", "now"),
        [
            ("react", "react_stepwise"),
            ("reflexion", "reflexion_stepwise"),
            ("react_dpt", "react_dpt_wishes"),
            ("dpt", "dpt"),
        ],
    )
    def test_the_version_of_the_format_decides(self, then: str, now: str) -> None:
        assert (agent_now(then, 1), agent_now(then, 2)) == (now, then)
        assert (agent_then(now, 1), agent_then(then, 2)) == (then, then)

    @pytest.fixture
    def earlier(self, tmp_path: Path) -> Path:
        """A run of `react` as it was, in the format of then."""
        changes = [
            "teams=[[react_stepwise, fsm]]", "kitchens=[{name: new_counter_circuit, horizon: 60}]", "seeds=1",
            "ray.workers=0", "calls=true", "clock={latency: constant, seconds: 1}", f"out={tmp_path / 'now'}",
        ]  # fmt: skip
        play_run(RunConfig.load("exp2", changes), Console(quiet=True))
        before = tmp_path / "before"
        (tmp_path / "now").rename(before)
        path = before / "episodes.jsonl"
        text = path.read_text("utf-8").replace("react_stepwise", "react").replace('"version":2', '"version":1')
        path.write_text(text, encoding="utf-8")
        (episode,) = read_results(before)[1:]
        for file in (before / "calls").iterdir():
            file.rename(calls_file(before / "calls", episode["key"], 0))
        return before

    def asked(self, folder: Path, *changes: str) -> list[dict[str, Any]]:
        config = RunConfig.load("exp2", [
            "kitchens=[{name: new_counter_circuit, horizon: 60}]", "seeds=1", "ray.workers=0",
            "clock={latency: constant, seconds: 1}", f"out={folder}", *changes,
        ])  # fmt: skip
        return list(play_run(config, Console(quiet=True)).done.values())

    def test_reports_call_them_what_they_are_called_now(self, earlier: Path) -> None:
        (row,) = read_run(earlier).rows
        assert row.team == ("react_stepwise", "fsm")

    def test_runs_of_both_are_never_mixed(self, earlier: Path) -> None:
        for teams in ("[[react, fsm]]", "[[react_stepwise, fsm]]", "[[dpt, fsm]]"):
            with pytest.raises(BrigadeError, match="'react' was another framework, now called 'react_stepwise'"):
                self.asked(earlier, f"teams={teams}")

    def test_recorded_calls_answer_the_one_they_were_made_by(self, earlier: Path, tmp_path: Path) -> None:
        before = read_results(earlier)[1]
        (again,) = self.asked(tmp_path / "again", "teams=[[react_stepwise, fsm]]", f"replay={earlier}")
        assert (again["actions"], again["thoughts"]) == (before["actions"], before["thoughts"])
        with pytest.raises(BrigadeError, match="not to be mixed"):
            self.asked(tmp_path / "other", "teams=[[react, fsm]]", f"replay={earlier}")
