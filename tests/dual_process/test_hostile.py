"""Endpoints that misbehave in every way: each is an answer or a failure, in time and within bounds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from brigade.dual_process.llm.client import Endpoint, OpenAIReasoner
from brigade.dual_process.llm.clients import BesideReasoner
from brigade.dual_process.llm.hostile import KINDS, Hostile
from brigade.dual_process.llm.protocol import MAX_CHARACTERS, Answer, Failure, Reply, Request
from brigade.dual_process.reasoners import Occasion, make_reasoner, spec_of
from brigade.envs.registry import BrigadeError

ASKED = Request("belief", "belief-2", (("user", "x"),), None, 100)
SECRET = "sk-secret-key-123456"
# What comes of a whole answer, and of a stream; `any` where it depends on how the bytes happen to come.
EXPECTED = {
    "good": ("reply", "reply"), "silence": ("timeout", "timeout"), "slow_drip": ("timeout", "timeout"),
    "endless": ("too_long", "too_long"), "endless_spaces": ("too_long", "any"),
    "endless_continue": ("timeout", "timeout"), "endless_events": ("timeout", "timeout"),
    "huge_text": ("too_long", "any"), "huge_error": ("too_long", "too_long"),
    "gzip_bomb": ("too_long", "any"), "gzip_good": ("reply", "any"), "long_text": ("too_long", "too_long"),
    "html": ("not_found", "any"), "split_emoji": ("reply", "reply"), "half_emoji": ("reply", "reply"),
    "surrogate": ("reply", "any"), "error_surrogate": ("bad_request", "bad_request"),
    "evil_error": ("bad_request", "any"),
    "refusal_surrogate": ("refusal", "any"), "huge_usage": ("reply", "any"), "usage_bad": ("reply", "any"),
    "redirect_to_itself": ("not_found", "not_found"), "redirect_elsewhere": ("not_found", "not_found"),
    "no_choices": ("empty", "any"), "no_end": ("cut_off", "cut_off"), "reset": ("cut_off", "cut_off"),
}  # fmt: skip


def kind_of(answer: Answer | None) -> str:
    return answer.kind if isinstance(answer, Failure) else "reply"


@asynccontextmanager
async def endpoint(kind: str) -> AsyncIterator[Endpoint]:
    async with Hostile(kind).listening() as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        yield Endpoint(base_url=url, model="m", timeout_s=0.4, deadline_s=0.8, retries=1, backoff_s=0.05)


async def asked_both_ways(kind: str) -> tuple[Answer, Answer | None, float]:
    async with endpoint(kind) as at:
        reasoner = OpenAIReasoner(at)
        begun = time.monotonic()
        whole = await reasoner.ask(ASKED)
        async with reasoner.stream(ASKED) as stream:
            async for _ in stream:
                pass
        await reasoner.close()
        return whole, stream.outcome, time.monotonic() - begun


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)


QUICK = {
    "good", "silence", "endless", "gzip_bomb", "split_emoji", "half_emoji", "surrogate", "error_surrogate",
    "evil_error", "evil_text", "redirect_to_itself", "huge_error", "html", "no_end", "reset",
}  # fmt: skip


@pytest.mark.parametrize(
    "kind", [each if each in QUICK else pytest.param(each, marks=pytest.mark.outer) for each in KINDS]
)
def test_every_kind_of_misbehaviour_is_an_answer_or_a_failure(kind: str) -> None:
    whole, streamed, spent = asyncio.run(asked_both_ways(kind))
    for answer, expected in zip((whole, streamed), EXPECTED.get(kind, ("any", "any")), strict=True):
        assert answer is not None
        assert expected in ("any", kind_of(answer))
        said = answer.text if isinstance(answer, Reply) else answer.message
        said.encode()
        assert len(said) <= MAX_CHARACTERS
        assert all(c.isprintable() or c in "\n\t" for c in said)
        assert SECRET not in said
        if isinstance(answer, Reply):
            assert len(answer.model) <= 200
            assert 0 <= answer.prompt_tokens < 10**9
    assert spent < 30  # twice a deadline of less than a second; machines are slow


def test_a_prompt_is_sent_to_nobody_but_the_endpoint() -> None:
    async def scenario() -> tuple[Answer, int]:
        reached = 0

        async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal reached
            reached += 1
            writer.close()

        async with endpoint("redirect_elsewhere") as at:
            port = int(at.base_url.split(":")[2].split("/")[0])
            try:
                other = await asyncio.start_server(elsewhere, "127.0.0.1", port + 1)
            except OSError:
                pytest.skip("the next port is taken")
            async with other:
                reasoner = OpenAIReasoner(at)
                answer = await reasoner.ask(ASKED)
                await reasoner.close()
                return answer, reached

    answer, reached = asyncio.run(scenario())
    assert isinstance(answer, Failure)
    assert "the prompt is sent to base_url alone" in answer.message
    assert reached == 0


async def scenario_of_a_worker() -> None:
    """Some worker has begun."""
    async with endpoint("good") as at:
        await BesideReasoner(at.model_copy(update={"timeout_s": 10.0, "deadline_s": 20.0})).ask(ASKED)


class TestBeside:
    """The client in the process beside the kitchen."""

    def test_it_answers_as_one_in_this_process_does(self) -> None:
        async def scenario(kind: str) -> tuple[str, str, list[str]]:
            async with endpoint(kind) as at:
                reasoner = BesideReasoner(at.model_copy(update={"timeout_s": 10.0, "deadline_s": 20.0}))
                whole = await reasoner.ask(ASKED)
                async with reasoner.stream(ASKED) as stream:
                    pieces = [piece async for piece in stream]
                await reasoner.close()
                return kind_of(whole), kind_of(stream.outcome), pieces

        assert asyncio.run(scenario("good"))[:2] == ("reply", "reply")
        assert asyncio.run(scenario("split_emoji"))[2] == ["Nice ", "😀 plan"]
        assert asyncio.run(scenario("error_surrogate"))[0] == "bad_request"

    def test_it_is_used_where_ticks_do_not_wait(self) -> None:
        spec = spec_of({"endpoint": {"model": "m", "base_url": "http://127.0.0.1:9/v1"}})
        assert isinstance(make_reasoner(spec, Occasion(real=True)), BesideReasoner)
        assert isinstance(make_reasoner(spec, Occasion()), OpenAIReasoner)

    def test_who_does_not_wait_any_more_is_forgotten(self) -> None:
        async def scenario() -> int:
            async with endpoint("silence") as at:
                reasoner = BesideReasoner(at)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await reasoner.ask(ASKED)
                await reasoner.close()
                from brigade.dual_process.beside.worker import shared_worker

                return len(shared_worker()._listeners)

        assert asyncio.run(scenario()) == 0

    def test_a_process_that_is_killed_is_a_failure_and_another_one_begins(self) -> None:
        async def scenario() -> tuple[str, str]:
            from brigade.dual_process.beside.worker import shared_worker

            async with endpoint("silence") as silent, endpoint("good") as good:
                waiting = asyncio.create_task(BesideReasoner(silent.model_copy(update={"deadline_s": 60.0})).ask(ASKED))
                await asyncio.sleep(0.2)
                shared_worker()._process.kill()
                lost = await waiting
                again = await BesideReasoner(good.model_copy(update={"timeout_s": 10.0, "deadline_s": 20.0})).ask(ASKED)
                return kind_of(lost), kind_of(again)

        assert asyncio.run(scenario()) == ("unreachable", "reply")

    def test_an_error_of_our_own_is_told_and_no_timeout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def scenario() -> None:
            async with endpoint("good") as at:
                broken = at.model_copy(update={"max_in_flight": -1, "deadline_s": 20.0})  # what no endpoint can have
                await BesideReasoner(broken).ask(ASKED)

        with pytest.raises(BrigadeError, match="ValueError"):
            asyncio.run(scenario())

    def test_the_key_is_that_of_now(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def scenario() -> str:
            async with endpoint("good") as at:
                other = at.model_copy(update={"key_env": "ANOTHER_KEY", "timeout_s": 10.0, "deadline_s": 20.0})
                return kind_of(await BesideReasoner(other).ask(ASKED))

        asyncio.run(scenario_of_a_worker())
        monkeypatch.setenv("ANOTHER_KEY", "sk-after-the-worker-began")
        assert asyncio.run(scenario()) == "reply"

    def test_a_missing_key_is_said_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENAI_API_KEY")
        with pytest.raises(BrigadeError, match="no key"):
            BesideReasoner(Endpoint(model="m"))


def test_an_unknown_kind_is_told_with_the_nearest() -> None:
    with pytest.raises(BrigadeError, match="did you mean 'silence'"):
        Hostile("silense")
