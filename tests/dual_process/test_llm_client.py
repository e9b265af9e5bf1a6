"""Whatever an endpoint does comes back as a value, in time, and the key never leaves."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from types import FunctionType
from typing import Any, TypeVar

import httpx2
import pytest
import uvicorn
from pydantic import ValidationError

from brigade.dual_process.llm.check import Finding, check_endpoint
from brigade.dual_process.llm.client import Endpoint, OpenAIReasoner
from brigade.dual_process.llm.json_text import Malformed, find_json
from brigade.dual_process.llm.protocol import MAX_CHARACTERS, Failure, Reply, Request
from brigade.dual_process.llm.server import App, HouseKnobs, HouseReasoner, build_app, serve
from brigade.envs.registry import BrigadeError

T = TypeVar("T")
KEY = "sk-test-0123456789-never-to-be-seen"
SCHEMA = {"type": "object", "properties": {"tasks": {"type": "array"}}, "required": ["tasks"]}
ASK = Request("plan", "plan-2", (("system", "You cook."), ("user", "What next? ä ☃")), SCHEMA)
FREE = Request("outline", "outline-1", (("user", "Plan."),), None)
GOOD = {"rationale": "because", "tasks": [{"do": "serve(BeefBurger)", "leave": None, "when": None}]}
OK = {"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}], "model": "m"}
FAILURES = {
    "refusal": "refusal", "rate_limit": "rate_limit", "server_error": "server", "hang": "timeout",
    "cut_stream": "cut_off", "oversized": "too_long", "empty": "empty",
}  # fmt: skip
REPLIES = ["malformed", "hostile", "other_language", "prose"]


def cook(messages: Any, purpose: str, schema: Mapping[str, Any] | None, rng: random.Random) -> str:
    if purpose == "check":
        return json.dumps({"text": "ready"})
    return json.dumps(GOOD) if schema is not None else f"First the beef, then the bread, then all of it. {rng.random()}"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def endpoint(**options: Any) -> Endpoint:
    quick = {"base_url": "http://house/v1", "model": "house", "timeout_s": 5, "deadline_s": 5, "retries": 0}
    return Endpoint.model_validate(quick | {"backoff_s": 0.001} | options)


def transport_of(app: Any) -> httpx2.AsyncBaseTransport:
    """An ASGI app or a function from requests to responses, in place of the network."""
    return httpx2.MockTransport(app) if isinstance(app, FunctionType) else httpx2.ASGITransport(app=app)


@asynccontextmanager
async def asking(
    app: App | Callable[[httpx2.Request], httpx2.Response], **options: Any
) -> AsyncIterator[OpenAIReasoner]:
    """A client of an ASGI app, or of a function from requests to responses."""
    reasoner = OpenAIReasoner(endpoint(**options), transport_of(app))
    try:
        yield reasoner
    finally:
        await reasoner.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, 15))


def ask(app: Any, request: Request = ASK, **options: Any) -> Reply | Failure:
    async def work() -> Reply | Failure:
        async with asking(app, **options) as reasoner:
            return await reasoner.ask(request)

    return run(work())


def stream(app: Any, request: Request = ASK, **options: Any) -> tuple[list[str], Reply | Failure]:
    async def work() -> tuple[list[str], Reply | Failure]:
        async with asking(app, **options) as reasoner, reasoner.stream(request) as coming:
            pieces = [piece async for piece in coming]
            assert coming.outcome is not None
            assert len(coming.times_s) == len(pieces)
            assert sorted(coming.times_s) == coming.times_s
            return pieces, coming.outcome

    return run(work())


def house(**knobs: Any) -> App:
    return build_app(cook, HouseKnobs.model_validate(knobs))


def failing(status: int, message: str = "no", headers: Mapping[str, str] | None = None, **error: Any) -> Any:
    body = {"error": {"message": message, **error}}
    return lambda request: httpx2.Response(status, json=body, headers=dict(headers or {}))


def test_an_answer_comes_whole_and_with_its_tokens() -> None:
    reply = ask(house())
    assert isinstance(reply, Reply)
    assert json.loads(reply.text) == GOOD
    assert (reply.estimated, reply.attempts, reply.model) == (False, 1, "house")
    assert reply.prompt_tokens > 0
    assert reply.completion_tokens > 0


def test_a_stream_comes_in_pieces_that_make_the_whole() -> None:
    pieces, outcome = stream(house(), FREE)
    assert len(pieces) > 2
    assert isinstance(outcome, Reply)
    assert "".join(pieces) == outcome.text
    assert not outcome.estimated
    assert outcome.completion_tokens > 0


@pytest.mark.parametrize("fault", list(FAILURES))
def test_every_fault_of_an_endpoint_is_a_failure(fault: str) -> None:
    app = house(faults={fault: 1})
    failure = ask(app, timeout_s=0.1, deadline_s=0.2)
    assert isinstance(failure, Failure)
    assert failure.kind == FAILURES[fault]
    _, outcome = stream(app, timeout_s=0.1, deadline_s=0.2)
    assert isinstance(outcome, Failure)
    assert outcome.kind == FAILURES[fault]


@pytest.mark.parametrize("fault", REPLIES)
def test_bad_answers_are_still_answers(fault: str) -> None:
    reply = ask(house(faults={fault: 1}))
    assert isinstance(reply, Reply)
    found = find_json(reply.text)
    if fault == "prose":
        assert found == GOOD
    elif fault == "hostile":
        assert isinstance(found, dict)
        assert all(task["when"] for task in found["tasks"])
    else:
        assert isinstance(found, Malformed)


@pytest.mark.parametrize("fault", ["", *FAILURES, *REPLIES])
def test_house_answers_alike_in_process_and_over_http(fault: str) -> None:
    knobs = HouseKnobs.model_validate({"faults": {fault: 1} if fault else {}, "seed": 5})

    async def work() -> None:
        here = HouseReasoner(cook, knobs, deadline_s=0.1)
        async with asking(build_app(cook, knobs), timeout_s=0.1, deadline_s=0.1) as there:
            for request in (ASK, FREE, ASK):
                one, two = await here.ask(request), await there.ask(request)
                assert type(one) is type(two)
                if isinstance(one, Reply) and isinstance(two, Reply):
                    assert (one.text, one.completion_tokens) == (two.text, two.completion_tokens)
                elif isinstance(one, Failure) and isinstance(two, Failure):
                    assert one.kind == two.kind

    run(work())


def test_house_repeats_itself_whatever_the_order() -> None:
    knobs = HouseKnobs(seed=3, faults={"malformed": 0.3, "empty": 0.3})

    async def answers(order: list[Request]) -> dict[str, list[Any]]:
        reasoner, found = HouseReasoner(cook, knobs), dict[str, list[Any]]()
        for request in order:
            found.setdefault(request.purpose, []).append(await reasoner.ask(request))
        return found

    mixed = run(answers([ASK, FREE] * 40))
    assert mixed == run(answers([FREE] * 40 + [ASK] * 40))
    assert len({repr(answer) for answer in mixed["plan"]}) > 2


def test_house_says_how_long_it_would_have_taken() -> None:
    async def work() -> None:
        slow = HouseReasoner(cook, HouseKnobs(ttft_s=2, tokens_per_second=1), deadline_s=1000)
        reply = await slow.ask(FREE)
        assert isinstance(reply, Reply)
        assert reply.latency_s == 2 + reply.completion_tokens
        async with slow.stream(FREE) as coming:
            assert [piece async for piece in coming]
        assert coming.times_s[0] > 2
        assert isinstance(coming.outcome, Reply)
        assert coming.times_s[-1] <= coming.outcome.latency_s
        hangs = HouseReasoner(cook, HouseKnobs(faults={"hang": 1}), deadline_s=7)
        assert await hangs.ask(ASK) == Failure("timeout", "no answer within the deadline of 7 s", 7)

    run(work())


@pytest.mark.parametrize("knobs", [{"faults": {"hnag": 1}}, {"faults": {"hang": 0.6, "empty": 0.6}},
                                   {"latency_s": 1, "tokens_per_second": 5}, {"latncy_s": 1}])  # fmt: skip
def test_knobs_that_make_no_sense_are_refused(knobs: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HouseKnobs.model_validate(knobs)


@pytest.mark.parametrize(
    ("response", "kind", "attempts"),
    [
        (failing(401), "authentication", 1), (failing(403), "authentication", 1), (failing(404), "not_found", 1),
        (failing(400), "bad_request", 1), (failing(422), "bad_request", 1), (failing(409), "server", 3),
        (failing(500), "server", 3), (failing(503), "server", 3), (failing(408), "timeout", 3),
        (failing(429), "rate_limit", 3), (failing(429, code="insufficient_quota"), "rate_limit", 1),
        (failing(400, code="context_length_exceeded"), "too_long", 1), (failing(413), "too_long", 1),
        (failing(400, code="content_filter"), "refusal", 1),
        (lambda request: httpx2.Response(200, text="<html>hello</html>"), "not_found", 1),
        (lambda request: httpx2.Response(200, json={"choices": "none"}), "server", 3),
        (lambda request: httpx2.Response(200, json=[1]), "server", 3),
        (lambda request: httpx2.Response(200, content=b"\xff\xfe{"), "server", 3),
        (lambda request: httpx2.Response(200, content=b'{"choices": [' + b"[" * 5000), "cut_off", 3),
        (lambda request: httpx2.Response(200, json={"choices": []}), "empty", 1),
        (lambda request: httpx2.Response(302, headers={"location": "/v1/chat/completions"}), "not_found", 1),
        (lambda request: httpx2.Response(200, json={"choices": [
            {"message": {"content": "{"}, "finish_reason": "length"}]}), "cut_off", 1),
        (lambda request: httpx2.Response(200, json={"choices": [
            {"message": {"content": None}, "finish_reason": "content_filter"}]}), "refusal", 1),
    ],
)  # fmt: skip
def test_every_refusal_has_its_kind(response: Any, kind: str, attempts: int) -> None:
    failure = ask(response, FREE, retries=2)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.attempts) == (kind, attempts), failure
    assert failure.message


GARBAGE = [b"", b"data: 5\n\n", b"data: {\n\n", b"data: [1]\n\n", b"data: null\n\n", b"\xff\xff\n\n", b"<html>",
           b'data: {"choices": 3}\n\n', b'data: {"error": {"message": "gone"}}\n\n', b"data: " + b"[" * 9000 + b"\n\n",
           b'data: {"choices": [{"delta": {"content": 7}}]}\n\n', b"data: [DONE]\n\n"]  # fmt: skip


@pytest.mark.parametrize("body", GARBAGE)
def test_a_stream_of_garbage_just_ends(body: bytes) -> None:
    headers = {"content-type": "text/event-stream"}
    pieces, outcome = stream(lambda request: httpx2.Response(200, content=body, headers=headers), FREE)
    assert pieces == []
    assert isinstance(outcome, Failure)
    assert outcome.message


def test_rate_limits_are_waited_out_and_the_pause_asked_for_is_kept() -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.url.path)
        if len(seen) < 3:
            return httpx2.Response(429, json={}, headers={"retry-after-ms": "10"})
        return httpx2.Response(200, json=OK)

    reply = ask(answer, FREE, retries=2)
    assert isinstance(reply, Reply)
    assert reply.attempts == 3
    assert reply.estimated
    seen.clear()
    failure = ask(failing(429, headers={"retry-after": "60"}), FREE, retries=2)  # longer than the deadline
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.attempts) == ("rate_limit", 1)


@pytest.mark.parametrize("status", [400, 500])
def test_json_is_asked_for_in_another_way_when_the_schema_is_refused(status: int) -> None:
    asked: list[Any] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        asked.append(body.get("response_format", {}).get("type", "none"))
        if "response_format" in body:
            return httpx2.Response(status, json={"error": {"message": "'response_format' is not supported"}})
        assert json.dumps(SCHEMA) in body["messages"][-1]["content"]
        return httpx2.Response(200, json=OK)

    async def work() -> None:
        async with asking(answer) as reasoner:
            for _ in range(2):
                assert isinstance(await reasoner.ask(ASK), Reply)
            assert reasoner.json_mode == "none"

    run(work())
    assert asked == ["json_schema", "json_object", "none", "none"]


def test_settings_are_sent_as_they_are_asked_for() -> None:
    bodies: list[Any] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        if "max_tokens" in bodies[-1]:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return httpx2.Response(400, json={"error": {"message": message}})
        return httpx2.Response(200, json=OK)

    ask(answer, temperature=0, seed=7, extra={"top_k": 3}, json_mode="json_object_schema", max_tokens=50)
    assert len(bodies) == 2
    assert bodies[1]["response_format"] == {"type": "json_object", "schema": SCHEMA}
    wanted = {"temperature": 0, "seed": 7, "top_k": 3, "max_completion_tokens": 50, "model": "house"}
    assert {name: bodies[1][name] for name in wanted} == wanted
    assert "top_p" not in bodies[1]


@pytest.mark.parametrize("options", [{"base_url": "house"}, {"base_url": "http://me:secret@house/v1"}, {"modle": "x"},
                                     {"extra": {"api_key": "x"}}, {"retries": -1}])  # fmt: skip
def test_endpoints_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        endpoint(**options)


def test_the_deadline_covers_queue_attempts_and_pauses() -> None:
    queued = ask(failing(500), FREE, retries=10, backoff_s=5, deadline_s=0.1)
    assert isinstance(queued, Failure)
    assert (queued.kind, queued.attempts) == ("server", 1)  # the pause would end after the deadline: no use waiting
    hung = ask(house(faults={"hang": 1}), retries=10, timeout_s=0.02, deadline_s=0.1)
    assert isinstance(hung, Failure)
    assert hung.kind == "timeout"
    assert hung.attempts > 1

    async def work() -> None:
        async with asking(house(faults={"hang": 1}), max_in_flight=1, timeout_s=1, deadline_s=0.1) as reasoner:
            answers = await asyncio.gather(*(reasoner.ask(ASK) for _ in range(3)))
            assert [answer.kind for answer in answers if isinstance(answer, Failure)] == ["timeout"] * 3

    run(work())


def test_no_more_calls_are_in_flight_than_allowed() -> None:
    now, most = 0, 0
    inner = house()

    class Counting:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.005)
            try:
                await inner(scope, receive, send)
            finally:
                now -= 1

    async def work() -> None:
        async with asking(Counting(), max_in_flight=2) as reasoner:

            async def read() -> None:
                async with reasoner.stream(FREE) as coming:
                    assert [piece async for piece in coming]

            asked = [reasoner.ask(ASK) for _ in range(6)]
            answers: list[Any] = list(await asyncio.gather(*asked, read(), read()))
            assert all(isinstance(answer, Reply) for answer in answers[:6])
            assert max(answer.queued_s for answer in answers[:6]) > 0

    run(work())
    assert most == 2


def test_a_cancelled_call_gives_its_place_back() -> None:
    async def work() -> None:
        app = house(latency_s=0.05)
        async with asking(app, max_in_flight=1) as reasoner:
            task = asyncio.ensure_future(reasoner.ask(ASK))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with reasoner.stream(FREE) as coming:
                await anext(coming)  # and leave early
            assert coming.outcome is None
            assert isinstance(await reasoner.ask(ASK), Reply)

    run(work())


@asynccontextmanager
async def served(app: App) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
        task = asyncio.ensure_future(server.serve(sockets=[taken]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            await task


def test_over_a_socket_answers_streams_and_faults_are_the_same() -> None:
    async def work() -> None:
        async with served(house(tokens_per_second=2000)) as url:
            reasoner = OpenAIReasoner(endpoint(base_url=url))
            reply = await reasoner.ask(ASK)
            assert isinstance(reply, Reply)
            assert json.loads(reply.text) == GOOD
            async with reasoner.stream(FREE) as coming:
                pieces = [piece async for piece in coming]
            assert isinstance(coming.outcome, Reply)
            assert coming.times_s[0] < coming.times_s[-1]  # really as it comes
            assert "".join(pieces) == coming.outcome.text
            await reasoner.close()
        for fault in ("hang", "cut_stream"):
            async with served(house(faults={fault: 1})) as url:
                reasoner = OpenAIReasoner(endpoint(base_url=url, timeout_s=0.1, deadline_s=0.2))
                answer = await reasoner.ask(ASK)
                assert isinstance(answer, Failure)
                assert answer.kind == FAILURES[fault]
                await reasoner.close()

    run(work())


def test_a_connection_that_dies_is_cut_off_and_a_closed_port_unreachable() -> None:
    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        chunk = b'data: {"choices": [{"delta": {"content": "First "}}]}\n\n'
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        writer.write(head + f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def work() -> None:
        server = await asyncio.start_server(dies, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        reasoner = OpenAIReasoner(endpoint(base_url=url))
        async with reasoner.stream(FREE) as coming:
            assert [piece async for piece in coming] == ["First "]
        assert isinstance(coming.outcome, Failure)
        assert coming.outcome.kind == "cut_off"
        answer = await reasoner.ask(FREE)
        assert isinstance(answer, Failure)
        assert answer.kind == "cut_off"
        server.close()
        await server.wait_closed()
        answer = await reasoner.ask(FREE)
        assert isinstance(answer, Failure)
        assert answer.kind == "unreachable"
        await reasoner.close()

    run(work())


def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BrigadeError, match="choose another port"):
        run(serve(house(), taken.getsockname()[1]))


def test_the_key_never_leaves(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    header: list[str] = []

    def tell(request: httpx2.Request) -> httpx2.Response:
        header.append(request.headers["authorization"])
        return httpx2.Response(401, json={"error": {"message": "x" * 360 + f" bad key {KEY} " + KEY * 9}})

    def echo(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"choices": [{"message": {"content": f"your key is {KEY}"}}]})

    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError(f"cannot send {request.headers['authorization']}")

    async def work() -> list[str]:
        seen = []
        for answer in (tell, echo, broken):
            async with asking(answer) as reasoner:
                async with reasoner.stream(FREE) as coming:
                    seen += [piece async for piece in coming]
                seen += [repr(reasoner), str(reasoner), repr(await reasoner.ask(FREE)), repr(coming.outcome)]
                seen += [repr(await reasoner.models()), repr(reasoner.endpoint), reasoner.endpoint.model_dump_json()]
        return seen

    texts = run(work()) + [record.getMessage() for record in caplog.records] + [caplog.text]
    assert header[0] == f"Bearer {KEY}"
    assert not [text for text in texts if KEY[:12] in text]


def test_no_key_is_an_error_that_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(BrigadeError, match=r"no key in \$OPENAI_API_KEY"):
        OpenAIReasoner(endpoint())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very secret")
    with pytest.raises(BrigadeError) as caught:
        OpenAIReasoner(endpoint())
    assert "secret" not in str(caught.value)
    assert isinstance(ask(house(), key_env=""), Reply)


def check(app: Any, **options: Any) -> dict[str, Finding]:
    return {finding.step: finding for finding in run(check_endpoint(endpoint(**options), transport_of(app)))}


def test_check_is_content_with_house_and_explains_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = check(house())
    assert list(findings) == ["models", "completion", "json", "stream"]
    assert all(finding.ok for finding in findings.values()), findings
    wrong_model = check(house(), model="hose")
    assert "did you mean 'house'?" in wrong_model["models"].advice
    assert not wrong_model["completion"].ok
    refused = check(failing(401))
    assert "$OPENAI_API_KEY" in refused["completion"].advice
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "no key in $OPENAI_API_KEY" in check(house())["key"].message


def test_check_says_which_way_of_asking_for_json_works() -> None:
    def llama(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(404, json={})
        body = json.loads(request.content)
        wanted = body.get("response_format")
        if wanted and wanted["type"] == "json_schema":
            return httpx2.Response(500, json={"error": {"message": "json_schema is not supported"}})
        text = '{"text": "ready"}' if wanted and "schema" in wanted else "ready"
        return httpx2.Response(200, json={"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})

    findings = check(llama)
    assert findings["models"].ok
    assert findings["json"].advice == "set json_mode to 'json_object_schema'"
    assert not findings["stream"].ok


def test_check_says_that_nothing_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    findings = run(check_endpoint(endpoint(base_url=url)))
    assert {finding.step for finding in findings} == {"models", "completion"}
    assert all("is the server running" in finding.advice for finding in findings)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": "}"}}', 'So:\n```json\n{"a": {"b": "}"}}\n```', '<think>{"x": 1}</think>{"a": {"b": "}"}}',
        'maybe {"x": 1}</think> {"a": {"b": "}"}} {"c": 2}', "{curly} text {\"a\": {\"b\": \"}\"}}",
        '[THINK]hm[/THINK]{"a": {"b": "}"}}', '{"x": 1,} no: {"a": {"b": "}"}}',
        '<|channel|>analysis<|message|>{"x": 1}<|end|><|channel|>final<|message|>{"a": {"b": "}"}}',
    ],
)  # fmt: skip
def test_the_object_is_found(text: str) -> None:
    assert find_json(text) == {"a": {"b": "}"}}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r'{"a": "\ud83d"}', {"a": "\ufffd"}), (r'{"a": ["\udc00\ud83d", 1]}', {"a": ["\ufffd\ufffd", 1]}),
        (r'so: {"\ud83d": {"b": "\ud83d!"}}', {"\ufffd": {"b": "\ufffd!"}}), ('{"a": "\ud83d"}', {"a": "\ufffd"}),
        (r'{"a": "\ud83c\udf72"}', {"a": "\U0001f372"}), (r'{"a": "\\ud83d"}', {"a": r"\ud83d"}),
    ],
)  # fmt: skip
def test_halves_of_characters_are_replaced(text: str, found: Any) -> None:
    assert find_json(text) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing"), ("no", "no JSON"), ('{"a": 1,}', "not valid"), ('{"a": {"b": 1}, "c"', "cut off"),
        ("<think>{}", "reasoning without"), ("{'a': 1}", "no JSON"), ('{"a":' * 5000, "nested"), ('{"a": NaN}', "NaN"),
        ('{"a": 1e999}', "too large"), ('{"a": ' + "1" * 5000 + "}", "not valid"), ("x" * (MAX_CHARACTERS + 1), "more"),
        ("[" * 60_000, "no JSON"), ('{"' * 30_000, "nested"), ('{"a' * 9, "cut off"),
        ("<think>" * 9000, "reasoning without"),
        ("</think>" * 8000, "reasoning without"),
        ('{"a": "\n"}', "not valid"), ("[1]", "no JSON"),
    ],
)  # fmt: skip
def test_what_is_no_object_is_malformed_with_a_reason(text: str, reason: str) -> None:
    found = find_json(text)
    assert isinstance(found, Malformed)
    assert reason in found.reason


def test_who_asks_no_endpoint_does_not_wait_for_its_library_to_load() -> None:
    code = "import sys; from brigade.agents.base import make_agent; make_agent('dpt'); print('openai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
