"""What was asked and answered once can be answered again, without a network."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import random
import socket
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest

from brigade.dual_process.llm.calls import RecordingReasoner, ReplayReasoner, ResumingReasoner, load_prices
from brigade.dual_process.llm.client import Endpoint, OpenAIReasoner
from brigade.dual_process.llm.protocol import Answer, Failure, Reasoner, Reply, Request
from brigade.dual_process.llm.server import HouseKnobs, HouseReasoner, build_app
from brigade.dual_process.thought_kinds.base import Memory, make_kind
from brigade.envs.content import ContentError
from brigade.envs.registry import BrigadeError

T = TypeVar("T")
KEY = "sk-test-0123456789-never-to-be-seen"
SCHEMA = {"type": "object", "properties": {"tasks": {"type": "array"}}}
ASK = Request("plan", "plan-2", (("system", "You cook."), ("user", "Tick 20.\u2028 ä ☃ \x00 \x1b[31m")), SCHEMA)
FREE = Request("outline", "outline-1", (("user", "Plan."),), None)


def cook(messages: Any, purpose: str, schema: Mapping[str, Any] | None, rng: random.Random) -> str:
    return json.dumps({"tasks": [], "said": f"\u2028 {rng.random()} \x07 ☃"})


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, 15))


async def talk(reasoner: Any) -> tuple[list[Answer | None], list[str], list[float]]:
    """Some calls, equal ones among them, and a stream."""
    answers = list(await asyncio.gather(*(reasoner.ask(request) for request in (ASK, FREE, ASK, ASK))))
    async with reasoner.stream(FREE) as coming:
        pieces = [piece async for piece in coming]
    return [*answers, coming.outcome], pieces, coming.times_s


def recorded(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.parametrize("faults", [{}, {"malformed": 0.4, "empty": 0.3, "rate_limit": 0.3}, {"cut_stream": 1}])
def test_a_recording_answers_as_the_endpoint_did(
    faults: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    path = tmp_path / "new folder" / "calls.jsonl"
    knobs = HouseKnobs.model_validate({"faults": faults, "seed": 1})
    endpoint = Endpoint(base_url="http://house/v1", model="house", retries=0, max_in_flight=4)

    async def work() -> Any:
        reasoner = OpenAIReasoner(endpoint, httpx2.ASGITransport(app=build_app(cook, knobs)))
        recording = RecordingReasoner(reasoner, path)
        said = await talk(recording)
        await recording.close()
        return said

    said = run(work())
    assert KEY not in path.read_text(encoding="utf-8")
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was used"))
    assert run(talk(ReplayReasoner(path))) == said


def test_a_record_says_what_was_asked_answered_and_spent(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text("an older recording")
    run(RecordingReasoner(HouseReasoner(cook, HouseKnobs(latency_s=2)), path).ask(ASK))
    (record,) = recorded(path)
    assert record["messages"] == [list(message) for message in ASK.messages]
    assert (record["call"], record["purpose"], record["prompt"]) == (0, "plan", "plan-2")
    assert record["reply"]["latency_s"] == 2
    assert record["cost_usd"] == 0
    assert record["failure"] is None


def test_cancelled_calls_and_abandoned_streams_are_recorded(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"

    async def work() -> None:
        slow = HouseReasoner(cook, HouseKnobs(latency_s=60), sleep=True)
        recording = RecordingReasoner(slow, path)
        task = asyncio.ensure_future(recording.ask(ASK))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        quick = RecordingReasoner(HouseReasoner(cook, HouseKnobs()), tmp_path / "stream.jsonl")
        async with quick.stream(FREE) as coming:
            await anext(coming)
        again = ReplayReasoner(path)
        answer = await again.ask(ASK)
        assert isinstance(answer, Failure)
        assert answer.kind == "timeout"

    run(work())
    assert recorded(path)[0]["cancelled_after_s"] > 0
    (left,) = recorded(tmp_path / "stream.jsonl")
    assert len(left["pieces"]) == 1
    assert left["cancelled_after_s"] is not None


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "calls.jsonl"
    reasoner = RecordingReasoner(HouseReasoner(cook, HouseKnobs()), path)
    run(reasoner.ask(ASK))
    run(reasoner.ask(FREE))
    return path


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (replace(ASK, messages=(ASK.messages[0], ("user", "Tick 21."))), r"message 1 at character 6.*Tick 20.*Tick 21"),
        (replace(ASK, prompt="plan-3"), "has prompt 'plan-2'"),
        (replace(ASK, purpose="belief"), "is for 'plan'"),
        (replace(ASK, schema={}), "another schema"),
        (replace(ASK, messages=ASK.messages[:1]), "has 2 messages, not 1"),
        (replace(ASK, messages=(("user", "You cook."), ASK.messages[1])), "role 'system' in message 0, not 'user'"),
    ],
)
def test_a_request_that_was_not_recorded_is_told_what_differs(recording: Path, request_: Request, says: str) -> None:
    with pytest.raises(BrigadeError, match=says):
        run(ReplayReasoner(recording).ask(request_))


def test_asking_more_often_than_recorded_is_an_error(recording: Path) -> None:
    replay = ReplayReasoner(recording)
    assert isinstance(run(replay.ask(ASK)), Reply)
    with pytest.raises(BrigadeError, match="recorded 1 times and has been asked 2 times"):
        run(replay.ask(ASK))
    recording.write_text("")
    with pytest.raises(BrigadeError, match="holds no calls"):
        run(ReplayReasoner(recording).ask(ASK))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{", "[", "not valid JSON"),
        ('"purpose": "outline"', '"purpose": 3', "purpose"), ('"outline-1"', '"outline-2"', "edited"),
        ('"latency_s": 0.0', '"latency_s": "soon"', "latency_s"), ('"reply": {', '"rebly": {', "reply"),
        ("{", "[" * 5000, "not valid JSON"),
    ],
)  # fmt: skip
def test_damage_is_reported_with_its_line(recording: Path, old: str, new: str, says: str) -> None:
    first, second, end = recording.read_text(encoding="utf-8").split("\n")
    assert old in second
    recording.write_text("\n".join([first, second.replace(old, new, 1), end]), encoding="utf-8")
    with pytest.raises(ContentError, match=says) as caught:
        ReplayReasoner(recording)
    assert caught.value.line == 2


def test_a_missing_or_cut_recording_is_an_error(recording: Path, tmp_path: Path) -> None:
    recording.write_text(recording.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    with pytest.raises(ContentError, match=r":2: "):
        ReplayReasoner(recording)
    with pytest.raises(ContentError, match="no such file"):
        ReplayReasoner(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        ("gpt-4o-mini", 0.75), ("gpt-4o-mini-2024-07-18", 0.75), ("openai/gpt-4o-mini", 0.75), ("gpt-4o", 12.5),
        ("gpt-4o-latest", 12.5), ("gpt-4o-audio-preview", None), ("gpt-4", None), ("mine", None), ("house", 0.0),
    ],
)  # fmt: skip
def test_a_call_costs_what_the_table_says_or_unknown(model: str, cost: float | None) -> None:
    found = load_prices().cost_usd(model, 1_000_000, 1_000_000)
    assert found == (None if cost is None else pytest.approx(cost))


def test_own_prices_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("checked: 2026-01-01\nsource: me\nmodels:\n  mine: {input: 1, output: 2}\n")
    assert load_prices(path).cost_usd("mine", 1_000_000, 1_000_000) == 3
    path.write_text("checked: 2026-01-01\nsource: me\nmodels:\n  mine: {input: 1, output: 2, outptu: 3}\n")
    with pytest.raises(ContentError, match=r"prices\.yaml:4: .*did you mean 'output'"):
        load_prices(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    full = "cannot be written: No space left on device"
    path = tmp_path / "calls.jsonl"
    recording = RecordingReasoner(HouseReasoner(cook, HouseKnobs()), path)
    path.unlink()
    path.symlink_to("/dev/full")
    with pytest.raises(BrigadeError, match=f"calls.jsonl: {full}"):
        run(recording.ask(ASK))
    monkeypatch.setattr(os, "fsync", no_room)
    (tmp_path / "resumed.jsonl").write_text("")
    with pytest.raises(BrigadeError, match=f"begun.jsonl: {full}"):
        RecordingReasoner(HouseReasoner(cook, HouseKnobs()), tmp_path / "begun.jsonl")
    with pytest.raises(BrigadeError, match=f"resumed.jsonl: {full}"):
        ResumingReasoner(HouseReasoner(cook, HouseKnobs()), tmp_path / "resumed.jsonl")
    with pytest.raises(BrigadeError, match="cannot be made: File exists"):
        RecordingReasoner(HouseReasoner(cook, HouseKnobs()), path / "calls.jsonl")
    lesson = make_kind("lesson")
    memory = Memory(None, {"lesson": []}, {"lesson": tmp_path / "lessons.json"})  # type: ignore[arg-type]
    with pytest.raises(BrigadeError, match=f"lessons.json: {full}"):
        lesson.remember(memory, "be quick")


@pytest.mark.parametrize("answer", [Reply("half past", 3, 2, 1.5, "clock"), Failure("timeout", "no time", 2.0)])
def test_a_reasoner_that_only_answers_whole_streams_it_as_one_piece(answer: Answer) -> None:
    class Clock(Reasoner):
        async def ask(self, request: Request) -> Answer:
            return answer

    async def work() -> None:
        clock = Clock()
        async with clock.stream(FREE) as coming:
            pieces = [piece async for piece in coming]
        assert (pieces, coming.outcome) == (["half past"] if isinstance(answer, Reply) else [], answer)
        await clock.stream(FREE).aclose()
        await clock.close()

    run(work())
