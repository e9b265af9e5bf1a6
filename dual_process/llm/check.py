"""Trying an endpoint step by step, and saying in plain words what is wrong and what to do."""

from __future__ import annotations

from dataclasses import dataclass

import httpx2

from brigade.dual_process.llm.client import Endpoint, OpenAIReasoner
from brigade.dual_process.llm.json_text import find_json
from brigade.dual_process.llm.protocol import Answer, Failure, Request
from brigade.dual_process.llm.wire import JSON_MODES
from brigade.envs.registry import BrigadeError, nearest

SHOWN_MODELS = 8
_SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
_PLAIN = Request("check", "check-1", (("user", "Say in one word that you are ready to cook."),), None, 2000)
_TO_SAY = 'Say in one word that you are ready to cook, as a JSON object with one field, "text".'
_JSON = Request("check", "check-1", (("user", _TO_SAY),), _SCHEMA, 2000)


@dataclass(frozen=True)
class Finding:
    """What one step of a check found.

    Attributes:
        step: `key`, `models`, `completion`, `json` or `stream`.
        ok: whether it is as it should be.
        message: what was found.
        advice: what to do, empty when there is nothing.
    """

    step: str
    ok: bool
    message: str
    advice: str = ""


async def check_endpoint(endpoint: Endpoint, transport: httpx2.AsyncBaseTransport | None = None) -> list[Finding]:
    """Try an endpoint: its key, its models, a plain answer, an answer as JSON, a stream.

    Steps that cannot work after an earlier one failed are left out. A few short answers are paid for.

    Args:
        endpoint: where and how.
        transport: replaces the network, for tests.
    """
    try:
        reasoner = OpenAIReasoner(endpoint, transport)
    except BrigadeError as error:
        text, _, advice = str(error).partition(": ")
        return [Finding("key", False, text, advice)]
    try:
        about_models, names = await _models(reasoner)
        findings = [about_models, await _completion(reasoner, names)]
        if findings[-1].ok:
            findings += [await _json(endpoint, transport), await _stream(reasoner)]
    finally:
        await reasoner.close()
    return findings


async def _models(reasoner: OpenAIReasoner) -> tuple[Finding, list[str]]:
    names = await reasoner.models()
    model = reasoner.endpoint.model
    if isinstance(names, Failure):
        if names.kind in ("not_found", "bad_request", "server"):
            return Finding("models", True, "the endpoint does not list its models; that does no harm"), []
        return Finding("models", False, names.message, _advice(reasoner.endpoint, names)), []
    if model in names:
        return Finding("models", True, f"'{model}' is one of {len(names)} models"), names
    return Finding("models", False, f"'{model}' is not among the models", _model_advice(model, names)), names


async def _completion(reasoner: OpenAIReasoner, names: list[str]) -> Finding:
    answer = await reasoner.ask(_PLAIN)
    if isinstance(answer, Failure):
        advice = _advice(reasoner.endpoint, answer)
        if answer.kind == "not_found" and names:
            advice = _model_advice(reasoner.endpoint.model, names)
        return Finding("completion", False, answer.message, advice)
    counted = "estimated: the endpoint does not count" if answer.estimated else "counted by the endpoint"
    spent = f"{answer.prompt_tokens} + {answer.completion_tokens} tokens ({counted})"
    return Finding("completion", True, f"answered in {answer.latency_s:.2f} s, {spent}")


async def _json(endpoint: Endpoint, transport: httpx2.AsyncBaseTransport | None) -> Finding:
    modes = [endpoint.json_mode, *(mode for mode in JSON_MODES if mode != endpoint.json_mode)]
    first = ""
    for mode in modes:
        works, problem = await _works(endpoint.model_copy(update={"json_mode": mode}), transport)
        if works and mode == endpoint.json_mode:
            return Finding("json", True, f"json_mode '{mode}' works")
        if works:
            text = f"json_mode '{endpoint.json_mode}' does not work ({first}), '{mode}' does"
            return Finding("json", False, text, f"set json_mode to '{mode}'")
        first = first or problem
    text = f"no way of asking for JSON works ({first})"
    return Finding("json", False, text, "use another model: this one cannot play")


async def _works(endpoint: Endpoint, transport: httpx2.AsyncBaseTransport | None) -> tuple[bool, str]:
    """Whether a way of asking for JSON works; if not, why."""
    reasoner = OpenAIReasoner(endpoint, transport)
    try:
        answer: Answer = await reasoner.ask(_JSON)
    finally:
        await reasoner.close()
    if reasoner.json_mode != endpoint.json_mode:
        return False, "the endpoint refuses it"
    if isinstance(answer, Failure):
        return False, answer.message
    found = find_json(answer.text)
    if not isinstance(found, dict):
        return False, found.reason
    return "text" in found, "'text' is missing from the answer"


async def _stream(reasoner: OpenAIReasoner) -> Finding:
    async with reasoner.stream(_PLAIN) as stream:
        pieces = [piece async for piece in stream]
    if isinstance(stream.outcome, Failure):
        advice = "agents that read a plan while it is written (agile) will not work well; the others will"
        return Finding("stream", False, stream.outcome.message, advice)
    first = f", the first after {stream.times_s[0]:.2f} s" if stream.times_s else ""
    return Finding("stream", True, f"came in {len(pieces)} pieces{first}")


def _model_advice(model: str, names: list[str]) -> str:
    if not names:
        return "the endpoint offers no models at all; has it loaded one?"
    shown = ", ".join(names[:SHOWN_MODELS]) + (", ..." if len(names) > SHOWN_MODELS else "")
    guess = nearest(model, names)
    return f"{guess} It offers: {shown}" if guess.startswith("did you mean") else f"it offers: {shown}"


def _advice(endpoint: Endpoint, failure: Failure) -> str:
    """What to do about a failure."""
    key = f"${endpoint.key_env}" if endpoint.key_env else "no key (key_env is '')"
    return {
        "unreachable": f"nothing answers at {endpoint.base_url}: is the server running, and the address right?",
        "authentication": f"the endpoint does not accept {key}: is it the right key for {endpoint.base_url}?",
        "not_found": f"look at base_url ({endpoint.base_url}; it usually ends in /v1) and model ('{endpoint.model}')",
        "rate_limit": "wait, lower max_in_flight, or look at the account's quota",
        "timeout": "the model may still be loading; otherwise raise timeout_s and deadline_s",
        "bad_request": "the endpoint does not take one of the settings; the message says which",
        "cut_off": "raise max_tokens: models that reason need more than they answer with",
        "empty": "raise max_tokens: models that reason may use all of it before they answer",
    }.get(failure.kind, "the fault is the endpoint's; try again, or ask whoever runs it")
