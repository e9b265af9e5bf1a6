"""House as prover and verifier: scripted answers to the prompts of `talk`. An instrument, not a language model.

It reads the JSON in the prompt. As prover it solves a word problem from its text, or takes the claim it is offered; a
sneaky one makes one slip, or takes the claim that is too early. As verifier it looks at every line that it was shown
(each with probability `quality`), asks while there is something left to ask, and accepts what holds. In a kitchen,
where it can look, it does so at up to two checkpoints, first at those that are the claim itself come true in time;
where there is none of these, it accepts the claim only if it is careless, with probability 1 - `quality`.

It does not understand problems from a file. As prover it knows what the file marks as worked out, and says that or an
alteration; where nothing is marked it says the bare answer. As verifier it does not know the file: it looks whether
lines are worked out correctly and come to the answer, not whether they belong there, and rejects a bare answer.

Of two opponents it believes neither: what is said for a statement must stand, without gaps, and no line that is shown
against it may be wrong.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from brigade.dual_process.llm.house import Messages, read_state
from brigade.dual_process.llm.json_text import find_json
from brigade.envs.prover_verifier.arithmetic.problem import VERBS, Problem, Step, apply, read_number
from brigade.envs.prover_verifier.arithmetic.solution import Edit, Solution, read_solution, solve
from brigade.envs.prover_verifier.arithmetic.working import worked_out, wrong_variants
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.language.dialogue import JUDGE

SLIPS = (1, -1, 2, 10, -10)
LOOKS = 2  # at checkpoints
AGAINST = "Look at line"  # begins what house says against a statement
NONE_KNOWN: Mapping[str, Solution] = MappingProxyType({})
_BEGIN = re.compile(r"(?:has|are) (\S+) [a-z ]+?(?:s\b|\.)")
_END = re.compile(r"Now there are (\S+?)\.")
_VERB = "|".join(verb for verbs in VERBS.values() for verb in verbs)
_AMOUNT = r"some|[\d./]+"
_STEP = re.compile(rf"(?P<fewer>there are (?P<n2>{_AMOUNT}) (?P<way>more|fewer))|(?P<verb>{_VERB}) (?P<n1>{_AMOUNT})")


def answer(
    messages: Messages,
    purpose: str,
    schema: Mapping[str, Any] | None,
    rng: random.Random,
    *,
    quality: float,
    known: Mapping[str, Solution] = NONE_KNOWN,
) -> str:
    """Answer a prompt of `talk`.

    Args:
        messages: the prompt.
        purpose: whether to prove or to judge.
        schema: the form of the answer.
        rng: what slips are drawn from.
        quality: how often a verifier looks at a line, and a prover is careful.
        known: problems from a file, by their text, with what is marked there as worked out.
    """
    state = read_state(messages)
    if purpose == JUDGE:
        return json.dumps(_judge(state, rng, quality, known))
    if "in_time" in state:
        return json.dumps({"claim": state["too_early" if state["goal"] == "sneaky" else "in_time"], "text": ""})
    if "solution" in state:
        return json.dumps({"text": _argue(str(state["solution"]), str(state["goal"]))})
    if "claim" in state:
        word = "holds" if state["goal"] == "accept" else "does not hold"
        return json.dumps({"text": f"This claim {word}."})
    careful = state["goal"] == "helpful" and rng.random() < quality
    text = str(state["problem"])
    if text in known:
        said = known[text] if careful else rng.choice(wrong_variants(known[text]))
    else:
        said = _solved(text, careful, rng)
    return json.dumps({"text": said.text})


def read_problem(text: str) -> Problem:
    """The numbers of a word problem back from its text, as far as house understands it."""
    begin, end = _BEGIN.search(text), _END.search(text)
    start = read_number(begin[1]) if begin else None
    steps: list[Step] = []
    untold: int | None = None
    for match in _STEP.finditer(text):
        op = _operation(match)
        amount = read_number(match["n1"] or match["n2"] or "")
        if amount is None:
            untold = len(steps)
        steps.append(Step(op, amount if amount is not None else 1))
    if start is None and end is not None:
        value = read_number(end[1]) or 0
        for step in reversed(steps):
            value = apply({"+": "-", "-": "+", "*": "/", "/": "*"}[step.op], value, step.amount)
        return Problem("", "", value, tuple(steps), asks="start", untold=untold)
    return Problem("", "", start or 0, tuple(steps), untold=untold)


def _operation(match: re.Match[str]) -> str:
    if match["fewer"]:
        return "+" if match["way"] == "more" else "-"
    return next(op for op, verbs in VERBS.items() if match["verb"] in verbs)


def _solved(text: str, careful: bool, rng: random.Random) -> Solution:
    problem = read_problem(text)
    if careful:
        return solve(problem)
    kind = "final" if problem.untold is not None or rng.random() < 0.3 else "slip"
    return solve(problem, Edit(kind, rng.randrange(max(1, len(problem.steps))), rng.choice(SLIPS)))


def _argue(solution: str, goal: str) -> str:
    """For acceptance the lines that hold, against it the first one that does not; in a form that can be checked."""
    read = read_solution(solution)
    holding = [row.holds for row in read.rows]
    lines = solution.splitlines()
    if goal == "reject":
        wrong = holding.index(False) if False in holding else 0
        return f"{AGAINST} {wrong + 1}:\n{lines[wrong]}\n{lines[-1]}"
    return "\n".join([line for line, fine in zip(lines, holding, strict=False) if fine] + lines[-1:])


def _judge(
    state: Mapping[str, Any], rng: random.Random, quality: float, known: Mapping[str, Solution]
) -> dict[str, Any]:
    heard = [line for line in state.get("talk", []) if line["speaker"] not in ("verifier", "world")]
    seen = [str(line["text"]) for line in state.get("talk", []) if line["speaker"] == "world"]
    asked = sum(line["speaker"] == "verifier" for line in state.get("talk", []))
    if "near" in state:  # a kitchen: looks are all there is to go by
        order, settled = _worth_looking(state, heard)
        if state["may_ask"] and asked < len(order) and not any("not so" in text for text in seen):
            return {"verdict": "ask", "confidence": 0.5, "question": str(order[asked])}
        fine = any(line["text"] for line in heard) and not any("not" in text for text in seen)
        if seen and not settled and rng.random() < quality:
            fine = False
        return {"verdict": "accept" if fine else "reject", "confidence": 0.7 if fine else 0.1, "question": ""}
    if not heard and state["may_ask"]:
        return {"verdict": "ask", "confidence": 0.5, "question": "Show me every step."}
    problem = str(state["problem"])
    texts = [str(line["text"]) for line in heard]
    against = [text for text in texts if text.startswith(AGAINST)]
    whole = [text for text in texts if not text.startswith(AGAINST)]
    fine = bool(whole) and all(_stands(text, problem, rng, quality, known, shown=bool(against)) for text in whole)
    fine = fine and not any(_is_wrong(text, problem, rng, quality, known) for text in against)
    return {"verdict": "accept" if fine else "reject", "confidence": 0.95 if fine else 0.05, "question": ""}


def _worth_looking(state: Mapping[str, Any], heard: Sequence[Mapping[str, Any]]) -> tuple[list[int], bool]:
    """Which checkpoints of the claim to look at, the most telling ones first, and whether the first settles it."""

    def settles(number: int) -> bool:
        point = points[number]
        in_time = point["item"] == claim["item"] and point["tick"] <= claim["by"]
        return bool(in_time and (claim["kind"] == "served" or point["at"] in state["reach"]))

    try:
        stated = [str(line["text"]) for line in heard if line["text"]]
        claim: Any = state["claim"] if "claim" in state else find_json(stated[-1])
        points = claim["checkpoints"]
        order = sorted(range(len(points)), key=settles, reverse=True)[:LOOKS]
        return order or [0], bool(order) and settles(order[0])
    except (LookupError, TypeError):  # a prover that is not house may have said anything
        return [0], False


def _stands(
    text: str, problem: str, rng: random.Random, quality: float, known: Mapping[str, Solution], shown: bool = False
) -> bool:
    """Whether the lines that are looked at are worked out correctly, from numbers that the problem tells.

    Where lines are shown by opponents, one that leaves out what is wrong leaves a gap: the next line does not begin
    where the last one ended. In what a file marks it need not.
    """
    said = _read(text)
    if said is None:
        return False
    checks = [*_lines_hold(said, problem, known), *_comes_out(said, problem, known)]
    if shown and problem not in known:
        checks.append(_is_whole(said))
    return all(fine or rng.random() >= quality for fine in checks)


def _is_wrong(text: str, problem: str, rng: random.Random, quality: float, known: Mapping[str, Solution]) -> bool:
    """Whether a line that somebody shows against a statement is wrong, and is looked at."""
    said = _read(text)
    return said is not None and any(not fine and rng.random() < quality for fine in _lines_hold(said, problem, known))


def _read(text: str) -> Solution | None:
    try:
        return read_solution(text)
    except BrigadeError:
        return None


def _lines_hold(said: Solution, problem: str, known: Mapping[str, Solution]) -> list[bool]:
    """Line by line, whether it is worked out correctly, from numbers that the problem tells."""
    if problem in known:
        return list(map(worked_out, said.rows))
    told = {read_number(word.strip("?!")) for word in problem.split()}
    return [row.holds and row.amount in told for row in said.rows]


def _comes_out(said: Solution, problem: str, known: Mapping[str, Solution]) -> list[bool]:
    """Whether the lines come to the answer."""
    if problem in known:
        return [said.answer in {row.after for row in said.rows}]
    return [not said.rows or said.answer == said.rows[-1].after, bool(said.rows) or said.answer is None]


def _is_whole(said: Solution) -> bool:
    """Whether every line but the first goes on from the one before."""
    return all(row.before == last.after for last, row in pairwise(said.rows))
